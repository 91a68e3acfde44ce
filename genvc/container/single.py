"""The short form of a stream that is one key packet at time 0, without group and end.

    single = "GVC" version=03 flags number(size of body) body number(length) payload check
    body   = number(width) number(height) [rate] name(codec) model bytes(params)

flags: 1 for pictures that are generated; 2 where the rate is said, which else is 1; 4 where the model is
named after the codec: what follows the codec's name, and the four bytes of its hash, in place of the whole
name. The check is over everything before it. Nothing follows. Version 2 was another such form, which no
release ever wrote.
"""

import re
import zlib
from fractions import Fraction
from typing import Final

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import Packet, StreamInfo
from . import layout as bits

__all__ = ["VERSION", "fits", "pack", "shortened", "unpack"]

VERSION: Final = 3
GENERATED, RATED, NAMED_AFTER = 1, 2, 4
_HASH = re.compile(r"@[0-9a-f]{8}")


def fits(packets: list[Packet]) -> bool:
    """Whether the short form can hold these packets."""
    if len(packets) != 1:
        return False
    (packet,) = packets
    return packet.key and packet.track == 0 and packet.pts == 0 and len(packet.payload) <= bits.MAX_PAYLOAD


def pack(info: StreamInfo, packet: Packet, generated: bool) -> bytes:
    """The whole stream; BadInput for values beyond the limits."""
    bits.check_info(info)
    after = shortened(info.codec, info.model)
    body = bits.pack_number(info.width) + bits.pack_number(info.height)
    if info.fps != 1:
        body += bits.pack_number(info.fps.numerator) + bits.pack_number(info.fps.denominator)
    body += bits.pack_bytes(info.codec.encode())
    body += bits.pack_bytes(info.model.encode()) if after is None else after
    body += bits.pack_bytes(info.params)
    flags = GENERATED * generated | RATED * (info.fps != 1) | NAMED_AFTER * (after is not None)
    data = bits.MAGIC + bytes([VERSION, flags]) + bits.pack_bytes(body)
    data += bits.pack_bytes(packet.payload)
    return data + bits.pack_check(zlib.crc32(data))


def shortened(codec: str, model: str) -> bytes | None:
    """A model's name where it can be said after the codec's; else None."""
    if not model.startswith(codec) or not _HASH.fullmatch(model[-9:]) or len(model) < len(codec) + 9:
        return None
    return bits.pack_bytes(model[len(codec) : -9].encode()) + bytes.fromhex(model[-8:])


def unpack(flags: int, body: bytes) -> bits.Header:
    """The mirror of pack(), of flags and body; raises CorruptStream, Unsupported."""
    if flags & ~(GENERATED | RATED | NAMED_AFTER):
        raise CorruptStream("the short form of a stream says what nobody writes")
    cursor = bits.Cursor(body)
    width, height = cursor.number(), cursor.number()
    rate = bits.unpack_rate(cursor) if flags & RATED else Fraction(1)
    codec = cursor.name()
    model = cursor.name()
    if flags & NAMED_AFTER:
        model = f"{codec}{model}@{cursor.take(4).hex()}"
    info = StreamInfo(codec, model, width, height, rate, cursor.bytes(bits.MAX_PARAMS, "params"))
    if not cursor.at_end():
        raise CorruptStream("the short form of a stream holds something that it cannot")
    # what can be said shorter is: a stream is written in one way only
    if bool(flags & RATED) == (rate == 1) or bool(flags & NAMED_AFTER) == (shortened(codec, model) is None):
        raise CorruptStream("the short form of a stream is longer than it need be")
    try:
        bits.check_info(info)
    except BadInput as error:
        raise Unsupported(f"the header asks for too much: {error}") from None
    return bits.Header(info, [], bool(flags & GENERATED))
