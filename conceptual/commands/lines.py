"""Show the lines of a conceptual stream: its structure, decoded alone."""

import sys
import warnings
from collections.abc import Iterator
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
    from genvc.errors import Notice
    from genvc.types import Frame

    from ..codec import line_picture
    from ..streams import opened

    media.check_target(target)
    drawn = 0
    with opened(source) as (info, packets, codec):
        size = (info.width, info.height)

        def shown() -> Iterator[Frame]:
            nonlocal drawn
            for packet in packets:
                found = codec.engine.structure(packet.payload, *size)
                drawn += int(found.sum())
                yield Frame(line_picture(found, *size), packet.pts)

        media.write(target, shown(), info.fps)
    if not drawn:
        warnings.warn(f"{source} has no lines: {target} is blank", Notice, stacklevel=2)
    print(f"{target}: the lines of {source}", file=sys.stderr)
