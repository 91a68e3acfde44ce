"""Motion between pictures: measured, coded as latents, and used to warp.

Measured by OpenCV's dense inverse search and kept where it predicts better than no motion; transformed by a
network that starts as a 4x4 DCT of the flow at a quarter of the resolution, and coded like pictures. The
field may be refined by the decoder at the scale of features (LSTVC's flow-guided compensation over scales).
"""

import math
from collections.abc import Collection, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..learned.picture import RANGE, WIDTH, Context, Residual, exactly, plane, zero
from ..learned.probability import Latents
from ..learned.quality import lagrangian
from ..types import Picture

__all__ = ["MOTION_CHANNELS", "Motion", "measure", "warp"]

MOTION_CHANNELS = 32
_MOVING_BITS = 20  # what motion is taken to cost for each block of 16x16 samples that moves
_AROUND = 7  # places of the flow, four samples each, over which predictions are compared


def measure(picture: Picture, shown: Picture, source: Picture, worth: float) -> npt.NDArray[np.float32]:
    """(2, height / 4, width / 4): where each sample comes from in a reference, in samples, x then y.

    shown: the reference as the decoder has it, which is what the flow must fit. source: the same before it
    was coded: of a coarse picture the search finds what coding did and takes it for motion. worth: squared
    error that a bit is worth.

    At every place the best of both searches and of no motion, by the error of the prediction around it.
    """
    still = np.zeros((2, picture.shape[0] // 4, picture.shape[1] // 4), np.float32)
    found = [_search(picture, shown), _search(picture, source)]
    moving = [_error(picture, shown, flow) + _MOVING_BITS * worth / 256 for flow in found]
    best = np.argmin(np.stack([_error(picture, shown, still), *moving]), 0)
    chosen: npt.NDArray[np.float32] = np.choose(np.broadcast_to(best, still.shape), [still, *found])
    return chosen


def _error(picture: Picture, reference: Picture, flow: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(height / 4, width / 4): squared error of the prediction, a sample's, mean around each place."""
    high, wide = picture.shape[:2]
    fine = cv2.resize(flow.transpose(1, 2, 0), (wide, high), interpolation=cv2.INTER_LINEAR)
    x = fine[..., 0] + np.arange(wide, dtype=np.float32)
    y = fine[..., 1] + np.arange(high, dtype=np.float32)[:, None]
    moved = cv2.remap(reference, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = np.square(moved.astype(np.float32) - picture).sum(2)
    small = cv2.resize(error, (wide // 4, high // 4), interpolation=cv2.INTER_AREA)
    around: npt.NDArray[np.float32] = cv2.blur(small, (_AROUND, _AROUND))
    return around


def _search(picture: Picture, reference: Picture) -> npt.NDArray[np.float32]:
    # a search of its own each time: calc() on a small picture changes the object's finest scale for good
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]
    grey = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in (picture, reference)]
    flow = search.calc(grey[0], grey[1], None)
    high, wide = flow.shape[0] // 4, flow.shape[1] // 4
    small = flow[: high * 4, : wide * 4].reshape(high, 4, wide, 4, 2).mean((1, 3))
    return np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32)


def warp(picture: Tensor, flow: Tensor, top: int = 0) -> Tensor:
    """The picture's samples from where the flow (n, 2, height, width; in samples) says, edges repeated.

    Between samples of colours by cubic convolution: a chain of bilinear ones blurs. Of features bilinear.

    top: the picture's row that the flow's first one is for.
    """
    high, wide = picture.shape[2:]
    y = torch.arange(top, top + flow.shape[2], device=flow.device, dtype=torch.float32)[:, None]
    x = torch.arange(wide, device=flow.device, dtype=torch.float32)
    flow = flow.float()
    place = torch.stack([(x + flow[:, 0] + 0.5) * (2 / wide) - 1, (y + flow[:, 1] + 0.5) * (2 / high) - 1], 3)
    mode = "bicubic" if picture.shape[1] == 3 else "bilinear"
    found: Tensor = nn.functional.grid_sample(
        picture.float(), place, mode, padding_mode="border", align_corners=False
    )
    return found


class Motion(nn.Module):
    """Flow to latents and back, and the context that a reference and a flow give."""

    def __init__(self, state: int, without: Collection[str] = ()) -> None:
        """without: see model.PARTS."""
        super().__init__()
        self.scales = "scales" not in without
        basis = _transform()
        self.forward_transform = nn.Parameter(basis.clone())
        self.inverse_transform = nn.Parameter(basis.t().contiguous())
        self.step_offset = nn.Parameter(torch.zeros(MOTION_CHANNELS))
        self.step_slope = nn.Parameter(torch.zeros(MOTION_CHANNELS))
        self.analysis = nn.Sequential(
            nn.Conv2d(2 + 96 + 1, WIDTH, 3, padding=1),
            nn.LeakyReLU(0.125),
            nn.Conv2d(WIDTH, WIDTH, 3, 2, padding=1),
            nn.LeakyReLU(0.125),
            nn.Conv2d(WIDTH, MOTION_CHANNELS, 3, 2, padding=1),
        )
        zero(self.analysis[-1])
        self.synthesis = nn.Sequential(
            nn.Conv2d(MOTION_CHANNELS, WIDTH, 3, padding=1), nn.LeakyReLU(0.125), nn.Conv2d(WIDTH, 32, 1)
        )
        zero(self.synthesis[-1])
        self.merge = nn.Conv2d(WIDTH + 2 + 1, WIDTH, 3, padding=1)
        self.shown = nn.Conv2d(48, WIDTH, 1)
        self.coarse = nn.Conv2d(WIDTH, WIDTH, 1)
        self.refine = Residual(WIDTH)
        self.last = nn.Conv2d(WIDTH, 48, 1)
        self.between = nn.Sequential(
            nn.Conv2d(2 * WIDTH + 48 + 1, WIDTH, 3, padding=1),
            nn.LeakyReLU(0.125),
            nn.Conv2d(WIDTH, WIDTH + 16, 3, padding=1),
        )
        for layer in (self.coarse, self.last, self.between[-1]):
            zero(layer)
        self.latents = Latents(MOTION_CHANNELS, 16, state, 0, _spread(), 0.2, without)

    def steps(self, log_step: float | Tensor) -> Tensor:
        """(n or 1, channels, 1, 1): of the flow's coefficients, in samples; coarser when pictures are."""
        base = torch.as_tensor(log_step, dtype=torch.float32, device=self.step_offset.device).reshape(-1, 1)
        log = (base - 5) / 2 + 1 + self.step_offset + self.step_slope * (base - 5) / 2
        return torch.exp2(log)[:, :, None, None]

    def encode(self, flow: Tensor, picture: Tensor, reference: Tensor, log_step: float | Tensor) -> Tensor:
        """Latents in quantiser steps. flow: (n, 2, 4 h, 4 w) in samples; pictures: (n, 3, 16 h, 16 w).

        The flow to a later picture is coded with its sign turned: steady motion then looks as it does in a
        chain of predicted pictures.
        """
        latents = exactly(nn.functional.pixel_unshuffle(flow, 4), self.forward_transform)
        seen = [flow / 8, *(nn.functional.pixel_unshuffle(rgb, 4) - 0.5 for rgb in (picture, reference))]
        more = self.analysis(torch.cat([*seen, plane(flow, log_step)], 1))
        found: Tensor = latents / self.steps(log_step) + more
        return found

    def worth(self, picture: Tensor, log_step: float, share: float) -> Tensor:
        """(n, 32, h, w): bits that an error of one step of each latent is worth, squared.

        share: of an error of motion, what the picture's own latents do not mend.

        A flow that is wrong by d samples shifts the picture: its squared error grows by d^2 times the energy
        of its slopes there. In flat places motion is worth little, whatever was measured.
        """
        grey = picture * RANGE
        down = nn.functional.pad(grey[:, :, 2:] - grey[:, :, :-2], (0, 0, 1, 1)) / 2
        across = nn.functional.pad(grey[..., 2:] - grey[..., :-2], (1, 1)) / 2
        energy = torch.stack([slope.square().sum(1) for slope in (across, down)], 1)
        # of the 4x4 samples of each place of the flow, then of the 4x4 places of each latent
        summed = nn.functional.avg_pool2d(energy, 4) * 16
        shares = self.inverse_transform.t().square()[:, :, None, None]
        spread_ = nn.functional.conv2d(nn.functional.pixel_unshuffle(summed, 4), shares)
        return share * spread_ * self.steps(log_step).square() / lagrangian(2**log_step)

    def decode(self, latents: Tensor, log_step: float | Tensor) -> Tensor:
        """The flow (n, 2, 4 h, 4 w) in samples."""
        scaled = latents * self.steps(log_step)
        rough = exactly(scaled, self.inverse_transform)
        return nn.functional.pixel_shuffle(rough + self.synthesis(scaled / 4), 4)

    def compensate(
        self, flow: Tensor, picture: Tensor, features: Tensor, log_step: float | Tensor, top: int = 0
    ) -> Context:
        """The prediction from a reference picture and its features, warped at three scales.

        top: the features' row that the flow's first one is for, even.
        """
        fine = nn.functional.interpolate(flow.float(), scale_factor=4, mode="bilinear", align_corners=False)
        moved = warp(picture, fine, 4 * top)
        carried = warp(features, flow.float() / 4, top)
        seen = torch.cat([carried, flow / 8, plane(flow, log_step)], 1)
        x = self.merge(seen) + self.shown(nn.functional.pixel_unshuffle(moved, 4) - 0.5)
        if self.scales:
            small = nn.functional.avg_pool2d(flow.float(), 2) / 8
            halved = warp(nn.functional.avg_pool2d(features, 2), small, top // 2)
            x = x + self.coarse(halved).repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = self.refine(nn.functional.leaky_relu(x, 0.125))
        return Context(moved + nn.functional.pixel_shuffle(self.last(x), 4), x)

    def joined(self, contexts: Sequence[Context], log_step: float | Tensor) -> Context:
        """The prediction from that of one reference or of two: at every place a share of each."""
        if len(contexts) == 1:
            return contexts[0]
        one, other = contexts
        apart = nn.functional.pixel_unshuffle(one.picture - other.picture, 4)
        seen = torch.cat([one.features, other.features, apart, plane(one.features, log_step)], 1)
        found = self.between(seen)
        features = (one.features + other.features) / 2 + found[:, :WIDTH]
        share = torch.sigmoid(nn.functional.pixel_shuffle(found[:, WIDTH:], 4))
        return Context(other.picture + share * (one.picture - other.picture), features)


def _transform() -> Tensor:
    """(32, 32): a 4x4 DCT of both components, lowest frequencies of both first."""
    k, x = np.arange(4)[:, None], np.arange(4)[None]
    line = np.cos(np.pi * (x + 0.5) * k / 4) * np.sqrt(2 / 4)
    line[0] /= math.sqrt(2)
    order = sorted(((v, u) for v in range(4) for u in range(4)), key=lambda p: (p[0] ** 2 + p[1] ** 2, p[0]))
    rows = []
    for v, u in order:
        plane_ = np.outer(line[v], line[u]).ravel()
        for part in range(2):
            rows.append(np.concatenate([plane_ if part == own else 0 * plane_ for own in range(2)]))
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def _spread() -> Tensor:
    frequency = np.hypot(*np.array(sorted(np.ndindex(4, 4), key=lambda p: (p[0] ** 2 + p[1] ** 2, p[0]))).T)
    # latents' spread is relative to the pictures' step; flow has a step of its own
    both = np.repeat(np.log2(12 / (1 + frequency) ** 1.5) + 5 - 1, 2)
    return torch.from_numpy(both.astype(np.float32))
