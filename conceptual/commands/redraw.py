"""Put other lines into a conceptual stream; the decoder paints along them."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["redraw"]


def redraw(
    source: Annotated[Path, typer.Argument(metavar="IN.gvc", help="A stream of the codec conceptual.")],
    drawing: Annotated[
        Path, typer.Argument(metavar="LINES.png", help="Dark lines on white, as `genvc lines` writes them.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT.gvc", help="File to write.")],
) -> None:
    """Put other lines into a conceptual stream; the decoder paints along them."""
    from genvc import media

    from ..codec import traced
    from ..edit import redrawn
    from ..streams import apart, opened, written

    apart(source, target)
    with opened(source) as (info, packets, codec):
        rgb = next(iter(media.frames(drawing)[1])).rgb
        drawn = traced(rgb, info.width, info.height)
        changed = (
            replace(packet, payload=redrawn(codec.engine, packet.payload, drawn, info.width, info.height))
            for packet in packets
        )
        size = written(target, info, changed)
    print(f"{target}: {size} bytes", file=sys.stderr)
