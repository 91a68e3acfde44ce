"""Where a clip shows something else: each such frame opens a scene."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

__all__ = ["CUT", "DRIFT", "Scenes"]

_CELLS: Final = 16
DRIFT: Final = 450.0
"""Mean squared difference from a scene's first frame, in 8-bit levels, that colours and lines may reach."""
CUT: Final = 1800.0
"""The same for a sentence, which stays true for longer."""


class Scenes:
    """Follows one clip; `most` is DRIFT or CUT."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._first: npt.NDArray[np.float32] | None = None

    def opens(self, rgb: Picture) -> bool:
        """Whether this frame opens a scene; the first one does."""
        import cv2

        small: Any = cv2.resize(rgb, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        small = small.astype(np.float32)
        if self._first is not None and np.square(small - self._first).mean() <= self._most:
            return False
        self._first = small
        return True
