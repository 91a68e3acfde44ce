"""Latents as training sees them: rounded step by step, gradients passed straight through, bits estimated."""

import torch
from torch import Tensor

from .coding import kept
from .probability import LEAST_CODED, Latents, bits_of, level_of, thrifty

__all__ = ["through"]


def through(
    model: Latents,
    wanted: Tensor,
    state: Tensor | None,
    condition: Tensor | None,
    log_step: Tensor,
    as_coded: bool = False,
    skipped: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Latents rounded step by step and their bits, with gradients passed straight through the rounding.

    Noise in place of rounding, as is usual, makes a latent that is always 0 cost a tenth of a bit and more:
    at the rates of interest here that is most of the estimate.

    wanted: in quantiser steps. as_coded: leave out what is not coded, as a stream does; scales then get no
    gradient from what that costs, so training does not. skipped: (high, wide), blocks whose latents are at
    their means and cost nothing; None for none. Returns the rounded latents and (n,) bits.
    """
    with torch.autocast(wanted.device.type, enabled=False):
        steps = log_step.reshape(-1, 1, 1, 1)
        return _through(model, wanted.float(), state, condition, steps, as_coded, skipped)


def _through(
    model: Latents,
    wanted: Tensor,
    state: Tensor | None,
    condition: Tensor | None,
    log_step: Tensor,
    as_coded: bool,
    skipped: Tensor | None,
) -> tuple[Tensor, Tensor]:
    high, wide = wanted.shape[2:]
    order = model.order(high, wide, wanted.device)
    side = model.side_of(wanted, log_step)
    side_scale = model.side_log_scale().expand_as(side)
    side = side + (torch.round(side) - side).detach()
    if skipped is None:
        skipped = torch.zeros((high, wide), dtype=torch.bool, device=wanted.device)
    free, sent = ~skipped, kept(skipped)
    side = side * sent
    bits = (bits_of(side, side_scale) * sent).sum((1, 2, 3))
    shared = model.start(side, state, condition, log_step, (high, wide))
    known, means, scales = (torch.zeros_like(wanted) for _ in range(3))
    for step in range(model.steps):
        mine = order == step
        mean, log_scale = model.step(shared, known, log_step)
        rest = wanted - mean
        whole = thrifty(rest.detach(), log_scale.detach(), model.thrift)
        whole = whole * free
        if as_coded:
            whole = torch.where(level_of(log_scale) < LEAST_CODED, 0, whole)
        # Gradients reach what is wanted only where rounding is fair. A number held at 0 is always short of
        # what is wanted: passing that on would teach the analysis to ask for more, against its own thrift.
        fair = (whole != 0) & (whole == torch.round(rest))
        rounded = torch.where(fair, wanted + (mean + whole - wanted).detach(), mean + whole)
        known = torch.where(mine, rounded, known)
        means = torch.where(mine, mean, means)
        scales = torch.where(mine, log_scale, scales)
    bits = bits + (bits_of(known - means, scales) * free).sum((1, 2, 3))
    return known, bits
