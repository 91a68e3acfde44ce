"""Whole files: media to .gvc and back."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from . import container, media
from .codec import create
from .plugins import codec_entry
from .types import Frame

__all__ = ["Decoded", "Encoded", "decode_file", "encode_file"]

Progress = Callable[[int, int | None], None]
"""Called with the frames done so far and how many there will be, if that is known."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Encoded:
    """bytes: the whole file. payload_bytes: without the container. seconds: duration of the clip.
    took: wall-clock seconds, loading the codec left out."""

    bytes: int
    payload_bytes: int
    frames: int
    seconds: float
    took: float

    @property
    def kbps(self) -> float:
        """Kilobits per second of the whole file."""
        return self.bytes * 8 / 1000 / self.seconds

    @property
    def fps(self) -> float:
        """Frames encoded per second."""
        return self.frames / self.took


@dataclass(frozen=True, slots=True)
class Decoded:
    """frames: how many. took: wall-clock seconds, loading the codec left out, writing included.
    md5: the hash of the frames where that was asked for, else ""."""

    frames: int
    took: float
    md5: str = ""

    @property
    def fps(self) -> float:
        """Frames decoded (and written) per second."""
        return self.frames / self.took


def encode_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    codec: str,
    *,
    model: str = "",
    device: str = "auto",
    size: int | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Encodes a video, a picture, a folder of pictures or "-" into a .gvc file or "-".

    size: pixels of the short side to scale to first. options: the codec's own (bitrate in bit/s,
    quality 0 to 100, ...). The file appears when it is complete. Raises GenvcError.
    """
    codec_entry(codec)  # before anything slow
    info, frames = media.frames(source, size)
    made = create(codec, model, device, **(options or {}))
    header = made.describe(info.width, info.height, info.fps)
    span = _Span(header.fps)
    started = time.perf_counter()
    watched = _counted(span.over(frames), info.frames, progress)
    written = container.write(_sink(target), header, made.encode(watched, header))
    took = time.perf_counter() - started
    return Encoded(written.bytes, written.payload_bytes, written.frames, span.seconds, took)


def decode_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | None,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> Decoded:
    """Decodes a .gvc file or "-" into any target of media.write, or with None into a hash.

    Raises GenvcError, CorruptStream among them; the target appears only when all of it was right.
    """
    if target is not None:
        media.check_target(os.fspath(target))
    name = os.fspath(source)
    stream = container.Reader(sys.stdin.buffer if name == "-" else Path(name))
    try:
        made = create(stream.info.codec, stream.info.model, device)
        packets = (packet for packet in stream.packets(verify=name != "-") if packet.track == 0)
        started = time.perf_counter()
        span = _Span(stream.info.fps)
        frames = _counted(span.over(made.decode(packets, stream.info)), None, progress)
        if target is None:
            md5 = media.md5(frames)
        else:
            md5 = ""
            media.write(target, frames, stream.info.fps)
        return Decoded(span.frames, time.perf_counter() - started, md5)
    finally:
        stream.close()


class _Span:
    """Counts frames and the time they span while they pass."""

    def __init__(self, fps: Fraction) -> None:
        self.fps = fps
        self.frames = 0
        self._first = self._last = 0

    def over(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if self.frames == 0:
                self._first = frame.pts
            self._last = frame.pts
            self.frames += 1
            yield frame

    @property
    def seconds(self) -> float:
        return float((self._last - self._first + 1) / self.fps)


def _counted(items: Iterable[_Item], total: int | None, progress: Progress | None) -> Iterator[_Item]:
    for done, item in enumerate(items, 1):
        yield item
        if progress is not None:
            progress(done, total)


def _sink(target: str | os.PathLike[str]) -> Path | BinaryIO:
    return sys.stdout.buffer if os.fspath(target) == "-" else Path(target)
