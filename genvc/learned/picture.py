"""The networks of one kind of picture: samples to latents given a prediction, and back.

Conditional residual coding: what is coded is the picture less its prediction, transformed, and both ends
also see the prediction and its features (Li et al., DCVC, 2021; Brand et al., conditional residual coding,
2022). The transform starts as a block DCT and the networks beside it start at zero, so training begins at a
working codec; the decoder is light and the encoder heavier, as in LRVC.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .basis import CHROMA, LUMA, blocks, pictures, spread, transform
from .probability import Latents

__all__ = ["CHANNELS", "WIDTH", "Context", "PictureCoder", "Residual", "exactly", "plane", "zero"]

CHANNELS = LUMA + 2 * CHROMA
WIDTH = 64  # features at a quarter of the resolution
RANGE = 255.0


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a picture before it is decoded, for pictures of (n, 3, height, width).

    picture: the prediction, samples 0 to 1. features: (n, 64, height / 4, width / 4).
    """

    picture: Tensor
    features: Tensor


class Residual(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = x + self.two(nn.functional.leaky_relu(self.one(x), 0.125))
        return found


class PictureCoder(nn.Module):
    """Analysis, synthesis and probabilities for intra pictures, or for predicted ones.

    predicted: whether there is a context; an intra picture is predicted as mid-grey. state, condition:
    of the probabilities. without: see predictive.model.PARTS.
    """

    def __init__(self, predicted: bool, state: int, condition: int, without: Collection[str] = ()) -> None:
        super().__init__()
        self.predicted = predicted
        basis = transform()
        self.forward_transform = nn.Parameter(basis.clone())
        self.inverse_transform = nn.Parameter(basis.t().contiguous())
        # log2 of each channel's step relative to the quality's: a constant and a slope
        self.step_offset = nn.Parameter(torch.zeros(CHANNELS))
        self.step_slope = nn.Parameter(torch.zeros(CHANNELS))
        inputs = 48 * 2 + WIDTH if predicted else 48
        self.analysis = nn.Sequential(
            nn.Conv2d(inputs + 1, WIDTH, 3, padding=1),
            nn.LeakyReLU(0.125),
            Residual(WIDTH),
            nn.Conv2d(WIDTH, 128, 3, 2, padding=1),
            nn.LeakyReLU(0.125),
            Residual(128),
            nn.Conv2d(128, CHANNELS, 3, 2, padding=1),
        )
        zero(self.analysis[-1])
        self.latents_in = nn.Conv2d(CHANNELS + 1, 128, 3, padding=1)
        self.up = nn.Conv2d(128, 4 * WIDTH, 1)
        self.up2 = nn.Conv2d(WIDTH, 4 * 32, 1)
        self.merge = nn.Conv2d(48 + 32 + (WIDTH if predicted else 0), WIDTH, 3, padding=1)
        self.refine = nn.Sequential(Residual(WIDTH), Residual(WIDTH))
        self.last = nn.Conv2d(WIDTH, 48, 3, padding=1)
        zero(self.last)
        spread_ = spread() - (1.5 if predicted else 0.0)
        thrift = 0.03 if predicted else 0.02
        self.latents = Latents(CHANNELS, 32, state, condition, spread_, thrift, without)

    def steps(self, log_step: float | Tensor) -> Tensor:
        """(n or 1, channels, 1, 1): the quantiser step of each channel, for samples of 0 to 255."""
        base = torch.as_tensor(log_step, dtype=torch.float32, device=self.step_offset.device).reshape(-1, 1)
        log = base + self.step_offset + self.step_slope * (base - 5) / 2
        return torch.exp2(log)[:, :, None, None]

    def coefficients(self, difference: Tensor, log_step: float | Tensor) -> Tensor:
        """Of the block transform, in quantiser steps; difference: (n, 3, 16 h, 16 w), samples of 0 to 1."""
        return exactly(blocks(difference * RANGE), self.forward_transform) / self.steps(log_step)

    def encode(self, picture: Tensor, context: Context | None, log_step: float | Tensor) -> Tensor:
        """Latents in quantiser steps, not rounded; picture: (n, 3, 16 h, 16 w), samples 0 to 1."""
        base = 0.5 if context is None else context.picture
        seen = [nn.functional.pixel_unshuffle(picture, 4) - 0.5]
        if context is not None:
            seen += [nn.functional.pixel_unshuffle(picture - context.picture, 4), context.features]
        seen.append(plane(seen[0], log_step))
        found: Tensor = self.coefficients(picture - base, log_step) + self.analysis(torch.cat(seen, 1))
        return found

    def decode(
        self, latents: Tensor, context: Context | None, log_step: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        """The picture (n, 3, 16 h, 16 w), not clipped, and its features; latents: in quantiser steps."""
        scaled = latents * self.steps(log_step)
        base = 0.5 if context is None else context.picture
        rough = pictures(exactly(scaled, self.inverse_transform)) / RANGE + base
        x = self.latents_in(torch.cat([latents / self.latents.shift, plane(latents, log_step)], 1))
        x = nn.functional.pixel_shuffle(self.up(nn.functional.leaky_relu(x, 0.125)), 2)
        x = nn.functional.pixel_shuffle(self.up2(nn.functional.leaky_relu(x, 0.125)), 2)
        known = [x, nn.functional.pixel_unshuffle(rough, 4) - 0.5]
        if context is not None:
            known.append(context.features)
        features = self.refine(nn.functional.leaky_relu(self.merge(torch.cat(known, 1)), 0.125))
        return rough + nn.functional.pixel_shuffle(self.last(features), 4), features


def exactly(samples: Tensor, matrix: Tensor) -> Tensor:
    """The matrix (c, k) times each place's channels: (n, k, h, w) to (n, c, h, w).

    In float32 under autocast too: samples need 12 bits.
    """
    with torch.autocast(samples.device.type, enabled=False):
        found: Tensor = nn.functional.conv2d(samples.float(), matrix[:, :, None, None])
    return found


def plane(like: Tensor, log_step: float | Tensor) -> Tensor:
    """The quality as one more channel: (n, 1, h, w) of its own value everywhere, for `like` (n, ., h, w)."""
    value = (torch.as_tensor(log_step, dtype=like.dtype, device=like.device).reshape(-1, 1, 1, 1) - 5) / 2
    return value.expand(like.shape[0], 1, *like.shape[2:])


def zero(layer: nn.Module) -> None:
    """Weights of 0: a layer that adds nothing until it is trained."""
    assert isinstance(layer, nn.Conv2d)
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
