"""What probabilities the latents have: a hyperprior, a temporal prior and four steps of context.

The hyperprior is that of Balle et al. 2018; the four steps, each of which codes a quarter of the channels
at every place and sees what the steps before it coded, follow the parallel contexts of DCVC-DC (Li et
al. 2023); the state that is kept and updated from picture to picture is the temporal prior of LSTVC, here
made of integer latents alone. All of it is exact (exact.py): encoder and decoder, wherever they run,
choose the same tables.
"""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..entropy import Tables
from .exact import Exact, FixedConv, fixed, leak

__all__ = [
    "LEAST_CODED",
    "LEVELS",
    "STEPS",
    "Latents",
    "bits_of",
    "level_of",
    "levels_tables",
    "order_of",
    "thrifty",
]

STEPS = 4
LEVELS = 64
_PER_OCTAVE = 6
_LOWEST = -4.0  # log2 of the scale of level 0, in quantiser steps
LEAST_CODED = 4  # latents of levels below this one are not coded: they are zero 99.6 times in 100 and more
_TRIED = (0.25, 0.5, 0.75, 1.0)


def level_of(log_scale: Tensor) -> Tensor:
    """The table for a Laplace distribution of scale 2^log_scale."""
    return torch.floor((log_scale - _LOWEST) * _PER_OCTAVE + 0.5).clamp(0, LEVELS - 1).long()


def levels_tables() -> Tables:
    """A table for each level: a Laplace distribution over whole numbers, its tails in the escape."""
    rows, lengths, offsets = [], [], []
    for level in range(LEVELS):
        scale = 2 ** (_LOWEST + level / _PER_OCTAVE)
        reach = min(1000, max(1, math.ceil(scale * 9)))
        edges = np.arange(-reach, reach + 2) - 0.5
        below = np.where(edges < 0, 0.5 * np.exp(edges / scale), 1 - 0.5 * np.exp(-edges / scale))
        shares = np.append(np.diff(below), 2 * below[0])
        counts = np.maximum(1, np.floor(shares * (65536 - len(shares)))).astype(np.int64)
        counts[reach] += 65536 - counts.sum()
        rows.append(counts)
        lengths.append(len(counts))
        offsets.append(-reach)
    width = max(lengths)
    table = np.stack([np.pad(row, (0, width - len(row))) for row in rows])
    return Tables(table, np.array(lengths), np.array(offsets))


def bits_of(values: Tensor, log_scale: Tensor) -> Tensor:
    """What a value costs under a Laplace distribution of scale 2^log_scale, rounding to whole numbers."""
    scale = torch.exp2(log_scale.clamp(_LOWEST, _LOWEST + (LEVELS - 1) / _PER_OCTAVE))
    size = values.abs()
    # for |v| > 1/2 the mass is sinh(1/2b) exp(-|v|/b), which keeps its gradient far out
    inner = 1 - torch.exp(-0.5 / scale) * torch.cosh((size.clamp(max=0.5)) / scale)
    outer = -size / scale + torch.log(torch.sinh((0.5 / scale).clamp(max=30)).clamp_min(1e-9))
    nats = torch.where(size < 0.5, -torch.log(inner.clamp_min(1e-6)), -outer)
    return nats.clamp_min(0) / math.log(2)


def thrifty(wanted: Tensor, log_scale: Tensor, thrift: float) -> Tensor:
    """Whole numbers near the wanted ones: the lower of two where it saves bits that are worth its error.

    The rate-distortion optimised quantisation of H.264's and HEVC's encoders, latent by latent. thrift: how
    far beyond the middle, for each bit saved, a number is still rounded down.
    """
    size = wanted.abs()
    low = size.floor()
    saved = bits_of(low + 1, log_scale) - bits_of(low, log_scale)
    up = size - low > 0.5 + (thrift * saved).clamp(0, 0.45)
    return (low + up) * wanted.sign()


def cheapest(wanted: Tensor, log_scale: Tensor, worth: Tensor) -> Tensor:
    """Whole numbers from 0 to the wanted ones that cost least: worth * (wanted - number)^2 + bits."""
    size = wanted.abs()
    best, least = torch.zeros_like(size), worth * size.square() + bits_of(torch.zeros_like(size), log_scale)
    for share in _TRIED:
        tried = (share * size).round()
        cost = worth * (size - tried).square() + bits_of(tried, log_scale)
        best, least = torch.where(cost < least, tried, best), torch.minimum(cost, least)
    return best * wanted.sign()


def order_of(channels: int, high: int, wide: int, device: torch.device | None = None) -> Tensor:
    """(channels, high, wide): the step of four in which each latent is coded.

    Each place codes a quarter of its channels in each step, its diagonal neighbour the next quarter.
    """
    turn = torch.tensor([[0, 2], [3, 1]], device=device)
    place = turn.repeat((high + 1) // 2, (wide + 1) // 2)[:high, :wide]
    group = torch.arange(channels, device=device)[:, None, None] % STEPS
    found: Tensor = (place + group) % STEPS
    return found


class Latents(nn.Module):
    """The probabilities of `channels` latents at a place, from side latents, a state and a condition.

    side: channels of the side latents (at a quarter of the resolution). state: of the temporal prior,
    kept from picture to picture, 0 for none. condition: of integer latents of the same picture that are
    coded before. spread: (channels,) log2 of the latents' spread in the units of log_step. thrift: see
    thrifty(). without: "steps" for one step of context, "prior" for no temporal prior: for ablations.
    """

    shift: Tensor

    def __init__(
        self,
        channels: int,
        side: int,
        state: int,
        condition: int,
        spread: Tensor,
        thrift: float,
        without: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.steps = 1 if "steps" in without else STEPS
        self.remembers = "prior" not in without
        self.thrift = thrift
        width = 64
        self.channels, self.side, self.state_channels = channels, side, state
        self.analysis = nn.Sequential(
            nn.Conv2d(channels + 1, width, 3, padding=1),
            nn.LeakyReLU(0.125),
            nn.Conv2d(width, width, 3, 2, padding=1),
            nn.LeakyReLU(0.125),
            nn.Conv2d(width, side, 3, 2, padding=1),
        )
        self.side_up = Exact(FixedConv(side + 1, width, 3), FixedConv(width, 4 * width))
        self.side_up2 = FixedConv(width, width, 3)
        self.fuse = Exact(FixedConv(width + state + condition + 1, 2 * width), FixedConv(2 * width, width, 3))
        self.known = FixedConv(channels, width)
        self.context = Exact(FixedConv(width, width, 3), FixedConv(width, width))
        self.out = Exact(FixedConv(2 * width, 2 * width), FixedConv(2 * width, 2 * channels))
        if state:
            self.update = Exact(FixedConv(state + channels + 1, 2 * width), FixedConv(2 * width, state, 3))
        # latents enter and leave the networks divided by a power of two, so that a mean of 100 steps
        # needs no weight of 100
        self.register_buffer("shift", torch.exp2((spread - 5).round().clamp(0, 5))[:, None, None])
        self.log_spread = nn.Parameter(spread.clone())
        self.side_spread = nn.Parameter(torch.zeros(side))
        last = self.out[-1]
        assert isinstance(last, FixedConv)
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)

    def side_of(self, latents: Tensor, log_step: float | Tensor) -> Tensor:
        """The side latents before rounding. latents: in quantiser steps."""
        plane = self._plane(latents, log_step)
        found: Tensor = self.analysis(torch.cat([latents / self.shift, plane], 1))
        return found

    def side_log_scale(self) -> Tensor:
        """(side, 1, 1): log2 of the scale of the side latents, exact."""
        return self.side_spread[:, None, None]

    def start(
        self, side: Tensor, state: Tensor | None, condition: Tensor | None, log_step: Any, size: Any
    ) -> Tensor:
        """What all steps share. size: (high, wide) of the latents."""
        one = fixed(leak(self.side_up(torch.cat([side, self._plane(side, log_step)], 1))))
        two = nn.functional.pixel_shuffle(one, 2)
        three = fixed(leak(self.side_up2(two))).repeat_interleave(2, 2).repeat_interleave(2, 3)
        parts = [three[:, :, : size[0], : size[1]]]
        parts += [part for part in (state, condition) if part is not None]
        parts.append(self._plane(parts[0], log_step))
        shared: Tensor = self.fuse(torch.cat(parts, 1))
        return shared

    def step(self, shared: Tensor, known: Tensor, log_step: float | Tensor) -> tuple[Tensor, Tensor]:
        """Mean (multiples of 1/256 for exact inputs) and log2 of the scale of every latent.

        known: the latents that earlier steps coded, in quantiser steps, others 0.
        """
        seen = fixed(leak(self.known(fixed(known / self.shift))))
        context = fixed(leak(self.context(seen)))
        found = self.out(torch.cat([shared, context], 1))
        mean, log_scale = found.chunk(2, 1)
        return mean * self.shift, log_scale + self.log_spread[:, None, None] - log_step

    def order(self, high: int, wide: int, device: torch.device | None = None) -> Tensor:
        """(channels, high, wide): the step in which each latent is coded."""
        found = order_of(self.channels, high, wide, device)
        return found if self.steps > 1 else torch.zeros_like(found)

    def next_state(self, state: Tensor, latents: Tensor, log_step: float | Tensor) -> Tensor:
        """The temporal prior for the next picture; latents: all of this one's, in quantiser steps."""
        if not self.remembers:
            return torch.zeros_like(state)
        parts = [state, fixed(latents / self.shift), self._plane(latents, log_step)]
        found: Tensor = self.update(torch.cat(parts, 1))
        return found.clamp(-8, 8)

    def _plane(self, like: Tensor, log_step: float | Tensor) -> Tensor:
        if isinstance(log_step, Tensor) and log_step.ndim:
            return ((log_step - 5) / 2).expand(like.shape[0], 1, *like.shape[2:]).to(like)
        plane = like.new_full((like.shape[0], 1, *like.shape[2:]), 0.0)
        return plane + (log_step - 5) / 2
