"""Online encoder update: the numbers of one picture improved by gradient steps through the decoder.

The encoder's networks give numbers that are good for pictures at large; a few steps of descent on this
picture's own bits and squared error give better ones, and the decoder does not know (Campos et al., "Content
adaptive optimization for neural image compression", 2019; Lu et al., 2020, and LRVC for video). What is
updated here is the latents, not the weights of the encoder: it is less work for each step.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ..learned.quality import lagrangian
from .model import Coded

__all__ = ["improved"]

_RATE = 0.006  # quantiser steps squared for each bit; halved where a step leads up


def improved(
    code: Callable[[Tensor], Coded], start: Tensor, picture: Tensor, log_step: float, steps: int
) -> Tensor:
    """The wanted latents of least cost that `steps` steps find.

    code: latents to the picture that they give and its bits, differentiable. start: latents in quantiser
    steps. picture: (1, 3, height, width), samples 0 to 1.
    """
    worth = lagrangian(2**log_step)
    best, least, rate = start, float("inf"), _RATE
    downhill = torch.zeros_like(start)
    with torch.enable_grad():
        for step in range(steps + 1):
            tried = (best - rate * downhill).detach().requires_grad_(True)
            coded = code(tried)
            error = (coded.reference.picture - picture).square().sum() * 255**2
            cost = coded.bits.sum() + error / worth
            if float(cost.detach()) < least:
                least, best = float(cost.detach()), tried.detach()
                if step < steps:
                    (downhill,) = torch.autograd.grad(cost, tried)
            else:
                rate /= 2
    return best
