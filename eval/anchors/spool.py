"""Frames that can be read again: on disk, so that memory does not grow with the clip."""

import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType

import numpy as np

from genvc.errors import BadInput
from genvc.types import Frame

__all__ = ["Spool"]


class Spool:
    """Takes an iterator of frames once and gives it as often as wanted; a context manager."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        """Reads all the frames; raises BadInput when their sizes differ."""
        self.file = tempfile.TemporaryFile(prefix="genvc-frames-")  # noqa: SIM115 - closed by __exit__
        self.times: list[int] = []
        self.shape: tuple[int, ...] = ()
        for frame in frames:
            if self.shape not in ((), frame.rgb.shape):
                self.file.close()
                raise BadInput("the frames differ in size")
            self.shape = frame.rgb.shape
            self.times.append(frame.pts)
            self.file.write(np.ascontiguousarray(frame.rgb).tobytes())

    def __len__(self) -> int:
        return len(self.times)

    def frames(self) -> Iterator[Frame]:
        """The frames from the first one on; one such iterator at a time."""
        count = int(np.prod(self.shape))
        self.file.seek(0)
        for pts in self.times:
            yield Frame(np.frombuffer(self.file.read(count), np.uint8).reshape(self.shape), pts)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
