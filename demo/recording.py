"""What was received, written to a file while the call goes on."""

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from queue import Empty, Full, Queue

from genvc import media
from genvc.errors import GenvcError
from genvc.types import Frame

from .decoding import Shown

__all__ = ["Recording"]

_MOST_WAITING = 50
_LAST_SECONDS = 20.0


class Recording:
    """Pictures at the times they came; those of another size than the first are left out.

    frames: so far. The file appears with close().
    """

    def __init__(self, path: Path, fps: int) -> None:
        """Raises BadInput, Unsupported for a target of no known kind."""
        media.check_target(str(path))
        self.path = path
        self.frames = 0
        self.error = ""
        self._fps = fps
        self._queue: Queue[tuple[float, Shown] | None] = Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def put(self, shown: Shown) -> None:
        try:
            self._queue.put_nowait((time.monotonic(), shown))
        except Full:
            return  # the disk is too slow: the call matters more

    def close(self) -> None:
        """Completes the file."""
        ends = time.monotonic() + _LAST_SECONDS
        while self._thread.is_alive() and time.monotonic() < ends:
            try:
                self._queue.put(None, timeout=0.1)
                break
            except Full:
                continue
        self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        try:
            first = self._queue.get()
            if first is not None:
                media.write(self.path, self._taken(first), Fraction(self._fps))
        except GenvcError as error:
            self.error = str(error)
            while self._waiting() is not None:
                pass

    def _taken(self, first: tuple[float, Shown]) -> Iterator[Frame]:
        begun, shown = first
        shape, last = shown.rgb.shape, -1
        found: tuple[float, Shown] | None = first
        while found is not None:
            at, shown = found
            if shown.rgb.shape == shape:
                last = max(last + 1, round((at - begun) * self._fps))
                self.frames += 1
                yield Frame(shown.rgb, last)
            found = self._queue.get()

    def _waiting(self) -> tuple[float, Shown] | None:
        try:
            return self._queue.get(timeout=_LAST_SECONDS)
        except Empty:
            return None
