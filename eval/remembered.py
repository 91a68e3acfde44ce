"""A codec that codes no picture and decodes no packet twice, for many calls of one clip.

What is remembered hangs on what a codec promises: an encoder started at a picture codes those after it
always alike, and a decoder shows the packets since a key packet always alike.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from genvc.types import Codec, Frame, Packet, StreamInfo

__all__ = ["Remembered"]


@dataclass(slots=True)
class _Coded:
    """What an encoder that was started at some picture gave, and the encoder, which can go on."""

    packets: list[Packet] = field(default_factory=list)
    waiting: deque[Frame] = field(default_factory=deque)
    source: Iterator[Packet] | None = None

    def frames(self) -> Iterator[Frame]:
        while self.waiting:
            yield self.waiting.popleft()


class Remembered:
    """Of low delay, one packet a picture, as `eval.call` wants it; for one clip, known by its times."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._coded: dict[int, _Coded] = {}
        self._shown: dict[bytes, Frame] = {}

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The codec's own."""
        return self._codec.describe(width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """The codec's packets."""
        run: _Coded | None = None
        for place, frame in enumerate(frames):
            if run is None:
                if frame.pts not in self._coded:
                    made = self._coded[frame.pts] = _Coded()
                    made.source = iter(self._codec.encode(made.frames(), info))
                run = self._coded[frame.pts]
            if place == len(run.packets):
                run.waiting.append(frame)
                packet = None if run.source is None else next(run.source, None)
                if packet is None:
                    return
                run.packets.append(packet)
            yield run.packets[place]

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """The codec's frames."""
        name = b""
        since: list[Packet] = []  # the packets from the last key packet on that the decoder has not seen
        waiting: deque[Packet] = deque()
        decoder: Iterator[Frame] | None = None
        for packet in packets:
            if packet.key:
                name, since, decoder = b"", [], None
            facts = f"{packet.pts} {packet.key} ".encode() + packet.payload
            name = hashlib.sha256(name + facts).digest()
            since.append(packet)
            if name not in self._shown:
                if decoder is None:
                    decoder = iter(self._codec.decode(_drained(waiting), info))
                frame = None
                for one in since:
                    waiting.append(one)
                    frame = next(decoder, None)
                since.clear()
                if frame is None:
                    return
                self._shown[name] = frame
            yield self._shown[name]


def _drained(waiting: deque[Packet]) -> Iterator[Packet]:
    while waiting:
        yield waiting.popleft()
