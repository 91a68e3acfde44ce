"""A codec inside another one's header: which one, with which model and params.

1 byte, n   length and name of the codec (ASCII)
1 byte, n   length and name of its model (ASCII, may be empty)
2 bytes, n  length (high byte first) and params
"""

from dataclasses import dataclass, replace

from .errors import CorruptStream
from .types import StreamInfo

__all__ = ["Inner", "pack", "unpack"]


@dataclass(frozen=True, slots=True)
class Inner:
    """What StreamInfo says of a codec but for size and rate."""

    codec: str
    model: str
    params: bytes

    def stream(self, outer: StreamInfo) -> StreamInfo:
        """With the size and rate of the outer stream."""
        return replace(outer, codec=self.codec, model=self.model, params=self.params)


def pack(inner: Inner) -> bytes:
    """The bytes that name a codec."""
    codec, model = inner.codec.encode(), inner.model.encode()
    found = bytes([len(codec)]) + codec + bytes([len(model)]) + model
    return found + len(inner.params).to_bytes(2, "big") + inner.params


def unpack(data: bytes, at: int, what: str) -> tuple[Inner, int]:
    """The codec named at that place, and the place after it. what: whose bytes these are, for errors.

    Raises CorruptStream.
    """
    fields: list[bytes] = []
    for width in (1, 1, 2):
        length = int.from_bytes(data[at : at + width], "big")
        field = data[at + width : at + width + length]
        if len(data) < at + width or len(field) < length:
            raise CorruptStream(f"{what} is cut short")
        fields.append(field)
        at += width + length
    try:
        return Inner(fields[0].decode("ascii"), fields[1].decode("ascii"), fields[2]), at
    except UnicodeDecodeError as error:
        raise CorruptStream(f"{what} names a codec in no known letters") from error
