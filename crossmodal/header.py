"""What a stream's header says to crossmodal alone: the version of its packets, and who is to paint them.

1 byte   version of the packets, 1
then     nothing, for the painter that comes along; or a model of `diffusers` (genvc/painter.py)
"""

from genvc import painter as painters
from genvc.errors import CorruptStream, Unsupported
from genvc.painter import Painter

__all__ = ["VERSION", "Painter", "pack", "unpack"]

VERSION = 1
_WHAT = "the header of crossmodal"


def pack(painter: Painter | None) -> bytes:
    """The header's params."""
    return bytes([VERSION]) + (b"" if painter is None else painters.pack(painter))


def unpack(params: bytes) -> Painter | None:
    """The mirror of pack; raises CorruptStream, or Unsupported for packets of a later version."""
    if not params:
        raise CorruptStream(f"{_WHAT} is empty")
    if params[0] != VERSION:
        raise Unsupported(f"packets of crossmodal version {params[0]}; this genvc reads version {VERSION}")
    if len(params) == 1:
        return None
    painter, at = painters.unpack(params, 1, _WHAT)
    if at != len(params):
        raise CorruptStream(f"{_WHAT} has more bytes than it needs")
    return painter
