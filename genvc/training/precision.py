"""In which arithmetic networks are trained: bfloat16 where the device is fast at it, else float32."""

import time
from functools import cache
from typing import Any

import torch
from torch import nn

__all__ = ["autocast", "fast_in_half"]

_TRIES = 5


def autocast(device: torch.device) -> Any:
    """A context in which convolutions run in bfloat16 on a device that is faster so (torch.autocast)."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast_in_half(device.type))


@cache
def fast_in_half(kind: str) -> bool:
    """Whether a convolution takes less time in bfloat16 than in float32; measured once (50 ms).

    Processors without instructions for bfloat16 emulate it, at a tenth of the speed of float32.
    """
    if kind != "cpu":
        return True
    layer = nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)
    picture = torch.zeros(1, 64, 32, 32).to(memory_format=torch.channels_last)
    return _seconds(layer.bfloat16(), picture.bfloat16()) < _seconds(layer.float(), picture)


@torch.no_grad()
def _seconds(layer: nn.Module, picture: torch.Tensor) -> float:
    """The least of some tries; the first ones also prepare the kernels."""
    found = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        layer(picture)
        found.append(time.perf_counter() - begun)
    return min(found)
