"""The command `bench`: benchmark codecs on clips or pictures, by real bytes and perceptual metrics."""

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from genvc.errors import BadInput

from .cell import Cell
from .setting import parse_codec
from .suite import Suite

__all__ = ["bench"]


def bench(
    what: Annotated[
        list[str],
        typer.Argument(metavar="SUITE|FILES", help="A suite's name, a .toml file, or clips or pictures."),
    ],
    json: Annotated[
        str, typer.Option("--json", metavar="OUT", help="The result; it grows while the run goes on.")
    ],
    codecs: Annotated[
        str | None,
        typer.Option(
            "--codecs",
            metavar="A,B,C",
            help="See `genvc list`; NAME+option=value for a variant; default: the suite's.",
        ),
    ] = None,
    rates: Annotated[
        list[str] | None,
        typer.Option(
            "--rates",
            metavar="[CODEC:]R,R,...",
            help="6k (bit/s), 0.1bpp, q37 (quantizer) or option=value; may be repeated.",
        ),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="M,M", help="Default: the suite's.")
    ] = None,
    anchor: Annotated[
        str | None, typer.Option("--anchor", metavar="A,B", help="Codecs that BD-rates are against.")
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", metavar="DIR", help="Write an HTML page and plots there.")
    ] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Use so many frames of each clip.")
    ] = None,
    clips: Annotated[
        int | None, typer.Option("--clips", min=1, help="Use the first so many clips of the suite.")
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="So many clips at a time; speeds are best taken with 1.")
    ] = 1,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads for a codec; default: cores / jobs.")
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="local or ray.")] = "local",
    address: Annotated[
        str, typer.Option("--address", metavar="HOST", help="Ray cluster; default: start one here.")
    ] = "",
    cache: Annotated[
        str | None, typer.Option("--cache", metavar="DIR", help="What was done before; default: GENVC_CACHE.")
    ] = None,
) -> int:
    """Benchmark codecs on a suite, or on files; resumes where it was stopped."""
    from dataclasses import replace

    from .cache import default_folder
    from .plan import batches, plan
    from .run import Document, write_json

    suite = _suite(what, frames, clips)
    names = _words(codecs) or suite.codecs
    if not names:
        raise BadInput("name the codecs: --codecs keypoints,x265")
    wanted = _words(metrics) or suite.metrics
    against = _words(suite.anchor if anchor is None else anchor)
    for one in against if anchor else ():
        if one not in names:
            raise BadInput(f"the anchor '{one}' is not among the codecs")
    if engine not in ("local", "ray"):
        raise BadInput(f"--engine is local or ray, not '{engine}'")
    if threads is None:
        threads = max(1, _cores() // jobs)
    folder = Path(cache) if cache else default_folder()
    cells = plan(suite, names, wanted, _rates(rates, names), threads=threads, cache=str(folder.absolute()))
    suite = replace(suite, clips=tuple(dict.fromkeys(cell.clip for cell in cells)))
    document = Document(suite, cells, tuple(one for one in against if one in names), jobs, engine)
    target = Path(json)
    with _Interruptible(), _Lines(len(cells)) as lines:
        document.collect(_engine(engine, address, jobs, threads, batches(cells)), target, lines)
    finished = document.json()
    write_json(target, finished)
    if report is not None:
        from .report import write_report

        write_report(finished, suite, Path(report), folder)
    return _closing(finished, document.failures(), target, report)


def _suite(what: Sequence[str], frames: int | None, clips: int | None) -> Suite:
    from dataclasses import replace

    from .suite import load_suite, of_files

    name = what[0]
    is_suite = name.endswith(".toml") or (not Path(name).exists() and re.fullmatch(r"[\w-]+", name))
    suite = load_suite(name) if len(what) == 1 and is_suite else of_files(what)
    chosen = suite.clips[:clips]
    if frames is not None:
        chosen = tuple(replace(clip, frames=min(frames, clip.frames or frames)) for clip in chosen)
    return replace(suite, clips=chosen)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def _rates(given: Sequence[str] | None, codecs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Rates by codec from "6k,12k" (for all) and "x265:q37,q42"."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given or ():
        name, colon, values = text.partition(":")
        if not colon:
            name, values = "default", text
        elif name not in {*codecs, *(parse_codec(codec)[0] for codec in codecs)}:
            raise BadInput(f"rates for '{name}', which is not among the codecs")
        if not _words(values):
            raise BadInput(f"'{text}' names no rate")
        found[name] = _words(values)
    if "default" in found:
        found = {**dict.fromkeys(codecs, found["default"]), **found}
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _engine(
    name: str, address: str, jobs: int, threads: int, batches: Sequence[Sequence[Cell]]
) -> Iterator[list[dict[str, Any]]]:
    if name == "ray":
        from .cluster import run_on_ray

        return run_on_ray(batches, address, threads)
    if address:
        raise BadInput("--address is for --engine ray")
    from .local import run_local

    return run_local(batches, jobs)


def _closing(
    document: Mapping[str, Any], failures: Sequence[Mapping[str, Any]], target: Path, report: str | None
) -> int:
    """Prints the table, the failures and where things are; the exit code."""
    from .summary import damaged_metrics
    from .table import text_table

    print(text_table(document))
    for row in failures:
        print(f"genvc: {row['clip']} {row['codec']} {row['setting']}: {row['error']}", file=sys.stderr)
    damaged = damaged_metrics(document["cells"])
    for line in damaged:
        print(f"genvc: {line}", file=sys.stderr)
    done = len(document["cells"]) - len(failures)
    print(f"{target}: {done} cells" + (f", {len(failures)} failed" if failures else ""))
    if report is not None:
        print(f"{Path(report) / 'index.html'}")
    return 1 if failures or damaged else 0


class _Interruptible:
    """SIGTERM ends the run as Ctrl-C does: what is measured is on disk already."""

    def __enter__(self) -> None:
        self.before: Any = None
        if threading.current_thread() is threading.main_thread():
            self.before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            signal.signal(signal.SIGTERM, self.before)


class _Lines:
    """A bar on a terminal, else a line for each finished cell; both on stderr."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.bar: Any = None

    def __enter__(self) -> "_Lines":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("starting", total=self.total)
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, done: int, total: int, row: Mapping[str, Any]) -> None:
        label = f"{row['clip']} {row['codec']} {row['setting']}"
        if self.bar is not None:
            self.bar.update(self.task, completed=done, description=label)
            return
        said = row.get("error") or f"{row['bytes']} bytes"
        print(f"genvc: {done}/{total} {label}: {said}", file=sys.stderr)
