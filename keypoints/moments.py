"""The integers of a stream, packet by packet, and back to packets: each other's mirror."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genvc.errors import CorruptStream
from genvc.types import Packet, StreamInfo

from . import payload
from .motion import Grid
from .structure import FaceBasis
from .syntax import PictureRecord, Reader, ReferenceRecord, State, Writer, picture, reference

__all__ = ["LARGEST", "SMALLEST", "Moment", "read", "write"]

SMALLEST, LARGEST = 16, 4096
"""Pixels a side of the pictures that keypoints codes."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One packet's integers. reference and pixels: of the reference it brings, if any."""

    pts: int
    key: bool
    picture: PictureRecord
    reference: ReferenceRecord | None = None
    pixels: bytes = b""


def read(packets: Iterable[Packet], info: StreamInfo, basis: FaceBasis) -> Iterator[Moment]:
    """The moments of a stream, at once; raises CorruptStream, also for sizes that keypoints does not code."""
    if not SMALLEST <= min(info.width, info.height) <= max(info.width, info.height) <= LARGEST:
        raise CorruptStream(f"a stream of key points of {info.width}x{info.height} is not possible")
    grid = Grid(info.width, info.height)
    state: State | None = None
    for packet in packets:
        if packet.track != 0:
            continue
        if packet.key:
            state = State.start(basis.expression, basis.identity)
        if state is None:
            raise CorruptStream("the stream does not begin with a key packet")
        pixels, numbers = payload.split(packet.payload, packet.key)
        if packet.key and not pixels:
            raise CorruptStream("a key packet brings no reference picture")
        reader = Reader(numbers)
        brought = reference(reader, state, grid, None) if pixels else None
        shown = picture(reader, state, None)
        reader.coder.finish()
        yield Moment(packet.pts, packet.key, shown, brought, pixels)


def write(moments: Iterable[Moment], info: StreamInfo, basis: FaceBasis) -> Iterator[Packet]:
    """The packets of moments, the mirror of read."""
    grid = Grid(info.width, info.height)
    state: State | None = None
    for moment in moments:
        if moment.key or state is None:
            state = State.start(basis.expression, basis.identity)
        writer = Writer()
        if moment.reference is not None:
            reference(writer, state, grid, moment.reference)
        picture(writer, state, moment.picture)
        numbers = writer.coder.finish()
        yield Packet(payload.join(moment.pixels, numbers, moment.key), moment.pts, moment.key)
