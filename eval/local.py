"""Batches of cells on this machine, several at a time."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from .cell import Cell, run_cells

__all__ = ["run_local"]


def run_local(batches: Sequence[Sequence[Cell]], jobs: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of each batch, in the order in which they are done; `jobs` batches run at a time.

    The work is in processes of its own, so threads are enough here. Leaving the loop early, as Ctrl-C does,
    stops the batches that are under way.
    """
    with ThreadPoolExecutor(jobs) as pool:
        waiting: set[Future[list[dict[str, Any]]]] = {pool.submit(run_cells, batch) for batch in batches}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            _stop(waiting)


def _stop(waiting: set[Future[list[dict[str, Any]]]]) -> None:
    """Ends batches that nobody waits for any more: one of them can take many minutes."""
    running = {future for future in waiting if not future.cancel()}
    while running:
        # a cell whose process is killed fails and its batch goes on with the next: until all have ended
        for process in multiprocessing.active_children():
            process.kill()
        running = wait(running, timeout=0.1).not_done
