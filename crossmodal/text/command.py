"""Code short texts as very few bytes, and back, with statistics."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Code short texts as very few bytes, losslessly; made for captions.",
)

_Model = Annotated[
    str, typer.Option("--model", help="A language model by name; the one that ships if not said.")
]


@app.command()
def encode(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="One text in UTF-8, or - for standard input.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Its code and nothing else.")],
    model: _Model = "",
) -> None:
    """Code the text in a file; a line feed at its very end is left out."""
    from genvc.media.replacing import replacing

    from . import encode as coded

    text = _text(_bytes(source, _limit())).removesuffix("\n")
    code = coded(text, model=model)
    with replacing(target) as path:
        path.write_bytes(code)
    print(f"{target}: {len(code)} bytes for {len(text)} characters", file=sys.stderr)


@app.command()
def decode(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A code, or - for standard input.")],
    target: Annotated[str, typer.Argument(metavar="OUT", help="The text, or - for standard output.")] = "-",
    model: _Model = "",
) -> None:
    """The text of a code, followed by a line feed."""
    from genvc.media.replacing import replacing

    from . import decode as read

    text = read(_bytes(source, _limit()), model=model) + "\n"
    if target == "-":
        sys.stdout.buffer.write(text.encode("utf-8"))
        return
    with replacing(Path(target)) as path:
        path.write_bytes(text.encode("utf-8"))


@app.command()
def stats(
    source: Annotated[str, typer.Argument(metavar="FILE", help="Texts in UTF-8, one a line.")],
    model: _Model = "",
    train: Annotated[
        Path | None,
        typer.Option(
            "--train", metavar="FILE", help="Texts that Huffman's code and zstd's dictionary are made of."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What coding each line of a file on its own costs, beside other coders; all of it is decoded again."""
    import json as writer

    from genvc.cli.progress import Progress

    from .statistics import measured

    texts = _lines(source)
    learnt = _lines(str(train)) if train is not None else []
    with Progress("coding") as progress:
        found = measured(texts, learnt, model, progress)
    if json:
        print(writer.dumps(found, indent=2))
        return
    print(f"{'':<18} bits per character")
    for name, bits in found["compared"].items():
        print(f"{name:<18} {bits:8.3f}")
    print(f"{'genvc':<18} {found['bits_per_character']:8.3f}  {found['model'] or 'without a language model'}")
    print(
        f"{found['texts']} texts, {found['characters']} characters, {found['bytes']} bytes; "
        f"{found['coded_per_cpu_second']:.0f} coded and {found['decoded_per_cpu_second']:.0f} decoded "
        "a second of one core"
    )


def _limit() -> int:
    from .coder import MAX_BYTES

    return MAX_BYTES + 1


def _lines(source: str) -> list[str]:
    # as the benchmark's captions: lines end with a line feed and with nothing else
    text = _text(_bytes(source, 1 << 28))
    return text.removesuffix("\n").split("\n") if text else []


def _text(raw: bytes) -> str:
    from genvc.errors import BadInput

    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("the text is not UTF-8") from error


def _bytes(source: str, most: int) -> bytes:
    from genvc.errors import BadInput

    try:
        if source == "-":
            found = sys.stdin.buffer.read(most + 1)
        else:
            with Path(source).open("rb") as file:
                found = file.read(most + 1)
    except OSError as error:
        raise BadInput(f"cannot read '{source}': {error.strerror or error}") from error
    if len(found) > most:
        raise BadInput(f"'{source}' is longer than the {most - most % 2} bytes that are read")
    return found
