"""A picture's outlines as a small map of bits, and that map in a few hundred bytes.

Each bit is coded with counts that its ten neighbours above and to the left choose, as in JBIG
(ITU-T T.82, 1993, three-line template), but the counts begin as training photos have them.
"""

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.types import Picture

from .representation import fitted
from .sketch_prior import PRIOR

__all__ = ["SIDES", "contexts", "drawn", "get", "put"]

SIDES: Final = (24, 32, 48, 64, 80, 96, 128, 160)
"""Cells along the picture's long side, by level."""

_LEVEL_BITS: Final = 3
# (rows up, columns to the left) of the neighbours that are known when a bit is coded
_TEMPLATE: Final = ((2, 1), (2, 0), (2, -1), (1, 2), (1, 1), (1, 0), (1, -1), (1, -2), (0, 2), (0, 1))
_SHORTEST: Final = 4  # cells of a line that is kept

Map = npt.NDArray[np.bool_]


def drawn(rgb: Picture, level: int, share: float) -> Map:
    """The outlines of a picture: the strongest `share` of its cells that lie on a crest of the gradient.

    Canny's thinning (1986) on the largest gradient of the three colours; lines of a few cells are left out.
    """
    import cv2

    rows, columns = fitted(rgb.shape[1], rgb.shape[0], SIDES[level])
    small: Any = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.7).astype(np.float32).reshape(rows, columns, 3)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=3).reshape(rows, columns, 3)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=3).reshape(rows, columns, 3)
    strongest = (across**2 + down**2).argmax(2)[..., None]
    across, down = (np.take_along_axis(one, strongest, 2)[..., 0] for one in (across, down))
    size = np.hypot(across, down)
    # thinning alone first, then the strongest of what is left
    crests = cv2.Canny(
        np.rint(across).astype(np.int16), np.rint(down).astype(np.int16), 60, 60, L2gradient=True
    )
    crests = crests.reshape(rows, columns) > 0
    most = int(share * rows * columns)
    if crests.sum() > most:
        crests &= size >= np.partition(size[crests], -most)[-most]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(crests.astype(np.uint8), connectivity=8)
    long_enough = stats[:, cv2.CC_STAT_AREA] >= _SHORTEST
    long_enough[0] = False
    return np.asarray(long_enough[labels], dtype=np.bool_).reshape(rows, columns) if count else crests


def put(encoder: SymbolEncoder, sketch: Map, level: int) -> None:
    """Write a map whose shape the picture's size and the level give."""
    encoder.put_bits(level, _LEVEL_BITS)
    models = _models()
    for bit, context in zip(sketch.ravel().tolist(), contexts(sketch).ravel().tolist(), strict=True):
        encoder.put(int(bit), models[context])


def get(decoder: SymbolDecoder, width: int, height: int) -> tuple[Map, int]:
    """The mirror of put, for a picture of that size: the map and its level. Raises CorruptStream."""
    level = decoder.get_bits(_LEVEL_BITS)
    rows, columns = fitted(width, height, SIDES[level])
    models = _models()
    # two empty rows above and two empty columns at either side stand for what is outside
    grid = [[0] * (columns + 4) for _ in range(rows + 2)]
    for row in range(2, rows + 2):
        first, second, own = grid[row - 2], grid[row - 1], grid[row]
        for x in range(2, columns + 2):
            context = first[x - 1] << 9 | first[x] << 8 | first[x + 1] << 7
            context |= second[x - 2] << 6 | second[x - 1] << 5 | second[x] << 4
            context |= second[x + 1] << 3 | second[x + 2] << 2 | own[x - 2] << 1 | own[x - 1]
            own[x] = decoder.get(models[context])
    return np.array(grid, np.bool_)[2:, 2:-2], level


def contexts(sketch: Map) -> npt.NDArray[np.int64]:
    """For each bit of (rows, columns) the number, below 1024, that its known neighbours make.

    _TEMPLATE's first is the highest bit.
    """
    rows, columns = sketch.shape
    padded = np.zeros((rows + 2, columns + 4), np.int64)
    padded[2:, 2:-2] = sketch
    found = np.zeros((rows, columns), np.int64)
    for up, left in _TEMPLATE:
        found = found << 1 | padded[2 - up : 2 - up + rows, 2 - left : 2 - left + columns]
    return found


def _models() -> list[AdaptiveModel]:
    return [AdaptiveModel(start, 4, 256) for start in _starts()]


@cache
def _starts() -> list[tuple[int, int]]:
    """Counts of no line and of a line, by context, from the letters of PRIOR: "0" is 1 : 63, "o" 63 : 1."""
    return [(63 - (ord(letter) - 48), 1 + (ord(letter) - 48)) for letter in PRIOR]
