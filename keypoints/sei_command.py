"""Write key points as generative face video SEI messages (H.274), or read them into a stream."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sei"]


def sei(
    source: Annotated[Path, typer.Argument(metavar="IN.gvc", help="A stream of the codec keypoints.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="SEI messages, or with --import a stream.")],
    imported: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Messages whose faces the stream takes.")
    ] = None,
) -> None:
    """Export the key points of a stream as SEI messages, or import them."""
    from genvc import container
    from genvc.errors import BadInput
    from genvc.media.replacing import replacing

    from . import sei as messages
    from .moments import read, write
    from .streams import opened

    with opened(source, target) as (stream, codec):
        info, basis = stream.info, codec.basis
        moments = read(stream.packets(verify=True), info, basis)
        if imported is None:
            found = b"".join(messages.written(messages.messages(moments, basis, info.width, info.height)))
            with replacing(target) as path:
                path.write_bytes(found)
            print(f"{target}: {len(found)} bytes", file=sys.stderr)
            return
        try:
            data = imported.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot read {imported}: {error.strerror}") from error
        placed = messages.placed(moments, messages.parsed(data), basis)
        written = container.write(target, info, write(placed, info, basis), generated=True)
    print(f"{target}: {written.bytes} bytes, {written.frames} frames", file=sys.stderr)
