"""The painter that is a text-to-image model: words, colours and lines into what it takes.

The words are the prompt, the colours and lines that paint.base makes are the picture it starts from, the
sketch steers a ControlNet where one is named.
"""

from typing import Final

from genvc.diffusion import Diffusion, working
from genvc.types import Picture

from . import paint
from .header import Painter
from .representation import Representation

__all__ = ["DiffusionPainter"]

_CHANGED: Final = 0.7  # share of the noise that the initial picture gets
_EMPTY: Final = "a photograph"


class DiffusionPainter:
    """Loads the model when the first picture is asked for; see genvc.diffusion."""

    def __init__(self, painter: Painter, device: str = "auto") -> None:
        self._diffusion = Diffusion(painter, device)

    def __call__(self, shown: Representation, width: int, height: int) -> Picture:
        """uint8 (height, width, 3), the same on the same machine. Raises ModelNotFound, BadInput."""
        rows, columns = working(width, height)
        initial = None
        if shown.palette is not None:
            initial = paint.enlarged(paint.base(shown, rows // 8, columns // 8), columns, rows)
        made = self._diffusion(shown.text or _EMPTY, (rows, columns), initial, shown.sketch, _CHANGED)
        return paint.enlarged(made, width, height)
