"""Bytes in pieces of which some may be lost: RaptorQ (RFC 6330), by the package raptorq.

    pieces = cut(body, count=4, repairs=4)    # any four of the eight will do, with rare exceptions
    joining = Joining(len(body), len(pieces[0]))
    for place, piece in ...: body = joining.add(place, piece)

The first `count` pieces are the bytes themselves; the code adds as many as are asked for after them.
"""

from importlib.util import find_spec
from typing import Any

from .errors import BadInput, CorruptStream

__all__ = ["Joining", "available", "cut"]

_STEP = 8
"""Sizes of pieces are multiples of it."""
_ID_BYTES = 4
_MOST_BYTES, _MOST_PIECES, _MOST_PLACE = 1 << 24, 1 << 10, 1 << 14


def available() -> bool:
    """Whether the package raptorq is installed."""
    return find_spec("raptorq") is not None


def cut(body: bytes, count: int, repairs: int) -> list[bytes]:
    """Pieces of one size: `count` of the bytes (or fewer, if they are few), then `repairs` that mend.

    The last one of the bytes is filled up with zeros. Raises BadInput for nothing, for more than 16 MiB or
    1024 pieces, and where the package raptorq is missing.
    """
    if not 0 < len(body) <= _MOST_BYTES or not 0 < count <= _MOST_PIECES or not 0 <= repairs <= _MOST_PIECES:
        raise BadInput(f"{len(body)} bytes cannot be cut into {count} and {repairs} pieces")
    size = _STEP * -(-len(body) // (count * _STEP))
    found = _package().Encoder.with_defaults(body, size).get_encoded_packets(repairs)
    # what comes before each is its number, which is its place
    return [bytes(piece)[_ID_BYTES:] for piece in found]


class Joining:
    """Gathers pieces until they are enough."""

    def __init__(self, length: int, size: int) -> None:
        """length: of all bytes. size: of a piece. Raises CorruptStream for what cut() does not make."""
        if not 0 < length <= _MOST_BYTES or size <= 0 or size % _STEP or length > size * _MOST_PIECES:
            raise CorruptStream(f"{length} bytes are not cut into pieces of {size}")
        self.length, self.size = length, size
        self.held = 0
        self._places: set[int] = set()
        self._decoder: Any = _package().Decoder.with_defaults(length, size)

    def add(self, place: int, piece: bytes) -> bytes | None:
        """The bytes, as soon as they are known; raises CorruptStream for a piece that is none of these."""
        if len(piece) != self.size or not 0 <= place < _MOST_PLACE:
            raise CorruptStream("a piece is not one of those that the others belong to")
        if place in self._places or len(self._places) >= 2 * _MOST_PIECES:
            return None
        self._places.add(place)
        self.held += len(piece)
        found = self._decoder.decode(place.to_bytes(_ID_BYTES, "big") + piece)
        return None if found is None else bytes(found)


def _package() -> Any:
    try:
        import raptorq
    except ImportError as error:
        raise BadInput("repair of lost pieces needs the package raptorq: pip install 'genvc[fec]'") from error
    return raptorq
