"""Large pictures band by band, so that the memory of the networks is bounded.

The networks of the free half see a few samples around each place. A band is computed with more rows above
and below than that and cut: what comes out is, but for rounding, what the whole picture at once gives, so
there are no seams and a stream does not know of bands.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .basis import BLOCK

__all__ = ["in_bands", "rows"]

_PIXELS = 1 << 21  # of a band
_AROUND = 4  # rows of latents; of the texture's networks analysis, the widest, sees two and a half


def rows(values: Tensor, high: int, low: int, end: int) -> Tensor:
    """Rows `low` to `end` of the `high` ones of the latents' grid, of values of any multiple of it."""
    scale = values.shape[2] // high
    return values[:, :, low * scale : end * scale]


def in_bands(
    high: int,
    wide: int,
    run: Callable[[int, int], tuple[Tensor, ...]],
    pixels: int = _PIXELS,
    around: int = _AROUND,
) -> tuple[Tensor, ...]:
    """What run(0, high) gives, put together from bands of about so many pixels.

    high, wide: of the latents' grid. run: first row and the one after the last to tensors of these rows.
    around: rows of the grid that the networks see above and below a place.
    """
    band = max(around, pixels // (BLOCK * BLOCK * wide))
    if band >= high:
        return run(0, high)
    parts = []
    for first in range(0, high, band):
        low, end = max(0, first - around), min(high, first + band + around)
        found = run(low, end)
        kept = first - low, min(first + band, high) - low
        parts.append([rows(one, end - low, *kept) for one in found])
    return tuple(torch.cat(list(part), 2) for part in zip(*parts, strict=True))
