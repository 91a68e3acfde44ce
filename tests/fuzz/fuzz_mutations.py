"""Mutations of .gvc streams: fields, records and payloads changed one by one, lengths and checksums repaired.

A mutation that only flips bits dies at the first checksum. These take a stream apart, change what it says and
write it again as a malicious writer would, so that what lies behind the checks is reached too.
"""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

from genvc.container import Reader, single
from genvc.container import layout as bits
from genvc.errors import GenvcError

__all__ = ["mutated", "payload_mutated"]

NUMBERS = (
    0,
    1,
    2,
    3,
    15,
    16,
    17,
    31,
    63,
    126,
    127,
    128,
    255,
    4095,
    4096,
    16384,
    16385,
    1 << 24,
    (1 << 26) + 1,
)
HUGE = (1 << 31, (1 << 62) - 1, 1 << 62, (1 << 63) - 1)
SIDES = (1, 2, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65, 96, 128)
CODECS = (b"keypoints", b"predictive", b"conceptual", b"crossmodal", b"avif", b"auto")
NAMES = (*CODECS, b"", b"none", b"KEY", b"../x", b"a" * 65, b"\xff")
EXTENSIONS = (b"track", b"generated", b"encrypted", b"odd", b"")
HEADS = (0x7F, 0x80, 0x81, 0x83, 0x87, 0x88, 0xA0, 0xA1, 0xA2, 0xA3, 0xC0, 0xFF)


@dataclass(slots=True)
class _Packet:
    payload: bytes
    pts: int
    key: bool
    track: int


@dataclass(slots=True)
class _Parts:
    """A stream taken apart. raw: bytes put in before a group's end; off: added to what the end says; short:
    in the short form, with the first packet alone."""

    width: int
    height: int
    fps: tuple[int, int]
    codec: bytes
    model: bytes
    params: bytes
    extensions: list[tuple[bytes, int, bytes]]
    groups: list[list[_Packet]]
    raw: dict[int, bytes] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)
    off: tuple[int, int] = (0, 0)
    short: bool = False


def mutated(data: bytes, seed: int, most: int = 1 << 16) -> bytes:
    """Another stream; the same for the same data and seed. most: bytes of it."""
    source = random.Random(seed)
    if source.random() < 0.15:
        return payload_mutated(data, source)[:most]
    try:
        parts = _apart(data)
    except GenvcError:
        return payload_mutated(data, source)[:most]
    for _ in range(source.choice((1, 1, 1, 2, 3, 6))):
        source.choice(_CHANGES)(parts, source)
    made = _together(parts)
    if source.random() < 0.05:
        made = payload_mutated(made, source)
    return made[:most]


def payload_mutated(data: bytes, source: random.Random) -> bytes:
    """Bytes with something flipped, cut, put in, taken out or doubled."""
    out = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 4))):
        at = source.randrange(len(out) + 1)
        end = min(len(out), at + source.choice((1, 2, 4, 16, 64)))
        kind = source.randrange(8)
        if kind == 0 and out:
            out[at % len(out)] ^= 1 << source.randrange(8)
        elif kind == 1 and out:
            # the first bytes say lengths and kinds
            out[at % min(len(out), 6)] = source.choice((0, 1, 63, 64, 127, 128, 191, 192, 255))
        elif kind == 2:
            del out[at:]
        elif kind == 3:
            del out[at:end]
        elif kind == 4:
            out[at:at] = source.randbytes(source.choice((1, 2, 8, 60)))
        elif kind == 5:
            out[at:end] = source.randbytes(end - at)
        elif kind == 6:
            out[at:at] = out[at:end]
        else:
            out[at:end] = bytes([source.choice((0, 255))]) * (end - at)
    return bytes(out)


def _apart(data: bytes) -> _Parts:
    reader = Reader(BytesIO(data))
    info = reader.info
    extensions = [(one.name.encode(), 0, one.value) for one in map(bits.pack_track, reader.tracks)]
    if reader.generated:
        extensions.append((b"generated", 0, b""))
    groups: list[list[_Packet]] = []
    try:
        for piece in reader.pieces():
            if piece.kind == "group":
                groups.append([])
            if piece.packet is not None:
                one = piece.packet
                groups[-1].append(_Packet(one.payload, one.pts, one.key, one.track))
    except GenvcError:
        if not groups:
            raise
    fps = (info.fps.numerator, info.fps.denominator)
    model = info.model.encode()
    parts = _Parts(info.width, info.height, fps, info.codec.encode(), model, info.params, extensions, groups)
    parts.short = data[len(bits.MAGIC)] == single.VERSION
    return parts


def _together(parts: _Parts) -> bytes:
    body = bits.pack_number(parts.width) + bits.pack_number(parts.height)
    rate = b"".join(map(bits.pack_number, parts.fps))
    if parts.short:
        after = single.shortened(parts.codec.decode("latin-1"), parts.model.decode("latin-1"))
        flags = sum(flags for _, flags, _ in parts.extensions) & 255
        flags ^= 2 * (parts.fps != (1, 1)) | 4 * (after is not None)
        body += rate * (parts.fps != (1, 1)) + bits.pack_bytes(parts.codec)
        body += (bits.pack_bytes(parts.model) if after is None else after) + bits.pack_bytes(parts.params)
        first = next((group[0].payload for group in parts.groups if group), b"")
        out = bits.MAGIC + bytes([single.VERSION, flags]) + bits.pack_bytes(body) + bits.pack_bytes(first)
        return out + bits.pack_check(zlib.crc32(out))
    body += rate + b"".join(map(bits.pack_bytes, (parts.codec, parts.model, parts.params)))
    for name, flags, value in parts.extensions:
        body += bits.pack_bytes(name) + bytes([flags]) + bits.pack_bytes(value)
    out = bits.MAGIC + bytes([bits.VERSION]) + bits.pack_bytes(body)
    seed = zlib.crc32(out)
    out += bits.pack_check(seed)
    for number, packets in enumerate(parts.groups):
        time = next((one.pts for one in packets if one.track == 0), 0)
        group = bytes([parts.marks.get(number, bits.GROUP)]) + bits.SYNC + bits.pack_number(number)
        group += bits.pack_number(max(0, time))
        expected = {0: max(0, time)}
        for one in packets:
            jump = one.pts - expected.get(one.track, 0)
            expected[one.track] = one.pts + 1
            flags = bits.PACKET | bits.KEY * one.key | bits.HAS_TRACK * (one.track > 0)
            flags |= bits.HAS_JUMP * (jump != 0)
            group += bytes([flags]) + (bits.pack_number(one.track) if one.track else b"")
            group += bits.pack_signed(jump) if jump else b""
            group += bits.pack_bytes(one.payload)
        group += parts.raw.get(number, b"") + bytes([bits.CHECK])
        out += group + bits.pack_check(zlib.crc32(group, seed))
    counts = len(parts.groups) + parts.off[0], sum(map(len, parts.groups)) + parts.off[1]
    end = bytes([bits.END]) + b"".join(bits.pack_number(max(0, count)) for count in counts)
    return out + end + bits.pack_check(zlib.crc32(end, seed))


# ---------------------------------------------------------------- what can be changed


def _size(parts: _Parts, source: random.Random) -> None:
    parts.width = source.choice((parts.width, source.choice(SIDES), source.choice(SIDES)))
    parts.height = source.choice((parts.height, source.choice(SIDES), source.choice(NUMBERS + HUGE)))


def _rate(parts: _Parts, source: random.Random) -> None:
    parts.fps = (source.choice(NUMBERS + HUGE), source.choice(NUMBERS + HUGE))


def _names(parts: _Parts, source: random.Random) -> None:
    if source.random() < 0.5:
        parts.codec = source.choice(NAMES)
    else:
        parts.model = source.choice((b"", parts.model[:-1] + b"0", parts.model.partition(b"@")[0], *NAMES))


def _params(parts: _Parts, source: random.Random) -> None:
    parts.params = payload_mutated(parts.params, source)


def _extension(parts: _Parts, source: random.Random) -> None:
    value = source.choice((b"", source.randbytes(9), b"\4opus\x32\1\0", b"\0" * 300))
    parts.extensions.append((source.choice(EXTENSIONS), source.choice((0, 0, 1, 2, 255)), value))


def _payload(parts: _Parts, source: random.Random) -> None:
    one = _some_packet(parts, source)
    if one is not None:
        one.payload = payload_mutated(one.payload, source)


def _splice(parts: _Parts, source: random.Random) -> None:
    one, other = _some_packet(parts, source), _some_packet(parts, source)
    if one is not None and other is not None:
        at = source.randrange(len(one.payload) + 1)
        one.payload = one.payload[:at] + other.payload[at:]


def _facts(parts: _Parts, source: random.Random) -> None:
    one = _some_packet(parts, source)
    if one is None:
        return
    kind = source.randrange(3)
    if kind == 0:
        one.pts = max(0, one.pts + source.choice((-40, -2, -1, 1, 2, 7, 1 << 40, *HUGE)))
    elif kind == 1:
        one.key = not one.key
    else:
        one.track = source.choice((0, 1, 2, 8, 255, 256, 1 << 40))


def _order(parts: _Parts, source: random.Random) -> None:
    if not parts.groups:
        return
    group = source.choice(parts.groups)
    if not group:
        return
    at = source.randrange(len(group))
    kind = source.randrange(4)
    if kind == 0:
        del group[at]
    elif kind == 1:
        group.insert(source.randrange(len(group) + 1), group[at])
    elif kind == 2:
        group.append(group.pop(at))
    else:
        group.reverse()


def _groups(parts: _Parts, source: random.Random) -> None:
    if not parts.groups:
        return
    at = source.randrange(len(parts.groups))
    kind = source.randrange(4)
    if kind == 0:
        del parts.groups[at]
    elif kind == 1:
        parts.groups.append(parts.groups[at])
    elif kind == 2:
        parts.groups.insert(at, [])
    else:
        parts.marks[at] = source.choice((0xA0, 0xA1, 0xA4))


def _record(parts: _Parts, source: random.Random) -> None:
    number = bits.pack_number(source.choice(NUMBERS + HUGE))
    raw = bytes([source.choice(HEADS)]) + source.choice((b"", number, number + number, source.randbytes(5)))
    parts.raw[source.randrange(max(1, len(parts.groups)))] = raw


def _end(parts: _Parts, source: random.Random) -> None:
    parts.off = (source.choice((-1, 0, 1)), source.choice((-1, 0, 1, 1 << 40)))


def _short(parts: _Parts, source: random.Random) -> None:
    parts.short = not parts.short


def _some_packet(parts: _Parts, source: random.Random) -> _Packet | None:
    filled = [group for group in parts.groups if group]
    return source.choice(source.choice(filled)) if filled else None


_Change = Callable[[_Parts, random.Random], None]
# what lies in packets is most of what a decoder does
_CHANGES: list[_Change] = [
    *5 * [_payload],
    *2 * [_splice],
    *2 * [_facts],
    *2 * [_order],
    _size,
    _rate,
    _names,
    _params,
    _extension,
    _groups,
    _record,
    _end,
    _short,
]
