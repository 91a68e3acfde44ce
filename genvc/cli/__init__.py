"""The command line: `genvc`. Commands import what is heavy when they run, so that help comes at once."""

import os
import signal
import sys
import warnings
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from ..errors import CodecNotFound, GenvcError, Notice
from .catalogue import list_command, sample_command
from .compare import compare_command
from .inspect import info_command
from .plugged import Commands, Trainings
from .transcode import decode_command, encode_command
from .verify import verify_command

__all__ = ["app", "main", "run"]

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    help="Generative and semantic codecs for pictures and video at ultra-low bit rates.",
    epilog="GENVC_DEBUG=1 shows where an error comes from.",
)
app.command("encode")(encode_command)
app.command("decode")(decode_command)
app.command("info")(info_command)
app.command("list")(list_command)
app.command("sample")(sample_command)
app.command("compare")(compare_command)
app.command("verify")(verify_command)
app.add_typer(
    typer.Typer(cls=Trainings, help="Train the models of a codec.", no_args_is_help=True),
    name="train",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"genvc {version('genvc')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """The console script: runs the command line and exits with its code."""
    # Ends like Ctrl-C does, by an exception, so that half-written files are removed.
    signal.signal(signal.SIGTERM, _terminated)
    warnings.showwarning = _noted
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command; the exit code: 0, 1 for errors, 2 for a wrong call, 130 for Ctrl-C.

    Errors are one line on stderr. GENVC_DEBUG=1 lets the exception through instead.
    """
    try:
        code = app(args=arguments or ["--help"], prog_name="genvc", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("GENVC_DEBUG"):
            raise
        return _reported(error)


def _noted(message: Warning | str, *_: object, **__: object) -> None:
    """Prints what a codec has to say, and keeps the remarks of libraries to those who look for faults."""
    if isinstance(message, Notice) or os.environ.get("GENVC_DEBUG"):
        print(f"genvc: {' '.join(str(message).split())}", file=sys.stderr)


def _reported(error: Exception) -> int:
    """Says in one line what went wrong, and gives the exit code for it."""
    if _pipe_closed(error):
        # whoever read our output has gone; flushing at exit would fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    code = 1
    if isinstance(error, GenvcError):
        text = str(error)
        code = 2 if isinstance(error, CodecNotFound) else 1
    elif hasattr(error, "format_message"):
        # a wrong call, found by typer (whose exceptions have moved between versions)
        text = str(error.format_message()).rstrip(".")
        text = text[:1].lower() + text[1:]
        code = 2
    elif isinstance(error, typer.Abort):
        return 130
    elif isinstance(error, MemoryError):
        text = "not enough memory"
    elif isinstance(error, ModuleNotFoundError):
        text = f"needs the package {error.name}: pip install 'genvc[eval]' brings what bench and score use"
    else:
        text = f"unforeseen {type(error).__name__}: {error} (GENVC_DEBUG=1 shows where)"
    print(f"genvc: {' '.join(text.split())}", file=sys.stderr)
    return code


def _pipe_closed(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, BrokenPipeError):
            return True
        error = error.__cause__
    return False


def _terminated(number: int, frame: FrameType | None) -> Any:
    raise SystemExit(128 + number)
