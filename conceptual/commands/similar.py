"""Find the conceptual streams of a folder that are like one; no pixel is decoded."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["similar"]


def similar(
    source: Annotated[Path, typer.Argument(metavar="IN.gvc", help="A stream of the codec conceptual.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Streams to search.")],
    by: Annotated[str, typer.Option("--by", help="both, structure or texture.")] = "both",
    most: Annotated[int, typer.Option("--most", min=1, help="How many to list.")] = 10,
) -> None:
    """Find the conceptual streams of a folder that are like one; no pixel is decoded."""
    import warnings

    from genvc.errors import BadInput, GenvcError, Notice

    from ..search import Traits, likeness, traits
    from ..streams import opened

    if by not in ("both", "structure", "texture"):
        raise typer.BadParameter(f"--by is both, structure or texture, not '{by}'")
    if not folder.is_dir():
        raise BadInput(f"there is no folder '{folder}'")

    def of(file: Path) -> Traits:
        with opened(file) as (info, packets, codec):
            first = next(packets, None)
            if first is None:
                raise BadInput(f"{file} holds no picture")
            return traits(codec.engine, first.payload, info.width, info.height)

    wanted = of(source)
    if by == "structure" and not wanted.structure.any():
        raise BadInput(f"{source} has no lines; search by texture")
    found: list[tuple[float, str]] = []
    for file in sorted(folder.glob("*.gvc")):
        if file.samefile(source):
            continue
        try:
            found.append((likeness(wanted, of(file), by), file.name))
        except GenvcError as error:
            warnings.warn(f"{file.name} is passed over: {error}", Notice, stacklevel=2)
    if not found:
        raise BadInput(f"no other stream of conceptual in '{folder}'")
    for like, name in sorted(found, reverse=True)[:most]:
        typer.echo(f"{like:6.3f}  {name}")
