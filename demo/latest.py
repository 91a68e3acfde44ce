"""A place for one picture: a newer one takes the place of one that nobody took."""

import threading
from dataclasses import dataclass

from genvc.types import Picture

__all__ = ["Latest", "Shot"]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture of a camera. at: when it was taken, by the clock of this process. said: by the clock of who
    sent it, in ms, None where nobody did."""

    rgb: Picture
    at: float
    said: float | None = None


class Latest:
    """Shared by the thread that puts pictures in and the one that takes them; nothing queues."""

    def __init__(self) -> None:
        self.dropped = 0
        self._shot: Shot | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, shot: Shot) -> None:
        with self._changed:
            self.dropped += self._shot is not None
            self._shot = shot
            self._changed.notify_all()

    def take(self, seconds: float) -> Shot | None:
        """The picture, waited for so long; None when none came, or after close()."""
        with self._changed:
            self._changed.wait_for(lambda: self._shot is not None or self._closed, seconds)
            shot, self._shot = self._shot, None
            return shot

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
