"""The short form of a stream that is one key packet at time 0, without group and end.

    single = "GVC" version=02 number(size of body) body flags number(length) payload check

The body is that of version 1 without extensions; flags: 1 for pictures that are generated. The check is over
everything before it. Nothing follows.
"""

import zlib
from typing import Final

from ..errors import CorruptStream
from ..types import Packet, StreamInfo
from . import layout as bits

__all__ = ["VERSION", "fits", "flags_of", "pack"]

VERSION: Final = 2
_GENERATED: Final = 1


def fits(packets: list[Packet]) -> bool:
    """Whether the short form can hold these packets."""
    if len(packets) != 1:
        return False
    (packet,) = packets
    return packet.key and packet.track == 0 and packet.pts == 0 and len(packet.payload) <= bits.MAX_PAYLOAD


def pack(info: StreamInfo, packet: Packet, generated: bool) -> bytes:
    """The whole stream; BadInput for values beyond the limits."""
    whole = bits.pack_header(info)
    # the body and its length are version 1's
    body = whole[len(bits.MAGIC) + 1 : -4]
    head = bits.MAGIC + bytes([VERSION]) + body + bytes([_GENERATED * generated])
    data = head + bits.pack_number(len(packet.payload)) + packet.payload
    return data + bits.pack_check(zlib.crc32(data))


def flags_of(flags: int, extended: bool) -> bool:
    """Whether pictures are generated; CorruptStream for flags that nobody writes, or for extensions."""
    if flags & ~_GENERATED or extended:
        raise CorruptStream("the short form of a stream holds something that it cannot")
    return bool(flags & _GENERATED)
