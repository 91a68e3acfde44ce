"""Latents as bytes, and back: the exact half of the codec.

The rest of a latent, less its mean, is a whole number that is coded with the table of its scale; the
decoder, which knows mean and scale, needs nothing else. Latents whose scale says that they are almost
surely at their mean are not coded (AlphaVC's entropy as_coded).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..entropy import MAX_INTEGER, SymbolDecoder, SymbolEncoder, Tables
from .probability import LEAST_CODED, Latents, cheapest, level_of, thrifty

__all__ = ["kept", "read", "write", "write_cheapest"]


def kept(skipped: Tensor) -> Tensor:
    """(high / 4, wide / 4), rounded up: which side latents are coded, those with a block that is not skipped.

    skipped: (high, wide).
    """
    free = (~skipped)[None, None].float()
    found: Tensor = nn.functional.max_pool2d(free, 4, ceil_mode=True)[0, 0] > 0
    return found


def write_cheapest(
    coder: SymbolEncoder,
    exact: Latents,
    tables: Tables,
    wanted: Tensor,
    sides: Sequence[Tensor],
    state: Tensor | None,
    condition: Tensor | None,
    log_step: float,
    worth: Tensor,
    skipped: Tensor,
) -> Tensor:
    """write() with those of the side latents that cost least: bits, and errors times worth."""
    costs = []
    for side in sides:
        alone = SymbolEncoder()
        made = write(alone, exact, tables, wanted, side, state, condition, log_step, worth, skipped)
        error = (worth * (wanted - made).square() * ~skipped).sum().item()
        costs.append(8 * len(alone.finish()) + error)
    chosen = sides[costs.index(min(costs))]
    return write(coder, exact, tables, wanted, chosen, state, condition, log_step, worth, skipped)


def write(
    coder: SymbolEncoder,
    exact: Latents,
    tables: Tables,
    wanted: Tensor,
    side: Tensor,
    state: Tensor | None,
    condition: Tensor | None,
    log_step: float,
    worth: Tensor | None = None,
    skipped: Tensor | None = None,
    thrift: float | None = None,
) -> Tensor:
    """Code latents near the wanted ones; returns them, float64, as read() does.

    wanted: (1, channels, high, wide), in quantiser steps. side: (1, side channels, high / 4, wide / 4),
    rounded up. exact: an exact_copy(). worth: bits that an error of one step is worth, squared, for each
    latent; None where a step is worth the same everywhere. skipped: (high, wide), blocks whose latents are at
    their means and not coded; None for none. thrift: see probability.thrifty(), None for the model's own.
    """
    thrift = exact.thrift if thrift is None else thrift
    size = (wanted.shape[2], wanted.shape[3])
    if skipped is None:
        skipped = torch.zeros(size, dtype=torch.bool)
    mine = kept(skipped).expand(side.shape)
    side = torch.where(mine, side.double().round().clamp(-MAX_INTEGER, MAX_INTEGER), 0)
    coder.put_array(_numbers(side[mine]), _side_levels(exact, mine), tables)
    wanted = wanted.double()

    def code(mean: Tensor, log_scale: Tensor, level: Tensor, coded: Tensor) -> Tensor:
        if worth is None:
            nearest = thrifty(wanted - mean, log_scale, thrift)
        else:
            nearest = cheapest(wanted - mean, log_scale, worth)
        rest = nearest[coded].clamp(-MAX_INTEGER, MAX_INTEGER)
        coder.put_array(_numbers(rest), level[coded].numpy(), tables)
        return rest

    return _stepwise(exact, side, size, state, condition, log_step, skipped, code)


def read(
    coder: SymbolDecoder,
    exact: Latents,
    tables: Tables,
    size: tuple[int, int],
    state: Tensor | None,
    condition: Tensor | None,
    log_step: float,
    skipped: Tensor | None = None,
) -> Tensor:
    """The latents that write() coded, (1, channels, high, wide) float64; size: (high, wide)."""
    if skipped is None:
        skipped = torch.zeros(size, dtype=torch.bool)
    mine = kept(skipped).expand(1, exact.side, -1, -1)
    side = torch.zeros(mine.shape, dtype=torch.float64)
    numbers = coder.get_array(_side_levels(exact, mine), tables)
    side[mine] = torch.from_numpy(numbers.astype(np.float64))

    def code(mean: Tensor, log_scale: Tensor, level: Tensor, coded: Tensor) -> Tensor:
        return torch.from_numpy(coder.get_array(level[coded].numpy(), tables).astype(np.float64))

    return _stepwise(exact, side, size, state, condition, log_step, skipped, code)


def _stepwise(
    exact: Latents,
    side: Tensor,
    size: tuple[int, int],
    state: Tensor | None,
    condition: Tensor | None,
    log_step: float,
    skipped: Tensor,
    code: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
) -> Tensor:
    """The latents, step by step; code: mean, log2 of the scale and table of each, and the mask of those that
    are coded now, to their whole numbers.
    """
    shared = exact.start(side.clamp(-127, 127), state, condition, log_step, size)
    order = exact.order(*size)[None]
    known = torch.zeros((1, exact.channels, *size), dtype=torch.float64)
    for step in range(exact.steps):
        mean, log_scale = exact.step(shared, known, log_step)
        level = level_of(log_scale)
        mine = order == step
        coded = mine & ~skipped & (level >= LEAST_CODED)
        rest = torch.zeros_like(known)
        rest[coded] = code(mean, log_scale, level, coded)
        known = torch.where(mine, mean + rest, known)
    return known


def _numbers(values: Tensor) -> Any:
    return values.numpy().astype(np.int32)


def _side_levels(exact: Latents, mine: Tensor) -> Any:
    return level_of(exact.side_log_scale()).expand(mine.shape)[mine].numpy()
