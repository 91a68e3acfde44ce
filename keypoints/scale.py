"""References whose pixels are coded at less than the picture's size, for the lowest rates."""

import cv2

from genvc.types import Picture

from .syntax import SCALES

__all__ = ["resized", "scaled_size"]


def scaled_size(width: int, height: int, scale: int) -> tuple[int, int]:
    """Width and height at which pixels of SCALES[scale] are coded; at least 8 where the picture has them."""
    factor = SCALES[scale]
    return max(min(8, width), round(width * factor)), max(min(8, height), round(height * factor))


def resized(rgb: Picture, width: int, height: int) -> Picture:
    """The picture at another size: averaged when it gets smaller, bicubic when it grows."""
    if rgb.shape[:2] == (height, width):
        return rgb
    way = cv2.INTER_AREA if width < rgb.shape[1] else cv2.INTER_CUBIC
    return cv2.resize(rgb, (width, height), interpolation=way)  # type: ignore[return-value]
