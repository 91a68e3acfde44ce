"""Key points of a stream as generative face video SEI messages (H.274), and back."""

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
    from genvc.codec import create
    from genvc.errors import BadInput
    from genvc.media.replacing import replacing

    from . import edit
    from . import sei as messages
    from .codec import KeyPoints

    stream = container.Reader(source)
    try:
        info = stream.info
        if info.codec != "keypoints":
            raise BadInput(f"{source} is a stream of {info.codec}; only keypoints has key points")
        codec = create("keypoints", info.model, "cpu")
        assert isinstance(codec, KeyPoints)
        moments = edit.read(stream.packets(verify=True), info, codec.basis)
        if imported is None:
            found = b"".join(
                messages.written(messages.messages(moments, codec.basis, info.width, info.height))
            )
            with replacing(target) as path:
                path.write_bytes(found)
            print(f"{target}: {len(found)} bytes", file=sys.stderr)
            return
        try:
            data = imported.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot read {imported}: {error.strerror}") from error
        placed = messages.placed(moments, messages.parsed(data), codec.basis)
        written = container.write(
            target, info, edit.write(placed, info, codec.basis), generated=stream.generated
        )
    finally:
        stream.close()
    print(f"{target}: {written.bytes} bytes, {written.frames} frames", file=sys.stderr)
