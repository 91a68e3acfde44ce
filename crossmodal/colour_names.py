"""Colours by the names people give them."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["NAMES", "named"]

NAMES: Final = (
    "black", "gray", "white", "brown", "red", "orange", "yellow", "green", "blue", "purple", "pink",
)  # fmt: skip
"""The eleven basic colour terms (Berlin and Kay, 1969)."""


def named(rgb: Any) -> npt.NDArray[np.int64]:
    """For each pixel its place in NAMES; rgb: uint8 (height, width, 3)."""
    import cv2

    hue, saturation, value = np.moveaxis(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV).astype(np.int64), 2, 0)
    hue = hue * 2
    found = np.full(hue.shape, 4)
    for start, name in ((15, 5), (45, 6), (70, 7), (165, 8), (260, 9), (300, 10), (345, 4)):
        found[hue >= start] = name
    found[(found == 4) & (value > 170) & (saturation < 150)] = 10
    # a dark orange or a dull red is brown
    warm = ((hue < 45) | (hue >= 345)) & (saturation >= 45)
    found[warm & ((value < 150) | ((saturation < 130) & (value < 210) & (hue < 45)))] = 3
    grey = saturation < np.where(value < 90, 70, 36)
    found[grey] = 1
    found[grey & (value >= 185)] = 2
    found[value < 48] = 0
    return found
