"""The decoder that is a text-to-image model: texture as the picture it starts from, lines to a ControlNet.

What it paints keeps the colours of the texture layer: their difference on a coarse grid is taken back, as in
ILVR (Choi et al., 2021), but at the end alone.
"""

from typing import Any, Final

import cv2
import numpy as np

from genvc.diffusion import Diffusion, working
from genvc.types import Picture

from .header import Repaint
from .lines import Lines

__all__ = ["DiffusionDecoder"]

_CELL: Final = 16  # samples of the coarse grid's cells
_ROUNDS: Final = 3  # smooth corrections of the cells' means leave a little of what is lacking
_EMPTY: Final = "a photograph"


class DiffusionDecoder:
    """Loads the model when the first picture is asked for; see genvc.diffusion."""

    def __init__(self, repaint: Repaint, device: str = "auto") -> None:
        self._repaint = repaint
        self._diffusion = Diffusion(repaint.painter, device, repaint.scheduler)

    def __call__(self, texture: Picture, lines: Lines) -> Picture:
        """uint8 (height, width, 3), the same on the same machine; raises ModelNotFound, BadInput.

        texture: what the texture layer shows alone, at the picture's size. lines: the structure layer.
        """
        high, wide = texture.shape[:2]
        size = working(wide, high)
        initial = cv2.resize(texture, size[::-1], interpolation=cv2.INTER_AREA)
        made = self._diffusion(
            self._repaint.caption or _EMPTY, size, np.asarray(initial), lines, self._repaint.changed / 100
        )
        large: Any = cv2.resize(made, (wide, high), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(np.rint(_coloured(large, texture)), 0, 255), np.uint8)


def _coloured(made: Any, texture: Picture) -> Any:
    """The painted picture with the mean colours of the texture's cells."""
    high, wide = texture.shape[:2]
    cells = (max(1, round(wide / _CELL)), max(1, round(high / _CELL)))
    for _ in range(_ROUNDS):
        lacking = cv2.resize(texture.astype(np.float32) - made, cells, interpolation=cv2.INTER_AREA)
        made = made + cv2.resize(lacking, (wide, high), interpolation=cv2.INTER_LINEAR).reshape(high, wide, 3)
    return made
