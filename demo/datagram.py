"""What goes over the wire: pictures in pieces, sound, and the receiver's reports.

    picture  1 byte  0, +8 key picture, +16 in pieces
             2 bytes number of the picture
             [2 bytes place and count of the piece]
             body; of a key picture (all pieces joined): 2 bytes and the stream's header, then the payload
    sound    1 byte  1;  2 bytes number;  one Opus packet
    report   1 byte  2, +8 a key picture is wanted
             2 bytes number of the last picture seen;  1 byte pictures that wait for the decoder
             2 bytes time of the report in ms;  2 bytes round trip in ms as the reporter knows it
             1 byte count;  2 bytes number, for each picture that is missing
    echo     1 byte  3;  2 bytes time of the report that is answered
    bye      1 byte  4
    linked   1 byte  5;  a datagram of genvc.loss, where pictures are sent with repair: its packets have a
             picture's number for their time, and its body for their payload

Numbers have the high byte first and begin again after 65535. A header is that of a .gvc file.
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from genvc import container
from genvc.container import layout
from genvc.errors import CorruptStream, GenvcError
from genvc.types import StreamInfo

__all__ = [
    "BYE",
    "MOST_MISSING",
    "PIECE",
    "WRAP",
    "Echo",
    "Linked",
    "Piece",
    "Report",
    "Sound",
    "after",
    "body_of",
    "pack_echo",
    "pack_header",
    "pack_linked",
    "pack_picture",
    "pack_report",
    "pack_sound",
    "unpack",
    "unpack_header",
    "unpack_key",
]

WRAP = 1 << 16
PIECE = 1200
"""Bytes of a body at most: with all heads it fits the packets of nearly every path."""
MOST_MISSING = 32
_PICTURE, _SOUND, _REPORT, _ECHO, _BYE, _LINKED = range(6)
_KEY, _PIECES = 8, 16
_MOST_PIECES = 255
BYE = bytes([_BYE])


@dataclass(frozen=True, slots=True)
class Piece:
    """A picture or a part of it: `place` of `count`."""

    number: int
    key: bool
    place: int
    count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Sound:
    number: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """last: number of the newest picture seen. waiting: pictures the decoder has not taken yet.
    stamp, round_trip: ms, below 65536. missing: numbers to be sent again."""

    last: int
    waiting: int
    stamp: int
    round_trip: int
    key_wanted: bool = False
    missing: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class Echo:
    stamp: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A datagram of genvc.loss."""

    body: bytes


def after(number: int, near: int) -> int:
    """The count whose low 16 bits are `number`, nearest to the count `near`."""
    found = near + (number - near) % WRAP
    return found - WRAP if found - near >= WRAP // 2 else found


def body_of(key: bool, payload: bytes, header: bytes) -> bytes:
    """What is sent of a packet; key pictures carry the stream's header."""
    return len(header).to_bytes(2, "big") + header + payload if key else payload


def pack_picture(number: int, key: bool, payload: bytes, header: bytes = b"") -> list[bytes]:
    """The datagrams of one packet of a codec; key pictures carry the stream's header."""
    body = body_of(key, payload, header)
    head = _PICTURE | _KEY * key
    if len(body) <= PIECE:
        return [struct.pack(">BH", head, number % WRAP) + body]
    parts = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    if len(parts) > _MOST_PIECES:
        raise GenvcError(f"a picture of {len(body)} bytes is too large for a call")
    return [
        struct.pack(">BHBB", head | _PIECES, number % WRAP, place, len(parts)) + part
        for place, part in enumerate(parts)
    ]


def pack_sound(number: int, body: bytes) -> bytes:
    return struct.pack(">BH", _SOUND, number % WRAP) + body


def pack_report(report: Report) -> bytes:
    missing = [number % WRAP for number in report.missing[:MOST_MISSING]]
    head = _REPORT | _KEY * report.key_wanted
    waiting, trip = min(report.waiting, 255), min(report.round_trip, WRAP - 1)
    numbers = struct.pack(f">{len(missing)}H", *missing)
    fixed = struct.pack(">BHBHHB", head, report.last % WRAP, waiting, report.stamp % WRAP, trip, len(missing))
    return fixed + numbers


def pack_linked(datagram: bytes) -> bytes:
    return bytes([_LINKED]) + datagram


def pack_echo(stamp: int) -> bytes:
    return struct.pack(">BH", _ECHO, stamp % WRAP)


def unpack(data: bytes) -> Piece | Sound | Report | Echo | Linked | None:
    """What a datagram says, None for a farewell; raises CorruptStream for what nobody sends."""
    try:
        kind = data[0] & 7
        if kind == _PICTURE:
            return _piece(data)
        elif kind == _SOUND:
            return Sound(struct.unpack_from(">H", data, 1)[0], data[3:])
        elif kind == _REPORT:
            _, last, waiting, stamp, trip, count = struct.unpack_from(">BHBHHB", data)
            missing = struct.unpack_from(f">{min(count, MOST_MISSING)}H", data, 9)
            return Report(last, waiting, stamp, trip, bool(data[0] & _KEY), missing)
        elif kind == _ECHO:
            return Echo(struct.unpack_from(">H", data, 1)[0])
        elif kind == _LINKED:
            return Linked(data[1:])
        elif data == BYE:
            return None
    except (IndexError, struct.error) as error:
        raise CorruptStream("a datagram is cut short") from error
    raise CorruptStream("a datagram of no known kind")


def _piece(data: bytes) -> Piece:
    (number,) = struct.unpack_from(">H", data, 1)
    key = bool(data[0] & _KEY)
    if not data[0] & _PIECES:
        return Piece(number, key, 0, 1, data[3:])
    place, count = data[3], data[4]
    if place >= count:
        raise CorruptStream("a datagram is a piece that cannot be")
    return Piece(number, key, place, count, data[5:])


def pack_header(info: StreamInfo, generated: bool) -> bytes:
    """The header that key pictures carry."""
    return layout.pack_header(info, [layout.GENERATED] * generated)


def unpack_header(header: bytes) -> tuple[StreamInfo, bool]:
    """The stream, and whether a network paints what is shown; raises CorruptStream, Unsupported."""
    reader = container.Reader(io.BytesIO(header))
    return reader.info, reader.generated


def unpack_key(body: bytes) -> tuple[bytes, bytes]:
    """Header and payload of a key picture; raises CorruptStream."""
    size = int.from_bytes(body[:2], "big")
    if len(body) < 2 + size:
        raise CorruptStream("a key picture is cut short")
    return body[2 : 2 + size], body[2 + size :]
