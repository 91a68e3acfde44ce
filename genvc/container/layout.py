"""The fields of the container: limits, numbers, names and the header, packed and unpacked."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import StreamInfo

MAGIC: Final = b"GVC"
VERSION: Final = 1

MAX_SIDE: Final = 1 << 14
MAX_PIXELS: Final = 1 << 26
MAX_FPS: Final = 1000
MAX_FPS_PART: Final = 1 << 31
MAX_NAME: Final = 64
MAX_PARAMS: Final = 1 << 16
MAX_EXTENSIONS: Final = 64
MAX_HEADER: Final = 1 << 20
MAX_PAYLOAD: Final = 1 << 24
MAX_TRACK: Final = 255
MAX_TRACKS: Final = 8
MAX_PTS: Final = 1 << 62
MAX_GROUP_RECORDS: Final = 4096
MAX_GROUP_BYTES: Final = 1 << 25
"""A reader that checks before it yields holds one group, so a group's size is its memory."""

# Head bytes. 0 to 126 is a packet of that many bytes with nothing to say about itself.
LONG: Final = 127  # such a packet, 127 + varint bytes long
PACKET: Final = 0x80  # a packet that says more, plus these flags
KEY: Final = 1
HAS_TRACK: Final = 2
HAS_JUMP: Final = 4
GROUP: Final = 0xA0
CONTINUED: Final = 0xA1
CHECK: Final = 0xA2
END: Final = 0xA3
EXTENSION: Final = 0xC0

SYNC: Final = b"GV"
REQUIRED: Final = 1

_NAME: Final = re.compile(rf"[a-z0-9._@+-]{{1,{MAX_NAME}}}")


@dataclass(frozen=True, slots=True)
class Track:
    """A side track, such as sound: packets with track = 1 belong to the first one, and so on.

    codec: a name, as StreamInfo.codec. rate: ticks of the track's pts per second. params: bytes that
    only that codec reads.
    """

    codec: str
    rate: Fraction
    params: bytes = b""


@dataclass(frozen=True, slots=True)
class Extension:
    """A named piece of data; a reader that does not know the name skips it unless it is required."""

    name: str
    value: bytes
    required: bool = False


# ---------------------------------------------------------------- numbers and byte strings


def pack_number(value: int) -> bytes:
    """0 to 2^63 - 1 as 1 to 9 bytes, seven bits each, lowest first, bit 7 set on all but the last."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def pack_signed(value: int) -> bytes:
    """An integer as pack_number(2 value), or as pack_number(-2 value - 1) when negative."""
    return pack_number(2 * value if value >= 0 else -2 * value - 1)


def pack_bytes(value: bytes) -> bytes:
    """The length, then the bytes."""
    return pack_number(len(value)) + value


class Cursor:
    """Reads fields from bytes that are already there; CorruptStream where they end too early."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise CorruptStream("a field reaches beyond the end of what holds it")
        self._at += count
        return self._data[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def number(self) -> int:
        """The next number; there is one way only to write each."""
        value = 0
        for shift in range(0, 63, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    raise CorruptStream("a number is written longer than it need be")
                return value
        raise CorruptStream("a number is longer than nine bytes")

    def signed(self) -> int:
        value = self.number()
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def bytes(self, limit: int, what: str) -> bytes:
        count = self.number()
        if count > limit:
            raise CorruptStream(f"{what} is said to have {count} bytes, more than {limit}")
        return self.take(count)

    def name(self) -> str:
        raw = self.bytes(MAX_NAME, "a name")
        name = raw.decode("latin-1")
        if raw and not _NAME.fullmatch(name):
            raise CorruptStream("a name has characters beyond a-z 0-9 . _ @ + -")
        return name

    def at_end(self) -> bool:
        return self._at == len(self._data)


# ---------------------------------------------------------------- extensions and side tracks


def pack_extension(extension: Extension) -> bytes:
    """Name, flags, value: the same in the header and between packets."""
    flags = bytes([REQUIRED if extension.required else 0])
    return pack_bytes(extension.name.encode()) + flags + pack_bytes(extension.value)


GENERATED: Final = Extension("generated", b"")
"""Says that a network paints what is shown: it may not have looked like that."""


def unpack_extension(cursor: Cursor, limit: int) -> Extension:
    """The mirror of pack_extension."""
    name = cursor.name()
    required = unpack_flags(name, cursor.take(1)[0])
    return Extension(name, cursor.bytes(limit, f"the extension '{name}'"), required)


def unpack_flags(name: str, flags: int) -> bool:
    """Whether the extension of this name is required."""
    if not name or flags & ~REQUIRED:
        raise CorruptStream("an extension without a name or with flags that nobody writes")
    return bool(flags & REQUIRED)


def refuse_if_required(name: str, required: bool) -> None:
    """Unsupported when the stream cannot be read without an extension that we do not know."""
    if required:
        raise Unsupported(f"the stream needs '{name}', which this version of genvc does not have")


def pack_track(track: Track) -> Extension:
    check_name(track.codec, "a side track's codec")
    check_rate(track.rate, "a side track's rate", limit=MAX_FPS_PART)
    check_params(track.params)
    rate = pack_number(track.rate.numerator) + pack_number(track.rate.denominator)
    return Extension("track", pack_bytes(track.codec.encode()) + rate + pack_bytes(track.params))


def unpack_track(value: bytes) -> Track:
    cursor = Cursor(value)
    codec = cursor.name()
    rate = unpack_rate(cursor)
    track = Track(codec, rate, cursor.bytes(MAX_PARAMS, "a side track's params"))
    check_name(track.codec, "a side track's codec")
    check_rate(track.rate, "a side track's rate", limit=MAX_FPS_PART)
    return track


# ---------------------------------------------------------------- the header


def pack_header(info: StreamInfo, extensions: Sequence[Extension] = ()) -> bytes:
    """The header of a stream, its checksum included; BadInput for values beyond the limits."""
    check_info(info)
    body = b"".join(
        (
            pack_number(info.width),
            pack_number(info.height),
            pack_number(info.fps.numerator),
            pack_number(info.fps.denominator),
            pack_bytes(info.codec.encode()),
            pack_bytes(info.model.encode()),
            pack_bytes(info.params),
            *map(pack_extension, extensions),
        )
    )
    if len(body) > MAX_HEADER or len(extensions) > MAX_EXTENSIONS:
        raise BadInput("the header holds more than fits in it")
    head = MAGIC + bytes([VERSION]) + pack_bytes(body)
    return head + pack_check(zlib.crc32(head))


@dataclass(frozen=True, slots=True)
class Header:
    """generated: whether a network paints what is shown. encrypted: how the key is made, None for no key."""

    info: StreamInfo
    tracks: list[Track]
    generated: bool = False
    encrypted: bytes | None = None


def unpack_header(body: bytes) -> Header:
    """The mirror of pack_header, for a body whose checksum is right.

    Raises Unsupported for a required extension that we do not know or a size beyond our limits.
    """
    cursor = Cursor(body)
    width, height = cursor.number(), cursor.number()
    fps = unpack_rate(cursor)
    codec, model = cursor.name(), cursor.name()
    info = StreamInfo(codec, model, width, height, fps, cursor.bytes(MAX_PARAMS, "params"))
    tracks: list[Track] = []
    count, generated, encrypted = 0, False, None
    while not cursor.at_end():
        count += 1
        if count > MAX_EXTENSIONS:
            raise CorruptStream(f"the header has more than {MAX_EXTENSIONS} extensions")
        extension = unpack_extension(cursor, MAX_HEADER)
        if extension.name == GENERATED.name:
            generated = True
        elif extension.name == "encrypted":
            encrypted = extension.value
        elif extension.name != "track":
            refuse_if_required(extension.name, extension.required)
        elif len(tracks) == MAX_TRACKS:
            raise Unsupported(f"the stream has more than {MAX_TRACKS} side tracks")
        else:
            tracks.append(unpack_track(extension.value))
    try:
        check_info(info)
    except BadInput as error:
        raise Unsupported(f"the header asks for too much: {error}") from None
    return Header(info, tracks, generated, encrypted)


def unpack_rate(cursor: Cursor) -> Fraction:
    numerator, denominator = cursor.number(), cursor.number()
    if denominator == 0:
        raise CorruptStream("a rate is divided by zero")
    rate = Fraction(numerator, denominator)
    if rate.denominator != denominator:
        raise CorruptStream("a rate is not in lowest terms")
    return rate


def pack_check(crc: int) -> bytes:
    """CRC-32 as in zlib and PNG, four bytes, lowest first."""
    return crc.to_bytes(4, "little")


# ---------------------------------------------------------------- limits


def check_info(info: StreamInfo) -> None:
    """BadInput where a header could not say this."""
    if not (1 <= info.width <= MAX_SIDE and 1 <= info.height <= MAX_SIDE):
        raise BadInput(f"pictures are 1 to {MAX_SIDE} pixels wide and high, not {info.width}x{info.height}")
    if info.width * info.height > MAX_PIXELS:
        raise BadInput(f"{info.width}x{info.height} is more than {MAX_PIXELS} pixels")
    check_rate(info.fps, "the frame rate", limit=MAX_FPS)
    check_name(info.codec, "the codec")
    if info.model:
        check_name(info.model, "the model")
    check_params(info.params)


def check_name(name: str, what: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadInput(f"{what} is named with 1 to {MAX_NAME} of a-z 0-9 . _ @ + -, not {name!r}")


def check_rate(rate: Fraction, what: str, limit: int) -> None:
    if not 0 < rate <= limit or max(rate.numerator, rate.denominator) >= MAX_FPS_PART:
        raise BadInput(f"{what} is above 0 and at most {limit}, in parts below 2^31, not {rate}")


def check_params(params: bytes) -> None:
    if len(params) > MAX_PARAMS:
        raise BadInput(f"params of {len(params)} bytes are more than {MAX_PARAMS}")
