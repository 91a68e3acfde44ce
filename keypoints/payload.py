"""A packet's bytes: coded numbers, with or without the pixels of a reference picture before them.

A packet that only moves things is shorter than 200 bytes and is nothing but coded numbers. Key packets,
and all packets of 200 bytes or more, begin with the length of a reference picture as a varint (7 bits a
byte, low first) and its bytes; the numbers follow. Thus the many small packets pay nothing for the few.
"""

from genvc.errors import CorruptStream

__all__ = ["join", "split"]

_SHORT = 200


def join(pixels: bytes, numbers: bytes, key: bool) -> bytes:
    """The payload. pixels: of the reference that the packet brings, or empty."""
    if not key and not pixels and len(numbers) < _SHORT:
        return numbers
    found = _varint(len(pixels)) + pixels + numbers
    # a very small picture: trailing zeros change nothing, the range decoder reads zeros past the end
    return found if key else found.ljust(_SHORT, b"\0")


def split(payload: bytes, key: bool) -> tuple[bytes, bytes]:
    """Pixels (empty when the packet brings none) and numbers; raises CorruptStream."""
    if not key and len(payload) < _SHORT:
        return b"", payload
    length = shift = at = 0
    while True:
        if at >= len(payload) or shift > 28:
            raise CorruptStream("a packet ends inside the length of its reference picture")
        length |= (payload[at] & 0x7F) << shift
        shift += 7
        at += 1
        if payload[at - 1] < 0x80:
            break
    if length > len(payload) - at:
        raise CorruptStream("a packet ends inside its reference picture")
    numbers = payload[at + length :]
    # zeros at the end can only be the filling of join: the coder's own bytes never end in one
    return payload[at : at + length], numbers if key else numbers.rstrip(b"\0")


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
