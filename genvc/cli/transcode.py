"""The commands `encode` and `decode`."""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..typed import typed
from .progress import Progress

__all__ = ["codec_options", "decode_command", "encode_command"]

Bitrate = Annotated[
    str | None, typer.Option("--bitrate", metavar="RATE", help="Bits per second of the whole file: 6k.")
]
Quality = Annotated[int | None, typer.Option("--quality", min=0, max=100, help="0 (smallest) to 100 (best).")]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="An option of the codec; may be repeated."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")]


def encode_command(
    source: Annotated[
        str, typer.Argument(metavar="IN", help="Video, picture, folder of pictures, or - for a pipe.")
    ],
    target: Annotated[str, typer.Argument(metavar="OUT.gvc", help="File to write, or - for a pipe.")],
    codec: Annotated[str, typer.Option("--codec", metavar="NAME", help="See `genvc list`.")],
    bitrate: Bitrate = None,
    quality: Quality = None,
    size: Annotated[
        int | None, typer.Option("--size", min=1, metavar="N", help="Scale the short side to N pixels first.")
    ] = None,
    audio: Annotated[
        bool, typer.Option("--audio", help="Pass the sound through as Opus, on top of the bit rate.")
    ] = False,
    gop: Annotated[
        str | None,
        typer.Option("--gop", metavar="ld|ra|ra16", help="Of codecs with groups of pictures."),
    ] = None,
    effort: Annotated[
        int | None, typer.Option("--effort", min=0, help="Of a codec whose encoder can try harder.")
    ] = None,
    most_bytes: Annotated[
        int | None,
        typer.Option("--bytes", min=1, metavar="N", help="Of one picture: the whole file, at most."),
    ] = None,
    bpp: Annotated[
        float | None,
        typer.Option("--bpp", min=0, metavar="X", help="Of one picture: bits a pixel of the file, at most."),
    ] = None,
    option: Options = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="With a passphrase: GENVC_PASSPHRASE, or it is asked for.")
    ] = False,
    model: Annotated[str, typer.Option("--model", help="Name of the weights; default: the codec's.")] = "",
    device: Device = "auto",
) -> None:
    """Encode a video or picture into a .gvc file."""
    if most_bytes is not None and bpp is not None:
        raise typer.BadParameter("say --bytes or --bpp, not both")
    options = codec_options(bitrate, quality, option)
    options |= {name: value for name, value in (("gop", gop), ("effort", effort)) if value is not None}

    passphrase = asked_passphrase(twice=True) if encrypt else None

    from ..files import encode_file

    with Progress("encoding") as progress:
        made = encode_file(
            source,
            target,
            codec,
            model=model,
            device=device,
            size=size,
            options=options,
            audio=audio,
            most=_most(most_bytes, bpp),
            passphrase=passphrase,
            progress=progress,
        )
    rate = f"{made.kbps:.2f} kbit/s, " if made.frames > 1 else ""
    _last_line(target, f"{made.bytes} bytes, {rate}{_frames(made.frames)}, {made.fps:.1f} fps")


def decode_command(
    source: Annotated[str, typer.Argument(metavar="IN.gvc", help="File to read, or - for a pipe.")],
    target: Annotated[
        str | None,
        typer.Argument(metavar="[OUT]", help=".mp4, .mkv (lossless), .y4m, .png, a folder, or - for y4m."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="md5", help="Print a hash of the frames instead.")
    ] = None,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="What is left of a file that was cut, damaged or not finished.")
    ] = False,
    option: Options = None,
    device: Device = "auto",
) -> None:
    """Decode a .gvc file into video or pictures."""
    if to not in (None, "md5"):
        raise typer.BadParameter(f"--to is md5, not '{to}'")
    if (target is None) == (to is None):
        raise typer.BadParameter("name an OUT to write, or --to md5")

    from ..files import decode_file

    passphrase = asked_passphrase() if is_encrypted(source) else os.environ.get("GENVC_PASSPHRASE")
    with Progress("decoding") as progress:
        made = decode_file(
            source,
            target,
            device=device,
            options=codec_options(None, None, option),
            salvage=salvage,
            passphrase=passphrase,
            progress=progress,
        )
    if target is None:
        typer.echo(made.md5)
    else:
        _last_line(target, f"{_frames(made.frames)}, {made.fps:.1f} fps")


def _most(most_bytes: int | None, bpp: float | None) -> Callable[[int], int] | None:
    """From pixels to the bytes that a file may have."""
    if most_bytes is not None:
        return lambda _: most_bytes
    if bpp is not None and not math.isfinite(bpp):
        raise typer.BadParameter(f"--bpp is a number of bits a pixel, not {bpp}")
    return None if bpp is None else lambda pixels: int(bpp * pixels / 8)


def asked_passphrase(twice: bool = False) -> str | None:
    """From GENVC_PASSPHRASE, or from whoever sits at the terminal: command lines can be seen by others."""
    said = os.environ.get("GENVC_PASSPHRASE")
    if said is not None or not sys.stdin.isatty():
        if twice and not said:
            raise typer.BadParameter("--encrypt takes its passphrase from GENVC_PASSPHRASE or a terminal")
        return said
    found: str = typer.prompt("passphrase", hide_input=True, confirmation_prompt=twice, err=True)
    return found


def is_encrypted(source: str) -> bool:
    """Whether this file is a stream that needs a passphrase; its reader says what else is wrong with it."""
    from ..container import Reader
    from ..errors import GenvcError

    if source == "-":
        return False
    try:
        reader = Reader(Path(source))
    except GenvcError:
        return False
    reader.close()
    return reader.encrypted


def codec_options(bitrate: str | None, quality: int | None, pairs: list[str] | None) -> dict[str, Any]:
    """Options for genvc.create out of what was typed; typer.BadParameter for what makes no sense."""
    options: dict[str, Any] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"--option is KEY=VALUE, not '{pair}'")
        if key in ("name", "model", "device"):
            raise typer.BadParameter(f"'{key}' is no option of a codec; say --codec, --model or --device")
        options[key.replace("-", "_")] = typed(value)
    if bitrate is not None:
        options["bitrate"] = parse_rate(bitrate)
    if quality is not None:
        options["quality"] = quality
    return options


def parse_rate(text: str) -> float:
    """Bits per second from "6k", "1.5M" or "6000"."""
    number, factor = text.strip(), 1.0
    if number[-1:].lower() in ("k", "m"):
        factor = 1e3 if number[-1:].lower() == "k" else 1e6
        number = number[:-1]
    try:
        rate = float(number) * factor
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1e12:
        raise typer.BadParameter(f"--bitrate is a number like 6k or 6000 (bits per second), not '{text}'")
    return rate


def _frames(count: int) -> str:
    return f"{count} frame" + ("" if count == 1 else "s")


def _last_line(target: str, text: str) -> None:
    """On stdout, or on stderr when stdout carries the data."""
    print(f"{target}: {text}", file=sys.stderr if target == "-" else sys.stdout)
