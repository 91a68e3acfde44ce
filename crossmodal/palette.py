"""A picture's colours as a small grid of integers, and that grid in a few bytes.

Each value is predicted from its neighbours above and to the left (the median edge detector of LOCO-I,
Weinberger et al., 2000), and what is left is coded with counts that learn, chosen by how much those
neighbours differ.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.errors import BadInput, CorruptStream
from genvc.types import Picture

from .representation import Palette, fitted

__all__ = ["SIDES", "STEPS", "colours", "get", "measured", "put"]

SIDES: Final = (4, 6, 8, 12, 16, 24, 32, 40)
"""Cells along the picture's long side, by level."""
STEPS: Final = ((6, 8), (10, 12), (16, 18), (24, 24))
"""Steps of luma and of chroma, in 8-bit levels."""

_LEVEL_BITS: Final = 3
_STEP_BITS: Final = 2
_CONTEXTS: Final = 3
_REACH: Final = 10
_MOST: Final = 255


def measured(rgb: Picture, level: int, step: int) -> Palette:
    """The mean colours of a picture's cells."""
    import cv2

    rows, columns = fitted(rgb.shape[1], rgb.shape[0], SIDES[level])
    means = cv2.resize(rgb.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    means = means.reshape(rows, columns, 3)
    red, green, blue = means[..., 0], means[..., 1], means[..., 2]
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = np.stack([luma, (blue - luma) / 1.772, (red - luma) / 1.402], 2)
    return Palette(level, step, np.rint(planes / _steps(step)).astype(np.int64))


def colours(palette: Palette) -> npt.NDArray[np.float32]:
    """The grid's colours: (rows, columns, 3), RGB from 0 to 255, not rounded."""
    luma, blue, red = np.moveaxis(palette.values * _steps(palette.step), 2, 0)
    r, b = luma + 1.402 * red, luma + 1.772 * blue
    g = (luma - 0.299 * r - 0.114 * b) / 0.587
    return np.asarray(np.clip(np.stack([r, g, b], 2), 0, 255), dtype=np.float32)


def put(encoder: SymbolEncoder, palette: Palette) -> None:
    """Write a palette whose shape the picture's size and the level give; BadInput for values out of range."""
    encoder.put_bits(palette.level, _LEVEL_BITS)
    encoder.put_bits(palette.step, _STEP_BITS)
    values = palette.values
    if np.abs(values).max() > _MOST:
        raise BadInput("a colour of the palette is beyond 8 bits")
    models = _models()
    for plane in range(3):
        for row in range(values.shape[0]):
            for column in range(values.shape[1]):
                guess, context = _expected(values[..., plane], row, column, palette.step, plane)
                encoder.put_integer(int(values[row, column, plane]) - guess, models[plane > 0][context])


def get(decoder: SymbolDecoder, width: int, height: int) -> Palette:
    """The mirror of put, for a picture of that size; raises CorruptStream."""
    level = decoder.get_bits(_LEVEL_BITS)
    step = decoder.get_bits(_STEP_BITS)
    values = np.zeros((*fitted(width, height, SIDES[level]), 3), np.int64)
    models = _models()
    for plane in range(3):
        for row in range(values.shape[0]):
            for column in range(values.shape[1]):
                guess, context = _expected(values[..., plane], row, column, step, plane)
                value = guess + decoder.get_integer(models[plane > 0][context])
                if abs(value) > _MOST:
                    raise CorruptStream("a colour of the palette is beyond 8 bits")
                values[row, column, plane] = value
    return Palette(level, step, values)


def _steps(step: int) -> npt.NDArray[np.float64]:
    luma, chroma = STEPS[step]
    return np.array([luma, chroma, chroma], np.float64)


def _expected(plane: npt.NDArray[np.int64], row: int, column: int, step: int, number: int) -> tuple[int, int]:
    """What a value is guessed to be from those before it, and which counts fit."""
    if row == 0 and column == 0:
        return (128 // STEPS[step][0] if number == 0 else 0), 2
    if row == 0 or column == 0:
        near = int(plane[row, column - 1]) if row == 0 else int(plane[row - 1, column])
        return near, 1
    left, above = int(plane[row, column - 1]), int(plane[row - 1, column])
    corner = int(plane[row - 1, column - 1])
    spread = abs(left - corner) + abs(above - corner)
    if corner >= max(left, above):
        guess = min(left, above)
    elif corner <= min(left, above):
        guess = max(left, above)
    else:
        guess = left + above - corner
    return guess, min(spread // 2, _CONTEXTS - 1)


def _models() -> list[list[AdaptiveModel]]:
    """Fresh counts by kind of plane (luma, chroma) and context."""
    return [[AdaptiveModel(_start(plane, context), 12, 2048) for context in range(3)] for plane in range(2)]


@cache
def _start(plane: int, context: int) -> tuple[int, ...]:
    """Counts of -_REACH .. _REACH and of what is beyond, as training photos have them, about 256 in all."""
    n, d = _FALLS[plane][context]
    side = [max(1, 256 * (d - n) * n**k // ((d + n) * d**k)) for k in range(_REACH + 1)]
    return (*side[:0:-1], *side, 1)


# From one size to the next, counts fall to n / d of what they were; by kind of plane and context.
_FALLS: Final = (((7, 20), (10, 20), (13, 20)), ((2, 20), (4, 20), (8, 20)))
