"""Regions of like colour and texture: a small map of labels on cells of 16x16 samples."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.types import Picture

__all__ = ["MOST", "Labels", "parted", "read_labels", "write_labels"]

MOST: Final = 8
Labels = npt.NDArray[np.uint8]
"""(ceil(height / 16), ceil(width / 16)): the region of each cell, 0 to 7."""

_CELL = 16
_ROUNDS = 8


def parted(rgb: Picture, count: int) -> Labels:
    """A picture's cells in at most so many regions (1 to 8), by k-means on mean colour and contrast.

    Regions are numbered in the order in which they first appear, row by row.
    """
    high, wide = -(-rgb.shape[0] // _CELL), -(-rgb.shape[1] // _CELL)
    if count < 2 or high * wide < count:
        return np.zeros((high, wide), np.uint8)
    cells = _described(rgb, high, wide)
    centres = _apart(cells, count)
    for _ in range(_ROUNDS):
        nearest = _nearest(cells, centres)
        for one in range(count):
            mine = cells[nearest == one]
            if len(mine):
                centres[one] = mine.mean(0)
    labels = _nearest(cells, centres).reshape(high, wide).astype(np.uint8)
    if min(high, wide) >= 3:
        labels = np.asarray(cv2.medianBlur(_renumbered(labels), 3), np.uint8)
    return _renumbered(labels)


def _described(rgb: Picture, high: int, wide: int) -> npt.NDArray[np.float32]:
    """(cells, 4): mean Lab colour and the root of the luma's spread."""
    padded = np.pad(rgb, ((0, high * _CELL - rgb.shape[0]), (0, wide * _CELL - rgb.shape[1]), (0, 0)), "edge")
    lab = cv2.cvtColor(padded, cv2.COLOR_RGB2LAB).astype(np.float32)
    blocks = lab.reshape(high, _CELL, wide, _CELL, 3)
    mean = blocks.mean((1, 3)).reshape(-1, 3)
    spread = blocks[..., 0].std((1, 3)).reshape(-1, 1)
    return np.concatenate([mean, 6 * np.sqrt(spread)], 1)


def _apart(cells: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Cells to start from: each as far as can be from those before it."""
    chosen = [int(np.argmin(((cells - cells.mean(0)) ** 2).sum(1)))]
    far = ((cells - cells[chosen[0]]) ** 2).sum(1)
    for _ in range(count - 1):
        chosen.append(int(far.argmax()))
        far = np.minimum(far, ((cells - cells[chosen[-1]]) ** 2).sum(1))
    return cells[chosen].copy()


def _nearest(cells: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    return np.asarray(((cells[:, None] - centres[None]) ** 2).sum(2).argmin(1))


def _renumbered(labels: Labels) -> Labels:
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return np.asarray(rank[place].reshape(labels.shape), np.uint8)


# --------------------------------------------------------------------------- as bytes

_AS_LEFT, _AS_ABOVE, _ELSE = range(3)


class _Writer:
    def __init__(self, coder: SymbolEncoder) -> None:
        self.coder = coder

    def symbol(self, value: int, model: AdaptiveModel) -> int:
        self.coder.put(value, model)
        return value


class _Reader:
    def __init__(self, coder: SymbolDecoder) -> None:
        self.coder = coder

    def symbol(self, value: int, model: AdaptiveModel) -> int:
        return self.coder.get(model)


def write_labels(coder: SymbolEncoder, labels: Labels) -> None:
    """Code a map of labels 0 to 7: as the cell to the left, as the one above, or which other."""
    _walk(_Writer(coder), labels)


def read_labels(coder: SymbolDecoder, high: int, wide: int) -> Labels:
    """The map that write_labels() coded."""
    return _walk(_Reader(coder), np.zeros((high, wide), np.uint8))


def _walk(coder: _Writer | _Reader, wanted: Labels) -> Labels:
    same = [AdaptiveModel([6, 3, 1], increment=12) for _ in range(8)]
    which = AdaptiveModel(MOST, increment=8)
    rows = wanted.tolist()
    above = [0] * (len(rows[0]) + 1)
    for row in rows:
        corner = left = above[0]
        for x, given in enumerate(row):
            over = above[x]
            context = (left == over) + 2 * (corner == over) + 4 * (above[min(x + 1, len(row) - 1)] == over)
            kind = _AS_LEFT if given == left else _AS_ABOVE if given == over else _ELSE
            kind = coder.symbol(kind, same[context])
            if kind == _ELSE:
                left = coder.symbol(given, which)
            elif kind == _AS_ABOVE:
                left = over
            row[x], corner = left, over
        above = [*row, 0]
    return np.array(rows, np.uint8)
