"""What a codec costs: its parameters, and the multiplications it makes for a pixel."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from genvc.types import Frame

__all__ = ["Counted", "parameters"]

_DEEP = 4


def parameters(codec: Any) -> int:
    """Weights in the PyTorch modules that the codec object holds, each counted once."""
    found: dict[int, int] = {}
    _walk(codec, found, set(), _DEEP)
    return sum(found.values())


def _walk(value: Any, found: dict[int, int], seen: set[int], deep: int) -> None:
    if id(value) in seen or deep < 0:
        return
    seen.add(id(value))
    if isinstance(value, torch.nn.Module):
        found.update((id(weights), weights.numel()) for weights in value.parameters())
    elif isinstance(value, Mapping):
        for item in value.values():
            _walk(item, found, seen, deep - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _walk(item, found, seen, deep - 1)
    elif not isinstance(value, str | bytes | int | float | torch.Tensor):
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        for name in names:
            _walk(getattr(value, name, None), found, seen, deep - 1)


class Counted:
    """Frames on their way out of a decoder, and the multiply-accumulates it makes for them.

    Counted are PyTorch's convolutions and matrix products. Warping, pointwise work and code outside
    PyTorch are not, so 0 means "none of that kind".
    """

    def __init__(self, frames: Iterator[Frame], pixels: int) -> None:
        """pixels: of one frame."""
        self._frames = iter(frames)
        self._pixels = pixels
        self._flops = 0
        self._count = 0

    def __iter__(self) -> "Counted":
        return self

    def __next__(self) -> Frame:
        with FlopCounterMode(display=False) as counter:
            frame = next(self._frames)
        self._flops += counter.get_total_flops()
        self._count += 1
        return frame

    def kmacs_per_pixel(self) -> float:
        """Thousands of multiply-accumulates for each pixel of each frame so far."""
        return self._flops / 2 / max(1, self._pixels * self._count) / 1000
