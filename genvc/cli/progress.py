"""A progress bar for work that takes longer than two seconds."""

import sys
import time
from types import TracebackType
from typing import Any

__all__ = ["Progress"]

_PATIENCE = 2.0
_PLAIN_EVERY = 10.0


class Progress:
    """Call it with (done, total or None). On a terminal a bar on stderr, else a line every ten seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = self._said = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._started < _PATIENCE:
            return
        if sys.stderr.isatty():
            if self._bar is None:
                self._start()
            self._bar.update(self._task, completed=done, total=total)
        elif now - self._said >= _PLAIN_EVERY:
            self._said = now
            of = f" of {total}" if total else ""
            rate = done / (now - self._started)
            print(f"genvc: {self._what}: {done}{of} frames, {rate:.1f} fps", file=sys.stderr)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn(self._what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._what, total=None)
        self._bar.start()
