"""A benchmark run: cells in, one JSON document out, kept on disk while it grows."""

import json
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from genvc.errors import BadInput

from .cell import Cell
from .suite import Suite
from .summary import bd_table, means, set_metrics, set_table
from .versions import machine, versions

__all__ = ["Document", "Progress", "write_json"]


class Progress(Protocol):
    """Told of each finished row; total: of all rows."""

    def __call__(self, done: int, total: int, row: Mapping[str, Any]) -> None: ...


@dataclass(slots=True)
class Document:
    """The result as it grows. anchors: the codecs that BD-rates are against."""

    suite: Suite
    cells: Sequence[Cell]
    anchors: tuple[str, ...]
    jobs: int
    engine: str
    rows: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    about: dict[str, dict[str, str]] = field(default_factory=dict)
    started: float = field(default_factory=time.time)

    def collect(self, done: Iterator[Sequence[dict[str, Any]]], target: Path, progress: Progress) -> None:
        """Takes the rows of finished batches, writing the document after each batch."""
        total = len(self.cells)
        for batch in done:
            for row in batch:
                self.about.update(row.pop("metric_settings", {}))
                self.rows[row["clip"], row["codec"], row["setting"]] = row
                progress(len(self.rows), total, row)
            write_json(target, self.json(final=False))

    def failures(self) -> list[dict[str, Any]]:
        """Rows of cells that failed, in the order of the plan."""
        return [row for row in self._ordered() if "error" in row]

    def json(self, *, final: bool = True) -> dict[str, Any]:
        """The document; BD-rates, means and set metrics only when final."""
        rows = self._ordered()
        metrics = list(self.cells[0].metrics)
        document: dict[str, Any] = {
            "command": command(),
            "versions": versions(),
            "machine": machine(),
            "settings": {"threads": self.cells[0].threads, "jobs": self.jobs, "engine": self.engine},
            "suite": {
                "name": self.suite.name,
                "title": self.suite.title,
                "clips": [clip.name for clip in self.suite.clips],
                "left_out": dict(self.suite.left_out),
            },
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.started)),
            "finished": final and len(self.rows) == len(self.cells),
            "metrics": self.about,
            "anchor": ",".join(self.anchors),
            "cells": rows,
        }
        if final:
            better = {name: self.about[name]["better"] for name in metrics if name in self.about}
            cache = Path(self.cells[0].cache)
            sets = set_metrics(rows, cache, metrics)
            paired = {name: side for name, side in better.items() if name not in sets}
            document["bd"] = [row for anchor in self.anchors for row in bd_table(rows, anchor, paired)]
            document["means"] = means(rows, list(paired))
            document["sets"] = set_table(rows, cache, sets)
        return document

    def _ordered(self) -> list[dict[str, Any]]:
        keys = [(cell.clip.name, cell.codec, cell.setting) for cell in self.cells]
        return [self.rows[key] for key in keys if key in self.rows]


def command() -> str:
    """The command line as it was typed, with the program's name for its path."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def write_json(target: Path, document: Mapping[str, Any]) -> None:
    """Writes the document in one step, one row a line; raises BadInput when the disk refuses."""
    temporary = target.with_name(f"{target.name}.part{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(_dumped(document), "utf-8")
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BadInput(f"cannot write '{target}': {error.strerror or error}") from error


def _dumped(document: Mapping[str, Any]) -> str:
    """JSON with the long tables one row a line, so that results can be compared line by line."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n    ".join(json.dumps(_rounded(row), allow_nan=False) for row in value)
            lines.append(f"  {json.dumps(key)}: [\n    {rows}\n  ]")
        else:
            text = json.dumps(_rounded(value), indent=2, allow_nan=False).replace("\n", "\n  ")
            lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
