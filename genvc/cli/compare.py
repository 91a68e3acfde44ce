"""The command `compare`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .transcode import Device, Options, Quality, codec_options

if TYPE_CHECKING:
    from ..compare import Comparison, Row

__all__ = ["compare_command"]


def compare_command(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="Video, picture or folder of pictures.")],
    codec: Annotated[str, typer.Option("--codec", metavar="NAME", help="See `genvc list`.")] = "keypoints",
    bitrate: Annotated[
        str | None,
        typer.Option("--bitrate", "--at", metavar="RATE", help="Bits per second of the whole file: 6k."),
    ] = None,
    quality: Quality = None,
    against: Annotated[
        str, typer.Option("--against", metavar="A,B", help="Codecs to set beside it at the same size.")
    ] = "x264,av1",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to leave the files.")] = Path(
        "out"
    ),
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures there as well.")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", min=1, metavar="N", help="Scale the short side to N pixels first.")
    ] = None,
    option: Options = None,
    model: Annotated[str, typer.Option("--model", help="Name of the weights; default: the codec's.")] = "",
    device: Device = "auto",
) -> None:
    """Set a codec beside others at the same size: figures, a clip and a sheet of frames."""
    if bitrate is None and quality is None and not option:
        bitrate = "6k"
    options = codec_options(bitrate, quality, option)
    # each once, and the codec not beside itself
    others = [name for name in dict.fromkeys(map(str.strip, against.split(","))) if name not in ("", codec)]

    from ..compare import compare
    from ..plugins import codec_entry

    for name in (codec, *others):
        codec_entry(name)
    result = compare(
        clip, out, codec, against=others, options=options, size=size, model=model, device=device, say=_say
    )
    _print(result)
    if json_file is not None:
        _write_json(json_file, result)
        typer.echo(f"figures: {json_file}")


def _say(line: str) -> None:
    print(f"genvc: {line}", file=sys.stderr)


def _print(result: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table

    still = result.frames == 1
    info = result.info
    length = "" if still else f", {result.frames} frames, {float(info.fps):g} fps"
    table = Table(title=f"{result.clip} ({info.width}x{info.height}{length})", title_justify="left")
    heads = ["codec", "bytes", "bits/pixel" if still else "kbit/s", "enc fps", "dec fps"]
    for head in [*heads, "PSNR dB", "MS-SSIM", "LPIPS", "LPIPS worst 5 %"]:
        table.add_column(head, justify="left" if head == "codec" else "right")
    notes: list[str] = []
    for row in result.rows:
        if row.words:
            notes.append(f"{row.codec}: {row.words}")
        for name, figure in row.figures.items():
            note = f"{name}: {figure.words}"
            if figure.words and note not in notes:
                notes.append(note)
        rate = row.bytes * 8 / (info.width * info.height) if still else row.kbps
        lpips = row.figures.get("lpips_alex")
        table.add_row(
            row.codec,
            f"{row.bytes}" if row.bytes else "-",
            f"{rate:.3f}" if row.bytes else "-",
            f"{row.encode_fps:.1f}" if row.bytes else "-",
            f"{row.decode_fps:.1f}" if row.bytes else "-",
            _mean(row, "psnr", 2),
            _mean(row, "msssim", 4),
            _mean(row, "lpips_alex", 4),
            f"{lpips.worst:.4f}" if lpips and lpips.worst is not None else "-",
        )
    # the whole table also where nobody looks at it through a terminal
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    for note in notes:
        typer.echo(note)
    typer.echo("files: " + ", ".join(map(str, result.files)))


def _mean(row: "Row", name: str, digits: int) -> str:
    figure = row.figures.get(name)
    return "-" if figure is None or figure.mean is None else f"{figure.mean:.{digits}f}"


def _write_json(path: Path, result: "Comparison") -> None:
    import json
    import shlex

    from ..errors import BadInput
    from ..media.replacing import replacing

    cells = [_cell(result, row) for row in result.rows]
    command = shlex.join(["genvc", *sys.argv[1:]])
    text = json.dumps({"command": command, "versions": _versions(), "cells": cells}, indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write '{path}': {error.strerror or error}") from error


def _cell(result: "Comparison", row: "Row") -> dict[str, Any]:
    figures = {
        name: {
            "mean": figure.mean,
            "worst_5_percent": figure.worst,
            "worst_frame": figure.worst_frame,
            **({"words": figure.words} if figure.words else {}),
        }
        for name, figure in row.figures.items()
    }
    return {
        "clip": Path(result.clip).name,
        "codec": row.codec,
        "setting": row.setting,
        "frames": result.frames,
        "bytes": row.bytes,
        "kbps": row.kbps,
        "metrics": {name: figure["mean"] for name, figure in figures.items()},
        "figures": figures,
        "encode_fps": row.encode_fps,
        "decode_fps": row.decode_fps,
        **({"words": row.words} if row.words else {}),
    }


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("genvc", "torch", "numpy", "av", "pillow", "mediapipe", "constriction", "lpips"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
