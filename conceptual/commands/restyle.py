"""Give a conceptual stream the texture codes and colours of another one."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["restyle"]


def restyle(
    source: Annotated[Path, typer.Argument(metavar="IN.gvc", help="A stream of the codec conceptual.")],
    style: Annotated[Path, typer.Argument(metavar="STYLE.gvc", help="The stream whose texture it takes.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.gvc", help="File to write.")],
) -> None:
    """Give a conceptual stream the texture codes and colours of another one (of its first picture)."""
    from genvc.errors import BadInput

    from ..edit import restyled
    from ..streams import apart, opened, written

    for one in (source, style):
        apart(one, target)
    with opened(style) as (other, packets, theirs):
        first = next(packets, None)
        if first is None:
            raise BadInput(f"{style} holds no picture")
        model = theirs.engine.read(first.payload, other.width, other.height)
    with opened(source) as (info, packets, codec):
        if info.model != other.model:
            raise BadInput(f"{source} and {style} are of two models: {info.model} and {other.model}")
        engine = codec.engine
        changed = (
            replace(
                packet, payload=restyled(engine, engine.read(packet.payload, info.width, info.height), model)
            )
            for packet in packets
        )
        size = written(target, info, changed)
    print(f"{target}: {size} bytes", file=sys.stderr)
