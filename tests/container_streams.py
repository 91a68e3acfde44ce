"""Streams for the tests of the container."""

import io
import random
from collections.abc import Iterator
from fractions import Fraction

from genvc import container
from genvc.types import Packet, StreamInfo

INFO = StreamInfo("keypoints", "face-basis@0123abcd", 256, 192, Fraction(30000, 1001), b"params")


def clip(frames: int, gop: int = 10, size: int = 12) -> Iterator[Packet]:
    for pts in range(frames):
        key = pts % gop == 0
        yield Packet(random.Random(pts).randbytes(300 if key else size), pts, key)


def written(
    packets: list[Packet], info: StreamInfo = INFO, tracks: tuple[container.Track, ...] = ()
) -> bytes:
    file = io.BytesIO()
    container.write(file, info, packets, tracks)
    return file.getvalue()


def consume(data: bytes, verify: bool = True) -> list[Packet]:
    return list(container.read(io.BytesIO(data), verify)[1])


SMALL = [Packet(b"key", 3, True), Packet(b"", 4), Packet(b"abc", 7), Packet(b"K", 8, True), Packet(b"de", 9)]
