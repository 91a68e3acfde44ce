"""The words of a stream, read without painting anything."""

from collections.abc import Iterable, Iterator

from genvc.types import Note, Packet, StreamInfo

from . import header
from .syntax import read_text

__all__ = ["notes"]


def notes(packets: Iterable[Packet], info: StreamInfo) -> Iterator[Note]:
    """A note for each scene that has words; raises CorruptStream, Unsupported."""
    header.unpack(info.params)
    for packet in packets:
        if packet.track == 0 and packet.payload:
            text = read_text(packet.payload)
            if text:
                yield Note(packet.pts, text)
