"""Colours for a picture of which words alone were sent: those that the words name, as soft bands.

What is above in most pictures (sky, clouds) lies on top, what is below (grass, snow, water, sand) at the
bottom, colours that are named lie between them in the order in which they are said. It shows a mood and no
scene: a picture of words alone needs a text-to-image model.
"""

from typing import Final

import numpy as np

from .colour_names import NAMES
from .index import terms
from .palette import measured
from .representation import Palette, fitted

__all__ = ["imagined"]

_LEVEL: Final = 2
_STEP: Final = 0
_MOST: Final = 6
_FINE: Final = 8  # samples a cell
_LOOKS: Final = dict(
    zip(
        NAMES,
        (
            (38, 38, 42), (128, 128, 128), (228, 226, 222), (122, 88, 60), (176, 48, 44), (214, 128, 52),
            (220, 192, 76), (84, 124, 62), (76, 116, 172), (108, 74, 138), (222, 150, 164),
        ),
        strict=True,
    )
)  # fmt: skip
_SAME: Final = {"grey": "gray"}
_ABOVE: Final = {"sky": (150, 180, 214), "clouds": (206, 210, 216), "sunset": (222, 140, 92)}
_BELOW: Final = {
    **dict.fromkeys(("grass", "field", "lawn", "park", "meadow", "plants"), (92, 128, 64)),
    **dict.fromkeys(("tree", "trees", "forest", "woods"), (66, 92, 52)),
    **dict.fromkeys(("snow", "snowy"), (226, 230, 236)),
    **dict.fromkeys(("water", "ocean", "sea", "lake", "river", "pool"), (78, 116, 142)),
    **dict.fromkeys(("beach", "sand", "sandy", "desert"), (206, 184, 146)),
    **dict.fromkeys(("street", "road", "sidewalk", "city"), (116, 116, 120)),
}


def imagined(text: str | None, width: int, height: int) -> Palette | None:
    """A palette for a picture of that size; None where the text names no colour and nothing of a colour."""
    words = [_SAME.get(word, word) for word in terms(text or "")]
    above = [_ABOVE[word] for word in words if word in _ABOVE]
    said = [_LOOKS[word] for word in words if word in _LOOKS]
    below = [_BELOW[word] for word in words if word in _BELOW]
    bands = list(dict.fromkeys(above)) + list(dict.fromkeys(said)) + list(dict.fromkeys(below))
    if not bands:
        return None
    rows, columns = (_FINE * cells for cells in fitted(width, height, 8))
    at = np.minimum(np.arange(rows) * min(len(bands), _MOST) // rows, _MOST - 1)
    column = np.array(bands, np.uint8)[at]
    return measured(np.repeat(column[:, None], columns, 1), _LEVEL, _STEP)
