"""A sample clip as a camera: its pictures over and over at its own pace, cut to a square."""

import threading
import time

import cv2
import numpy as np

from genvc import media
from genvc.samples import sample_path
from genvc.types import Picture

from .latest import Latest, Shot

__all__ = ["ClipCamera", "SampleCamera", "square"]


def square(rgb: Picture, size: int) -> Picture:
    """The middle of the picture, as large a square as there is, at size x size pixels."""
    high, wide = rgb.shape[:2]
    side = min(high, wide)
    top, left = (high - side) // 2, (wide - side) // 2
    way = cv2.INTER_AREA if size < side else cv2.INTER_CUBIC
    cut = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    return cv2.resize(cut, (size, size), interpolation=way)  # type: ignore[return-value]


class ClipCamera:
    """Puts the clip's pictures into a Latest until stop(); once, or over and over."""

    def __init__(self, path: str, latest: Latest, size: int, again: bool = True) -> None:
        """Raises BadInput for a file that is no clip."""
        info, frames = media.frames(path)
        self.size = size
        self.done = threading.Event()
        self._fps = float(info.fps)
        self._path, self._frames, self._again = path, frames, again
        self._latest = latest
        self._thread = threading.Thread(target=self._run, name="clip", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.done.set()
        if self._thread.ident is not None:
            self._thread.join(5)

    def _run(self) -> None:
        frames = self._frames
        while not self.done.is_set():
            began = time.monotonic()
            for frame in frames:
                if self.done.wait(max(0.0, began + frame.pts / self._fps - time.monotonic())):
                    return
                self._latest.put(Shot(square(frame.rgb, self.size), time.monotonic()))
            if not self._again:
                break
            frames = media.frames(self._path)[1]
        self.done.set()


class SampleCamera(ClipCamera):
    """The sample talking head."""

    def __init__(self, latest: Latest, size: int) -> None:
        super().__init__(str(sample_path("carphone")), latest, size)
