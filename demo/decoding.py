"""The decoder's thread of a call: packets in order become pictures."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from genvc.codec import create
from genvc.errors import GenvcError, Unsupported
from genvc.types import Codec, Frame, Packet, Picture, StreamInfo

from .datagram import unpack_header
from .receiver import Arrived
from .settings import SIZES

__all__ = ["Decoding", "Shown", "decoder_for"]

_LARGEST = SIZES[-1]
_PAUSE = 0.2

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A decoded picture. number: of its packet. points: (n, 2 or more) key points in pixels, where the codec
    has some. generated: painted by a network. took: seconds."""

    number: int
    rgb: Picture
    points: Points | None
    generated: bool
    took: float


@lru_cache(maxsize=8)
def decoder_for(codec: str, model: str) -> Codec:
    """A codec that decodes such streams; kept, for loading weights takes seconds."""
    return create(codec, model)


class Decoding:
    """Runs until stop(). show: takes each picture. spoilt: hears that a packet did not decode.

    waiting: packets that were not taken yet.
    """

    def __init__(self, show: Callable[[Shown], None], spoilt: Callable[[], None]) -> None:
        self.codec = ""
        self.spoilt = 0
        self._show, self._on_spoilt = show, spoilt
        self._packets: list[Arrived] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="decoding", daemon=True)

    @property
    def waiting(self) -> int:
        return len(self._packets)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Ends the thread after the picture in hand."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def put(self, arrived: Arrived) -> None:
        with self._changed:
            # what lies before a key picture that begins another stream need not be decoded, if it is late
            if arrived.key and len(self._packets) > 2 * 25:
                self._packets.clear()
            self._packets.append(arrived)
            self._changed.notify_all()

    def _next(self) -> Arrived | None:
        """The next packet, waited for; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._packets) or self._stopped)
            return None if self._stopped else self._packets.pop(0)

    def _run(self) -> None:
        first = self._next()
        while first is not None:
            if not first.key:
                first = self._next()
                continue
            try:
                first = self._stream(first)
            except Exception as error:
                # GenvcError says that the bytes are bad; whatever else comes must not end the call either
                if not isinstance(error, GenvcError):
                    print(f"genvc: unforeseen {type(error).__name__}: {error}")
                self.spoilt += 1
                self._on_spoilt()
                first = self._next()

    def _stream(self, first: Arrived) -> Arrived | None:
        """Decodes one stream from its key picture; the first packet of another stream, None at the end."""
        info, generated = unpack_header(first.header)
        _check(info)
        codec = decoder_for(info.codec, info.model)
        self.codec = info.codec
        begun = time.monotonic()
        after: Arrived | None = None

        def packets() -> Iterator[Packet]:
            nonlocal after, begun
            begun = time.monotonic()
            yield Packet(first.payload, first.number, True)
            while True:
                found = self._next()
                if found is None or (found.key and found.header != first.header):
                    after = found
                    return
                begun = time.monotonic()
                yield Packet(found.payload, found.number, found.key)

        for frame, points in _decoded(codec, packets(), info):
            self._show(Shown(frame.pts, frame.rgb, points, generated, time.monotonic() - begun))
        return after


def _decoded(
    codec: Codec, packets: Iterator[Packet], info: StreamInfo
) -> Iterator[tuple[Frame, Points | None]]:
    """Frames, with key points from a codec that has the method `decode_with_points`."""
    seen: Any = getattr(codec, "decode_with_points", None)
    if seen is not None:
        yield from seen(packets, info)
        return
    for frame in codec.decode(packets, info):
        yield frame, None


def _check(info: StreamInfo) -> None:
    """Raises Unsupported for a stream larger than calls are."""
    if max(info.width, info.height) > _LARGEST:
        raise Unsupported(f"a call of {info.width}x{info.height} is larger than {_LARGEST} a side")
