"""What the stream's header says to keypoints alone: the version of its packets and the key-picture codec.

1 byte   version of the packets, 1
then     the key codec as genvc.inner writes it: its name, its model, its params
"""

from genvc import inner
from genvc.errors import CorruptStream, Unsupported
from genvc.inner import Inner

__all__ = ["NEVER", "VERSION", "pack", "unpack"]

VERSION = 1
NEVER = ("keypoints", "auto")
"""No codecs of key pictures: they would have key pictures themselves, and so on."""


def pack(key: Inner) -> bytes:
    """The header's params."""
    return bytes([VERSION]) + inner.pack(key)


def unpack(params: bytes) -> Inner:
    """The mirror of pack; raises CorruptStream, or Unsupported for packets of a later version."""
    if not params:
        raise CorruptStream("the header of keypoints is empty")
    if params[0] != VERSION:
        raise Unsupported(f"packets of keypoints version {params[0]}; this genvc reads version {VERSION}")
    key, at = inner.unpack(params, 1, "the header of keypoints")
    if at != len(params):
        raise CorruptStream("the header of keypoints has bytes that mean nothing")
    if key.codec in NEVER:
        raise CorruptStream(f"the header of keypoints names {key.codec} as the codec of its references")
    return key
