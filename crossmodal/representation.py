"""What is sent of a picture: words, colours, boxes and lines, all of them integers or text."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "LAYERS", "MAX_BOXES", "MAX_TEXT", "Box", "Palette", "Representation", "fitted"]

LAYERS = ("text", "palette", "layout", "sketch")
KINDS = ("person", "face")
MAX_TEXT = 4096
"""Characters of a caption."""
MAX_BOXES = 8
UNITS = 32
"""A box's sides are in units of 1/32 of the picture's."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where somebody is: a place in KINDS, and sides in 1/32 of the picture's, 0 <= left < right <= 32."""

    kind: int
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """A small grid of colours.

    level: the place of its size in palette.SIDES. step: the place of its steps in palette.STEPS.
    values: int (rows, columns, 3), Y, Cb - 128 and Cr - 128 in those steps.
    """

    level: int
    step: int
    values: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Representation:
    """One picture, or one scene, as it is sent; a layer that is None is not sent.

    text: at most MAX_TEXT characters. boxes: at most MAX_BOXES. sketch: bool (rows, columns), True on a
    line, of a size that sketch.SIDES has at `sketch_level`.
    """

    text: str | None = None
    palette: Palette | None = None
    boxes: tuple[Box, ...] | None = None
    sketch: npt.NDArray[np.bool_] | None = None
    sketch_level: int = 0

    def without(self, layer: str) -> "Representation":
        """The same without one of LAYERS."""
        nothing: dict[str, Any] = {"boxes" if layer == "layout" else layer: None}
        return replace(self, **nothing)


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """(rows, columns) of a grid in the shape of the picture whose long side has `side` cells; at least 1."""
    longer = max(width, height)
    rows, columns = ((2 * size * side + longer) // (2 * longer) for size in (height, width))
    return max(1, rows), max(1, columns)
