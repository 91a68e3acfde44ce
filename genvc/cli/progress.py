"""A progress bar for work that takes longer than two seconds."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["Progress"]

_PATIENCE = 2.0
_PLAIN_EVERY = 10.0

_Item = TypeVar("_Item")


class Progress:
    """Call it with (done, total or None). On a terminal a bar on stderr, else a line every ten seconds.

    The bar comes after two seconds by itself: work that is long before its first call shows that it lives.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = self._said = time.monotonic()
        self._at: tuple[int, int | None] = (0, None)
        self._bar: Any = None
        self._task: Any = None
        self._alarm = threading.Timer(_PATIENCE, self._start)
        self._alarm.daemon = True

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            self._alarm.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.cancel()
        if self._alarm.ident is not None:
            self._alarm.join()
        if self._bar is not None:
            self._bar.stop()

    def over(self, items: Iterable[_Item], total: int | None) -> Iterator[_Item]:
        """The items, each told of once it is dealt with."""
        for done, item in enumerate(items, 1):
            yield item
            self(done, total)

    def __call__(self, done: int, total: int | None) -> None:
        self._at = done, total
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif now - self._said >= _PLAIN_EVERY and not sys.stderr.isatty():
            self._said = now
            of = f" of {total}" if total else ""
            rate = done / (now - self._started)
            print(f"genvc: {self._what}: {done}{of} frames, {rate:.1f} fps", file=sys.stderr)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        times = TimeElapsedColumn(), TimeRemainingColumn()
        columns = TextColumn(self._what), BarColumn(), MofNCompleteColumn(), *times
        bar = Bar(*columns, console=Console(stderr=True), transient=True)
        done, total = self._at
        self._task = bar.add_task(self._what, completed=done, total=total)
        bar.start()
        # last, for another thread looks at it
        self._bar = bar
