"""A clip as a camera: its pictures over and over at its own pace, cut to a square."""

import threading
import time

import cv2
import numpy as np

from genvc import media
from genvc.errors import GenvcError
from genvc.types import Picture

from .latest import Latest, Shot

__all__ = ["ClipCamera", "square"]


def square(rgb: Picture, size: int) -> Picture:
    """The middle of the picture, as large a square as there is, at size x size pixels."""
    high, wide = rgb.shape[:2]
    side = min(high, wide)
    top, left = (high - side) // 2, (wide - side) // 2
    way = cv2.INTER_AREA if size < side else cv2.INTER_CUBIC
    cut = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    return cv2.resize(cut, (size, size), interpolation=way)  # type: ignore[return-value]


class ClipCamera:
    """Puts the clip's pictures into `latest` from start() to stop()."""

    def __init__(self, path: str, size: int, latest: Latest | None = None) -> None:
        """Raises BadInput for a file that is no clip."""
        info, self._frames = media.frames(path)
        self.latest = latest or Latest()
        self._size = size
        self._fps = float(info.fps)
        self._path = path
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clip", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(5)

    def _run(self) -> None:
        frames = self._frames
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                for frame in frames:
                    if self._stopped.wait(max(0.0, began + frame.pts / self._fps - time.monotonic())):
                        return
                    self.latest.put(Shot(square(frame.rgb, self._size), time.monotonic()))
            except GenvcError:
                # damaged from here on: what came before is shown again
                self._stopped.wait(1 / self._fps)
            frames = media.frames(self._path)[1]
