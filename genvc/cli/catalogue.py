"""The commands `list` and `sample`: what is installed."""

from typing import Annotated

import typer

from ..models import models
from ..plugins import CODECS, installed, summary
from ..samples import SAMPLES

__all__ = ["list_command", "sample_command"]


def list_command() -> None:
    """List the installed codecs, the models and the samples."""
    _section("codecs", {name: summary(point) for name, point in installed(CODECS).items()})
    _section("models", {name: f"for {model.codec}, {model.licence}" for name, model in models().items()})
    _section("samples", {name: sample.about for name, sample in SAMPLES.items()})


def sample_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="See `genvc list`.")],
    target: Annotated[
        str, typer.Argument(metavar="OUT", help=".mp4, .mkv (lossless), .y4m, .png, a folder, or -.")
    ],
) -> None:
    """Write a sample clip or photo to a file."""
    from .. import media
    from ..samples import sample_path
    from .progress import Progress

    info, frames = media.frames(sample_path(name), SAMPLES[name].size)
    with Progress("writing") as progress:
        count = media.write(target, progress.over(frames, info.frames), info.fps)
    if target != "-":
        typer.echo(f"{target}: {info.width}x{info.height}, {count} frame{'' if count == 1 else 's'}")


def _section(title: str, lines: dict[str, str]) -> None:
    typer.echo(f"{title}:" if lines else f"{title}: none")
    for name, about in lines.items():
        typer.echo(f"  {name:<12} {about}".rstrip())
