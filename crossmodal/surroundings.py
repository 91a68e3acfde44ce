"""What colours, edges and their places say of a picture: materials, light, numbers for a classifier."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

from .colour_names import NAMES, named

__all__ = ["FEATURES", "MATERIALS", "Surroundings", "features", "measured"]

MATERIALS: Final = ("sky", "clouds", "plants", "water", "snow", "ground")
_SIDE: Final = 128
_GRID: Final = 3
_ORIENTATIONS: Final = 6
_QUARTERS: Final = 2
FEATURES: Final = len(NAMES) * _GRID**2 + (_ORIENTATIONS + 1) * _QUARTERS**2 + len(MATERIALS) + 7

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """colours: the share of each of colour_names.NAMES, also by cell, (3, 3, 11), top left first.
    materials: the share of each of MATERIALS. brightness: mean luma, 0 to 255; sides: that of the left and
    the right half, top and bottom half. contrast: standard deviation of luma. detail: share of pixels on
    an edge. warmth: mean of red less blue. sharp: how fine the finest detail is."""

    colours: Shares
    cells: Shares
    materials: dict[str, float]
    brightness: float
    sides: tuple[float, float, float, float]
    contrast: float
    detail: float
    warmth: float
    orientations: Shares


def measured(rgb: Picture) -> Surroundings:
    """Measures a picture of any size."""
    import cv2

    scale = _SIDE / max(rgb.shape[:2])
    size = (max(_GRID, round(rgb.shape[1] * scale)), max(_GRID, round(rgb.shape[0] * scale)))
    small: Any = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    names = named(small)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64)
    across, down = cv2.Sobel(luma, cv2.CV_64F, 1, 0), cv2.Sobel(luma, cv2.CV_64F, 0, 1)
    strength = np.hypot(across, down)
    height, width = luma.shape
    one_hot = np.eye(len(NAMES))[names]
    rows = np.array_split(np.arange(height), _GRID)
    columns = np.array_split(np.arange(width), _GRID)
    cells = np.array([[one_hot[np.ix_(r, c)].mean((0, 1)) for c in columns] for r in rows])
    left, right = luma[:, : width // 2].mean(), luma[:, width // 2 :].mean()
    top, bottom = luma[: height // 2].mean(), luma[height // 2 :].mean()
    return Surroundings(
        colours=one_hot.mean((0, 1)),
        cells=cells,
        materials=_materials(small, names, strength),
        brightness=float(luma.mean()),
        sides=(float(left), float(right), float(top), float(bottom)),
        contrast=float(luma.std()),
        detail=float((strength > 80).mean()),
        warmth=float(small[..., 0].mean() - small[..., 2].mean()),
        orientations=_orientations(across, down, strength),
    )


def features(around: Surroundings) -> Shares:
    """(FEATURES,): the numbers a classifier sees, each of about 0 to 1."""
    rest = (around.brightness / 255, *(side / 255 for side in around.sides), around.contrast / 128)
    return np.concatenate(
        [
            around.cells.ravel(),
            around.orientations.ravel(),
            list(around.materials.values()),
            rest,
            [around.warmth / 128],
        ]
    )


def _orientations(across: Shares, down: Shares, strength: Shares) -> Shares:
    """For each quarter: how edge strength spreads over directions, and how much there is."""
    turned = ((np.arctan2(down, across) % np.pi) * _ORIENTATIONS / np.pi).astype(np.int64) % _ORIENTATIONS
    found = []
    for row in np.array_split(np.arange(strength.shape[0]), _QUARTERS):
        for column in np.array_split(np.arange(strength.shape[1]), _QUARTERS):
            part = np.ix_(row, column)
            sums = np.bincount(turned[part].ravel(), strength[part].ravel(), _ORIENTATIONS)
            found.append([*(sums / (sums.sum() + 1e-6)), strength[part].mean() / 128])
    return np.array(found)


def _materials(small: Picture, names: npt.NDArray[np.int64], strength: Shares) -> dict[str, float]:
    """Guesses from colour, smoothness and place; shares of the picture."""
    import cv2

    height, width = names.shape
    level = cv2.GaussianBlur(strength, (0, 0), 2)
    down = np.mgrid[0:height, 0:width][0] / height
    smooth, rough = level < 25, level > 30
    bright = small.astype(np.int64).sum(2)
    colour = {name: names == place for place, name in enumerate(NAMES)}
    sky = smooth & (down < 0.6) & colour["blue"] & (bright > 300)
    clouds = smooth & (down < 0.4) & (colour["white"] | colour["gray"]) & (bright > 480)
    # sky hangs down from the upper edge without a break
    sky, clouds = (one & (np.cumprod(sky | clouds, 0) > 0) for one in (sky, clouds))
    ground = (colour["brown"] | colour["orange"]) & (down > 0.5) & ~rough
    found = {
        "sky": sky,
        "clouds": clouds,
        "plants": colour["green"] & (small[..., 1] > 40),
        "water": colour["blue"] & ~sky & (down > 0.3),
        "snow": colour["white"] & (down > 0.5) & smooth,
        "ground": ground,
    }
    return {name: float(found[name].mean()) for name in MATERIALS}
