"""A function call in a process of its own: fresh state, its own peak of memory, and a crash stays inside."""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any

from genvc.errors import BadInput, GenvcError

__all__ = ["call", "memory_mb", "resident_mb"]

# What every call needs anyway is imported once, by the server that the calls' processes are forked from.
PRELOADED = ["torch", "cv2", "genvc.media", "genvc.container", "eval.stage"]
TIMEOUT = 4 * 3600.0


def call(function: Callable[..., Any], *arguments: Any, timeout: float = TIMEOUT) -> Any:
    """What function(*arguments) returns; both must be picklable.

    Raises GenvcError with the message of a GenvcError raised there, with the type and message of any
    other exception, and when the process died or took longer than timeout seconds.
    """
    context = _context()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_run, args=(theirs, dict(os.environ), list(sys.path), function, arguments), daemon=True
    )
    process.start()
    theirs.close()
    try:
        if not ours.poll(timeout):
            raise GenvcError(f"not done after {timeout:g} s, stopped")
        kind, value = ours.recv()
    except (EOFError, OSError):
        process.join(10)
        raise GenvcError(_death(process.exitcode)) from None
    finally:
        if process.is_alive():
            process.join(1)
        if process.is_alive():
            process.kill()
            process.join(10)
        ours.close()
    if kind == "done":
        return value
    raise (BadInput if kind == "bad input" else GenvcError)(value)


def memory_mb() -> float:
    """The peak of this process's resident memory so far, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def resident_mb() -> float:
    """The resident memory of this process now, in MB; its peak where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return memory_mb()


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        return context
    return multiprocessing.get_context("spawn")


def _run(
    pipe: Connection,
    environment: Mapping[str, str],
    path: list[str],
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    # The server keeps the environment of its start; the caller's may have changed since.
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = path
    # Ctrl-C reaches the whole group; the caller decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pipe.send(("done", function(*arguments)))
    except BadInput as error:
        pipe.send(("bad input", str(error)))
    except GenvcError as error:
        pipe.send(("error", str(error)))
    except Exception as error:
        text = " ".join(str(error).split())
        pipe.send(("error", f"{type(error).__name__}: {text}" if text else type(error).__name__))
    finally:
        pipe.close()


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"the process was killed by {name}{hint}"
    return f"the process ended without a result, exit code {code}"
