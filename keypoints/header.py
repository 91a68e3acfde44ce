"""What the stream's header says to keypoints alone: the version of its packets and the key-picture codec.

1 byte   version of the packets, 1
3 times  a length byte (2 bytes, high first, for the last) and that many bytes:
         the key codec's name, its model, its params
"""

from dataclasses import dataclass

from genvc.errors import CorruptStream, Unsupported

__all__ = ["VERSION", "KeyPictures", "pack", "unpack"]

VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyPictures:
    """The codec of the reference pictures, as StreamInfo would name it."""

    codec: str
    model: str
    params: bytes


def pack(key: KeyPictures) -> bytes:
    """The header's params."""
    codec, model = key.codec.encode(), key.model.encode()
    found = bytes([VERSION, len(codec)]) + codec + bytes([len(model)]) + model
    return found + len(key.params).to_bytes(2, "big") + key.params


def unpack(params: bytes) -> KeyPictures:
    """The mirror of pack; raises CorruptStream, or Unsupported for packets of a later version."""
    if not params:
        raise CorruptStream("the header of keypoints is empty")
    if params[0] != VERSION:
        raise Unsupported(f"packets of keypoints version {params[0]}; this genvc reads version {VERSION}")
    at = 1
    fields: list[bytes] = []
    for width in (1, 1, 2):
        length = int.from_bytes(params[at : at + width], "big")
        field = params[at + width : at + width + length]
        if len(params) < at + width or len(field) < length:
            raise CorruptStream("the header of keypoints is cut short")
        fields.append(field)
        at += width + length
    if at != len(params):
        raise CorruptStream("the header of keypoints has bytes that mean nothing")
    if fields[0] == b"keypoints":
        raise CorruptStream("the header of keypoints names keypoints as the codec of its references")
    try:
        return KeyPictures(fields[0].decode("ascii"), fields[1].decode("ascii"), fields[2])
    except UnicodeDecodeError as error:
        raise CorruptStream("the header of keypoints names a codec in no known letters") from error
