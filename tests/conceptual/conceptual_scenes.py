"""Drawn pictures with lines, regions and texture."""

import numpy as np

from genvc.types import Picture


def scene(high: int, wide: int) -> Picture:
    """Hills before a sky, with fences and a sun: lines, regions and texture."""
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    ridge = high * (0.5 + 0.12 * np.sin(x / 31) + 0.05 * np.sin(x / 9))
    wave = 22 * np.sin(x / 3) * np.cos(y / 4)
    rgb = np.stack([120 + 0.2 * y, 160 + 0 * y, 215 - 0.1 * y], 2)
    rgb[y > ridge] = np.stack([70 + wave, 120 + wave, 50 + 0 * y], 2)[y > ridge]
    rgb[np.hypot(y - high / 5, x - wide / 4) < min(high, wide) / 9] = (250, 230, 120)
    rgb[(y > ridge) & (x % 37 < 3)] = (60, 40, 30)
    return np.clip(rgb, 0, 255).astype(np.uint8)
