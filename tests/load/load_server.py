"""The demo's server in a process of its own, watched from outside while clients come and go."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from load_clients import Figures, crowd

__all__ = ["loaded"]

# a leak grows in each of them, caches and the heap's arenas in the first
_ROUNDS = 3
_MOST_ROUNDS = 12
_SOME = 3
_AFTER_SECONDS = 60.0
# threads that the server's loop keeps for its next calls
_SPARE = 4


def loaded(clients: int, sessions: int, seconds: float) -> dict[str, Any]:
    """What a server of so many sessions did under so many clients."""
    with _server(sessions) as (process, address):
        asyncio.run(crowd(address, 2, min(10.0, seconds / 4), Figures()))  # whatever is loaded but once
        before = _until_idle(process.pid, 0)
        figures, rounds = Figures(), []
        # a machine that is busy with other things needs longer until somebody's call has come to its end
        while len(rounds) < _ROUNDS or (
            len(rounds) < _MOST_ROUNDS and not _some(figures, clients > sessions)
        ):
            most = asyncio.run(_watched(process.pid, address, clients, seconds / _ROUNDS, figures))
            rounds.append({"most": most, "idle": _until_idle(process.pid, before["threads"] + _SPARE)})
    after = rounds[-1]["idle"]
    faults = [*figures.faults]
    if not _some(figures, clients > sessions):
        faults.append("hardly anybody was served, or refused")
    if figures.most_sessions > sessions:
        faults.append(f"{figures.most_sessions} calls at once, of {sessions} places")
    for name in ("threads", "files"):
        if after[name] > before[name] + _SPARE:
            faults.append(f"{after[name]} {name} when all had gone, {before[name]} before they came")
    return {
        "clients": clients,
        "sessions": sessions,
        "seconds": seconds,
        "calls_served": figures.served,
        "calls_refused": figures.refused,
        "refusals_not_heard": figures.unheard,
        "cut_off_by_clients": figures.cut,
        "pictures_shown": figures.pictures,
        "pings": len(figures.pings),
        "ping_ms_median": round(1000 * _share(figures.pings, 0.5), 1),
        "ping_ms_95": round(1000 * _share(figures.pings, 0.95), 1),
        "most_sessions": figures.most_sessions,
        "before": before,
        "rounds": rounds,
        "faults": faults,
    }


def _some(figures: Figures, crowded: bool) -> bool:
    """Whether calls were served, and others refused where there are more clients than places."""
    return figures.served >= _SOME and (not crowded or figures.refused >= _SOME)


async def _watched(pid: int, address: str, clients: int, seconds: float, figures: Figures) -> dict[str, int]:
    """The most that the server took while the crowd was there."""
    most = _facts(pid)
    running = asyncio.create_task(crowd(address, clients, seconds, figures))
    while not running.done():
        most = {name: max(most[name], value) for name, value in _facts(pid).items()}
        await asyncio.wait([running], timeout=min(2.0, seconds / 10))
    await running
    return most


@contextmanager
def _server(sessions: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "genvc", "demo", "--port", "0", "--sessions", str(sessions)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment)
    try:
        assert process.stdout is not None
        said = re.search(r"http://([^/]+)/", process.stdout.readline())
        if said is None:
            raise RuntimeError("the demo's server did not start")
        yield process, said[1]
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _facts(pid: int) -> dict[str, int]:
    """Memory in MiB, threads and open files of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    memory = re.search(r"VmRSS:\s+(\d+)", status)
    threads = re.search(r"Threads:\s+(\d+)", status)
    assert memory is not None
    assert threads is not None
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return {"mib": int(memory[1]) >> 10, "threads": int(threads[1]), "files": files}


def _until_idle(pid: int, threads: int) -> dict[str, int]:
    """What is there when no more than so many threads run, or nothing changes for a while; waits for it."""
    until = time.monotonic() + _AFTER_SECONDS
    last, same = _facts(pid), 0
    while time.monotonic() < until:
        time.sleep(1)
        now = _facts(pid)
        same = same + 1 if now["threads"] == last["threads"] else 0
        last = now
        if now["threads"] <= threads or (same >= 5 and not threads):
            break
    return last


def _share(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))] if values else float("nan")
