"""A picture painted without any network: the palette's colours, kept apart by the sketch's lines.

Colours flow from the middle of the palette's cells over the picture, but little of them crosses a line, as
in diffusion curves (Orzan et al., 2008); then each cell is brought back to the mean that was sent for it.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

from .imagined import imagined
from .palette import colours
from .representation import Palette, Representation, fitted

__all__ = ["SIDE", "base", "coloured", "enlarged", "kept", "painted"]

SIDE = 128
"""Cells along the long side in which colours flow."""
_STEPS = 60
_ACROSS = 0.03  # how much flows across a line, of what flows elsewhere
_GREY = 128.0

Plane = npt.NDArray[np.float32]


def painted(shown: Representation, width: int, height: int) -> Picture:
    """The picture, uint8 (height, width, 3)."""
    shown = coloured(shown, width, height)
    return enlarged(base(shown, *fitted(width, height, SIDE)), width, height)


def coloured(shown: Representation, width: int, height: int) -> Representation:
    """With a palette: that which was sent, else one of the colours that the text names, if it does."""
    if shown.palette is not None:
        return shown
    return replace(shown, palette=imagined(shown.text, width, height))


def base(shown: Representation, rows: int, columns: int) -> Plane:
    """Its colours on a grid of that size, (rows, columns, 3), 0 to 255; grey where there is no palette."""
    if shown.palette is None:
        plane = np.full((rows, columns, 3), _GREY, np.float32)
        return plane if shown.sketch is None else plane + _relief(shown.sketch, rows, columns)
    plane = smooth(shown.palette, rows, columns)
    if shown.sketch is None:
        return plane
    return flowed(shown.palette, plane, shown.sketch)


def smooth(palette: Palette, rows: int, columns: int) -> Plane:
    """The palette alone, enlarged so that each of its cells keeps its mean."""
    import cv2

    target = colours(palette)
    cells = (target.shape[1], target.shape[0])
    wanted = target.copy()
    plane: Any = None
    for _ in range(3):
        plane = cv2.resize(wanted, (columns, rows), interpolation=cv2.INTER_CUBIC).reshape(rows, columns, 3)
        wanted = wanted + 0.8 * (target - _means(plane, cells))
    return np.asarray(np.clip(plane, 0, 255), dtype=np.float32)


def flowed(palette: Palette, plane: Plane, sketch: npt.NDArray[np.bool_]) -> Plane:
    """The colours of `plane`, (rows, columns, 3), after they have flown between the lines of the sketch,
    which is of any size."""
    import cv2

    rows, columns = plane.shape[:2]
    lines: Any = cv2.resize(sketch.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    lines = np.clip(lines * 2, 0, 1).reshape(rows, columns)
    open_ = 1 - (1 - _ACROSS) * lines
    # what passes between two neighbours is what the tighter of them lets through
    right = np.minimum(open_[:, :-1], open_[:, 1:])[..., None] * 0.24
    down = np.minimum(open_[:-1], open_[1:])[..., None] * 0.24
    target = colours(palette)
    (target.shape[1], target.shape[0])
    now = plane.copy()
    for step in range(_STEPS):
        across = right * (now[:, 1:] - now[:, :-1])
        along = down * (now[1:] - now[:-1])
        now[:, :-1] += across
        now[:, 1:] -= across
        now[:-1] += along
        now[1:] -= along
        if step % 4 == 3:
            now = kept(now, target)
    return np.asarray(np.clip(now, 0, 255), dtype=np.float32)


def kept(plane: Plane, target: Plane) -> Plane:
    """The plane with the means of its cells moved to those of `target`, smoothly."""
    import cv2

    error = target - _means(plane, (target.shape[1], target.shape[0]))
    size = (plane.shape[1], plane.shape[0])
    return np.asarray(plane + cv2.resize(error, size, interpolation=cv2.INTER_LINEAR).reshape(plane.shape))


def enlarged(plane: Plane, width: int, height: int) -> Picture:
    """The plane as a picture of that size."""
    import cv2

    large = cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, 3)
    return np.asarray(np.clip(np.rint(large), 0, 255), dtype=np.uint8)


def _means(plane: Plane, cells: tuple[int, int]) -> Plane:
    import cv2

    means = cv2.resize(plane, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(means, dtype=np.float32).reshape(cells[1], cells[0], 3)


def _relief(sketch: npt.NDArray[np.bool_], rows: int, columns: int) -> Plane:
    """Dark lines, for a sketch that has no colours."""
    import cv2

    lines: Any = cv2.resize(sketch.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(-72 * lines.reshape(rows, columns, 1), dtype=np.float32)
