"""All the integers of a keypoints stream, packet by packet, and their hash."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from genvc.types import Packet, StreamInfo
from keypoints import payload
from keypoints.motion import Grid
from keypoints.structure import FaceBasis
from keypoints.syntax import PictureRecord, Reader, ReferenceRecord, State, picture, reference

Record = tuple[ReferenceRecord | None, PictureRecord]


def walk(basis: FaceBasis, info: StreamInfo, packets: Iterable[Packet]) -> list[Record]:
    """For each packet the reference that it brings, if any, and the picture that it shows."""
    grid = Grid(info.width, info.height)
    state = State.start(basis.expression, basis.identity)
    found = []
    for packet in packets:
        if packet.key:
            state = State.start(basis.expression, basis.identity)
        pixels, numbers = payload.split(packet.payload, packet.key)
        reader = Reader(numbers)
        brought = reference(reader, state, grid, None) if pixels else None
        found.append((brought, picture(reader, state, None)))
        reader.coder.finish()
    return found


def digest(records: Sequence[Record]) -> str:
    """SHA-256 over the integers, written in decimal in the order in which they are decoded."""
    text = "\n".join(" ".join(map(str, _integers(*record))) for record in records)
    return hashlib.sha256(text.encode()).hexdigest()


def _integers(brought: ReferenceRecord | None, shown: PictureRecord) -> Iterator[int]:
    if brought is not None:
        yield from (brought.scale, brought.slot, int(brought.structure is not None))
        if brought.structure is not None:
            yield from brought.structure.motion.tolist()
            yield from brought.structure.identity.tolist()
        yield from (brought.basis.count, brought.basis.fineness)
        yield from brought.basis.reach.tolist()
        yield from brought.basis.coefficients.ravel().tolist()
    yield from (shown.slot, int(shown.structure is not None))
    if shown.structure is not None:
        yield from shown.structure.tolist()
    yield from map(int, shown.parts)
    yield from shown.motion.tolist()
