"""Networks whose arithmetic is exact: the same numbers on every machine, thread count and library.

Values are fractions with 8 bits after the point, weights fractions with 12, both held in float64. Every
product and every sum then fits into the 53 bits of a float64, so no order of summation can change a
result, and a layer ends by rounding down to 8 bits again. It is the integer network of Balle, Johnston
and Minnen ("Integer networks for data compression with latent-variable models", 2019), in fixed point
with wide integers instead of trained 8-bit ones: nothing has to be trained for it.

The same layers run in float32 for training: a layer is exact when it is given float64.
"""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

__all__ = ["Exact", "FixedConv", "exact_copy", "fixed", "leak"]

POINT = 256.0  # values are multiples of 1 / POINT
WEIGHT_POINT = 4096.0
LIMIT = 128.0  # values stay within +-LIMIT

_Module = TypeVar("_Module", bound=nn.Module)


def fixed(values: Tensor) -> Tensor:
    """Rounded to multiples of 1/256 and held within +-128; float32 values are only held within."""
    values = values.clamp(-LIMIT, LIMIT)
    if values.dtype != torch.float64:
        return values
    return values.mul_(POINT).add_(0.5).floor_().div_(POINT)  # clamp() has made these values new ones


def leak(values: Tensor) -> Tensor:
    """Leaky ReLU of slope 1/8, exact for fixed-point values before their rounding."""
    return torch.maximum(values, values / 8)


class FixedConv(nn.Conv2d):
    """A convolution that is exact on float64: inputs are multiples of 1/256 within +-128.

    With fewer than 2^15 inputs a sum stays below 2^53 steps of 2^-20 while weights are within +-64.
    """

    def __init__(self, inputs: int, outputs: int, size: int = 1) -> None:
        super().__init__(inputs, outputs, size, padding=size // 2)

    def forward(self, input: Tensor) -> Tensor:
        """float32 as it is; float64 rounded to 1/256, held within +-128."""
        if input.dtype != torch.float64:
            return super().forward(input).clamp(-LIMIT, LIMIT)
        if self.weight.dtype != torch.float64:
            raise TypeError("exact inputs want exact weights: see exact_copy()")
        return fixed(super().forward(input))


class Exact(nn.Sequential):
    """Fixed convolutions with leaky ReLUs between them."""

    def __init__(self, *layers: FixedConv) -> None:
        super().__init__(*layers)

    def forward(self, input: Tensor) -> Tensor:
        """The last layer has no ReLU."""
        for number, layer in enumerate(self):
            input = layer(input)
            if number < len(self) - 1:
                input = fixed(leak(input))
        return input


def exact_copy(module: _Module) -> _Module:
    """The module on the CPU in float64, weights rounded to 1/4096 (convolutions) or 1/256 (the rest)."""
    made = copy.deepcopy(module).cpu().double().requires_grad_(False)
    for layer in made.modules():
        point = WEIGHT_POINT if isinstance(layer, FixedConv) else POINT
        for parameter in layer.parameters(recurse=False):
            parameter.copy_(torch.round(parameter.clamp(-64, 64) * point) / point)
    return made
