"""The structure layer's picture: lines of one sample's width at half size, chosen for what they cost."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from genvc.types import Picture

__all__ = ["CELL", "Lines", "drawn"]

CELL: Final = 2  # samples of the picture to one of the lines, a side
Lines = npt.NDArray[np.bool_]
"""(ceil(height / 2), ceil(width / 2)): where lines are."""

_LOW, _HIGH = 24, 60  # of the gradient, as Canny takes them: all that might be worth a bit
_SHORTEST = 6  # samples of a chain
_START_BITS, _STEP_BITS = 9.0, 1.4  # about what a chain costs, and each of its samples


def drawn(rgb: Picture, share: float) -> Lines:
    """The most telling lines of a picture: at most this share of the half-size samples, 0 to 1.

    Canny's edges (non-maximum suppression and hysteresis on a smoothed picture), cut into connected chains;
    those with the most contrast for each bit that they are likely to cost are kept.
    """
    high, wide = -(-rgb.shape[0] // CELL), -(-rgb.shape[1] // CELL)
    most = round(share * high * wide)
    found = np.zeros((high, wide), np.bool_)
    if most < _SHORTEST or min(high, wide) < 4:
        return found
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (wide, high), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_16S, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_16S, 0, 1)
    edges = cv2.Canny(across, down, _LOW, _HIGH, L2gradient=True)
    count, labels = cv2.connectedComponents(edges, connectivity=8)
    slope = np.hypot(across.astype(np.float32), down.astype(np.float32))
    chain = labels.ravel()
    length = np.bincount(chain, minlength=count)
    # contrast counts less than in proportion: the eye sees a line, not how strong it is
    contrast = np.bincount(chain, np.sqrt(slope.ravel()), minlength=count)
    worth = contrast / (_START_BITS + _STEP_BITS * length)
    worth[0] = 0
    worth[length < _SHORTEST] = 0
    kept = np.zeros(count, np.bool_)
    room = most
    for one in np.argsort(-worth, kind="stable"):
        if worth[one] <= 0:
            break
        if length[one] <= room:
            kept[one] = True
            room -= length[one]
    return np.asarray(kept[labels], np.bool_)
