"""The hash of a stream's integers, to compare what machines decode."""

import hashlib
from collections.abc import Iterable, Iterator

from .moments import Moment
from .syntax import PictureRecord, ReferenceRecord

__all__ = ["digest"]


def digest(moments: Iterable[Moment]) -> str:
    """SHA-256 over the integers, written in decimal in the order in which they are decoded."""
    lines = (" ".join(map(str, _integers(moment.reference, moment.picture))) for moment in moments)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _integers(brought: ReferenceRecord | None, shown: PictureRecord) -> Iterator[int]:
    if brought is not None:
        yield from (brought.scale, brought.slot, int(brought.structure is not None))
        if brought.structure is not None:
            yield from brought.structure.motion.tolist()
            yield from brought.structure.identity.tolist()
        yield from (brought.basis.count, brought.basis.fineness)
        yield from brought.basis.reach.tolist()
        yield from brought.basis.coefficients.ravel().tolist()
        if brought.texture is not None:
            yield from (*brought.texture.shape, *brought.texture.ravel().tolist())
    yield from (shown.slot, int(shown.structure is not None))
    if shown.structure is not None:
        yield from shown.structure.tolist()
    yield from map(int, shown.parts)
    yield from shown.motion.tolist()
