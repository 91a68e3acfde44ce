"""The demo's server on trial: calls by a visitor in another process, and what they cost this one."""

import contextlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from genvc.errors import GenvcError, Unsupported

from .serve import configured, listening
from .settings import Settings
from .warming import warm

__all__ = ["call_cost", "machine", "memory_over_time", "resident", "running"]

_MEMORY_SECONDS = 2.0
_TELLING = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


@contextlib.contextmanager
def running(sessions: int = 4) -> Iterator[str]:
    """A server in this process on a free port; its address. Raises Unsupported without Linux's /proc."""
    if not Path("/proc/self/task").is_dir():
        raise Unsupported("what threads and memory cost is read from /proc, which only Linux has")
    warm(Settings())
    with listening("127.0.0.1", 0) as place:
        server = uvicorn.Server(configured(sessions))
        thread = threading.Thread(target=server.run, args=([place],), name="event loop", daemon=True)
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise GenvcError("the server did not start")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def call_cost(address: str, start: dict[str, Any], seconds: float, skip: float) -> dict[str, Any]:
    """One call: what visitor.visit counted, and milliseconds of processor time for each second, by thread.

    "other" are threads that Python does not know: those of the face detector and of the video coders.
    """
    with _visitor(address, start, seconds, skip) as visitor:
        time.sleep(skip)
        before, began = _times(), time.monotonic()
        time.sleep(max(0.1, seconds - skip - 1))
        after, span = _times(), time.monotonic() - began
        found: dict[str, Any] = _said(visitor, seconds)
    names = sorted(after, key=lambda name: before.get(name, 0.0) - after[name])
    found["cpu_ms_per_second"] = {
        name: round(1000 * (after[name] - before.get(name, 0.0)) / span, 1) for name in names
    }
    return found


def memory_over_time(address: str, start: dict[str, Any], seconds: float, call_seconds: float) -> Any:
    """Resident memory in MB at each moment (s, MB), while visitors call, one after the other."""
    begun = time.monotonic()
    samples: list[tuple[float, float]] = []
    shown = 0.0
    while (at := time.monotonic() - begun) < seconds:
        lasts = min(call_seconds, max(10.0, seconds - at))
        with _visitor(address, start, lasts, 0) as visitor:
            while visitor.poll() is None:
                samples.append((round(time.monotonic() - begun, 1), resident()))
                time.sleep(_MEMORY_SECONDS)
            said = _said(visitor, lasts)
            shown += said["fps"].get("1", 0.0) * said["seconds"]
    return {"samples": samples, "pictures": round(shown)}


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line for line in lines if line.startswith("model name")).partition(":")[2].strip()
        flags = next(line for line in lines if line.startswith("flags")).split()
        name += "".join(f", {flag}" for flag in _TELLING if flag in flags)
    return {
        "processor": name,
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


@contextlib.contextmanager
def _visitor(
    address: str, start: dict[str, Any], seconds: float, skip: float
) -> "Iterator[subprocess.Popen[str]]":
    asked = json.dumps({"start": start, "seconds": seconds, "skip": skip})
    visitor = subprocess.Popen(
        [sys.executable, "-m", "demo.visitor", address, asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield visitor
    finally:
        visitor.kill()
        visitor.wait()


def _said(visitor: "subprocess.Popen[str]", seconds: float) -> dict[str, Any]:
    """What it counted; raises GenvcError with its last words."""
    try:
        out, err = visitor.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        raise GenvcError("the visitor did not come to an end") from None
    if visitor.returncode:
        raise GenvcError(f"the visitor failed: {err.strip().splitlines()[-1] if err.strip() else 'no words'}")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def _times() -> dict[str, float]:
    """Seconds of processor time so far by the name of the thread, and of all others."""
    tick = os.sysconf("SC_CLK_TCK")
    found: dict[str, float] = {}
    known = 0.0
    for thread in threading.enumerate():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            said = Path(f"/proc/self/task/{thread.native_id}/stat").read_text(encoding="utf-8")
            # user and system time, the 14th and 15th field; a name before them may hold blanks
            spent = sum(map(int, said.rpartition(")")[2].split()[11:13])) / tick
            name = "workers" if "orker" in thread.name or "Executor" in thread.name else thread.name
            found[name] = found.get(name, 0.0) + spent
            known += spent
    whole = os.times()
    found["other"] = max(0.0, whole.user + whole.system - known)
    return found


def resident() -> float:
    """MB of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
