"""A .gvc file of conceptual, opened for work on its packets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genvc import container
from genvc.errors import BadInput
from genvc.types import Packet, StreamInfo

from .build import create
from .codec import ConceptualCodec
from .header import check_header

__all__ = ["apart", "opened", "written"]


@contextmanager
def opened(source: Path) -> Iterator[tuple[StreamInfo, Iterator[Packet], ConceptualCodec]]:
    """The header, the pictures' packets and the codec that reads them.

    Raises BadInput for other codecs and for streams that are encrypted, CorruptStream.
    """
    stream = container.Reader(source)
    try:
        if stream.info.codec != "conceptual":
            raise BadInput(f"{source} is a stream of '{stream.info.codec}', not of 'conceptual'")
        if stream.encrypted:
            raise BadInput(f"{source} is encrypted; work on streams that are not, and encrypt at the end")
        check_header(stream.info)
        codec = create(stream.info.model, "cpu")
        packets = (packet for packet in stream.packets(verify=True) if packet.track == 0)
        yield stream.info, packets, codec
    finally:
        stream.close()


def apart(source: Path, target: Path) -> None:
    """Raises BadInput where the target is the source, which would be gone."""
    if target.is_file() and os.path.samefile(source, target):
        raise BadInput(f"'{target}' cannot be read and written at once; name another target")


def written(target: Path, info: StreamInfo, packets: Iterator[Packet]) -> int:
    """Writes a stream that says that it was edited; returns its bytes."""
    return container.write(target, info, packets, generated=True, short=ConceptualCodec.short).bytes
