"""Change a stream of keypoints without decoding its pictures."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["edit"]

# Another face needs no fewer, however coarse the one in the stream was.
_FEWEST_BYTES = 600


def edit(
    source: Annotated[Path, typer.Argument(metavar="IN.gvc", help="A stream of the codec keypoints.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.gvc", help="File to write.")],
    yaw: Annotated[float, typer.Option("--yaw", help="Turn the head by so many degrees, -45 to 45.")] = 0.0,
    pitch: Annotated[float, typer.Option("--pitch", help="Nod.")] = 0.0,
    roll: Annotated[float, typer.Option("--roll", help="Tilt.")] = 0.0,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Keep the expression of the key pictures; the head still moves.")
    ] = False,
    slow: Annotated[
        int, typer.Option("--slow", min=1, max=16, help="Slow motion, so many times as long.")
    ] = 1,
    face: Annotated[
        Path | None,
        typer.Option("--face", metavar="PICTURE", help="Anonymise: another face in place of the one there."),
    ] = None,
) -> None:
    """Change a stream of keypoints: re-pose, freeze, slow down, anonymise. Sound is left out."""
    from fractions import Fraction

    from genvc import container, media
    from genvc.codec import create
    from genvc.errors import BadInput
    from genvc.types import Frame, Picture

    from . import edit as edits
    from .header import unpack
    from .moments import read, write
    from .streams import opened

    with opened(source, target) as (stream, codec):
        info, basis = stream.info, codec.basis
        moments = read(stream.packets(verify=True), info, basis)
        if face is not None:
            key = unpack(info.params)

            def code(rgb: Picture, most: int) -> bytes:
                made = create(key.codec, key.model, "cpu", bytes=max(most, _FEWEST_BYTES))
                inner = made.describe(info.width, info.height, Fraction(1))
                if inner.params != key.params:
                    raise BadInput(f"the key pictures of {source} have settings that are not at hand")
                (packet,) = made.encode([Frame(rgb, 0)], inner)
                return packet.payload

            shown = next(iter(media.frames(face)[1])).rgb
            detector = codec.detector()
            try:
                points = detector.detect(shown)
            finally:
                detector.close()
            if points is None:
                raise BadInput(f"no face was found in {face}")
            moments = edits.disguised(moments, info, basis, shown, points, code)
        if freeze:
            moments = edits.frozen(moments)
        if yaw or pitch or roll:
            moments = edits.reposed(moments, basis, yaw, pitch, roll)
        if slow > 1:
            moments = edits.slowed(moments, slow)
        written = container.write(target, info, write(moments, info, basis), generated=True)
    print(f"{target}: {written.bytes} bytes, {written.frames} frames", file=sys.stderr)
