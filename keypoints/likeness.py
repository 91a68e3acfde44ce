"""How far a picture is from what it should show: a quick stand-in for LPIPS that needs no weights.

1 - SSIM of the luma at half the analysis size, so that a shift by less than a pixel and the grain of
a quantiser count little, and a wrong or missing shape counts much. Source: Wang et al., "Image
quality assessment: from error visibility to structural similarity", 2004.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Shapes", "difference", "shapes"]

Grey = npt.NDArray[np.uint8]
_C1, _C2 = 6.5025, 58.5225


class Shapes:
    """A grey picture with its local means and variances, ready to be compared."""

    __slots__ = ("mean", "picture", "square")

    def __init__(self, picture: "npt.NDArray[np.float32]") -> None:
        self.picture = picture
        self.mean = _blur(picture)
        self.square = _blur(picture * picture) - self.mean * self.mean


def shapes(picture: Grey) -> Shapes:
    """Of a uint8 picture (height, width)."""
    return Shapes(picture.astype(np.float32))


def difference(one: Shapes, other: Shapes) -> float:
    """0 for equal pictures, about 1 for unrelated ones; the worse parts count more than the mean."""
    both = _blur(one.picture * other.picture) - one.mean * other.mean
    means = one.mean * other.mean
    close = (2 * means + _C1) * (2 * both + _C2)
    close /= (one.mean**2 + other.mean**2 + _C1) * (one.square + other.square + _C2)
    return float(1 - close.mean())


def _blur(picture: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
    found: Any = cv2.blur(picture, (7, 7))
    return np.asarray(found, np.float32)
