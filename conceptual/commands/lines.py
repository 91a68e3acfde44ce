"""Show the lines of a conceptual stream: its structure, decoded alone."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["lines"]


def lines(
    source: Annotated[Path, typer.Argument(metavar="IN.gvc", help="A stream of the codec conceptual.")],
    target: Annotated[str, typer.Argument(metavar="OUT.png", help="Picture, folder or video to write.")],
) -> None:
    """Show the lines of a conceptual stream: its structure, decoded alone."""
    from genvc import media
    from genvc.types import Frame

    from ..codec import line_picture
    from ..streams import opened

    media.check_target(target)
    with opened(source) as (info, packets, codec):
        size = (info.width, info.height)
        shown = (
            Frame(line_picture(codec.engine.structure(packet.payload, *size), *size), packet.pts)
            for packet in packets
        )
        media.write(target, shown, info.fps)
    print(f"{target}: the lines of {source}", file=sys.stderr)
