"""Memory of calls: what is not in use any more is found soon, and goes back to the system.

The face detector leaves a class of its own behind with every picture, which only Python's search for
cycles finds; that search is the rarer the more objects there are that stay for good. Each thread of a call
takes its buffers from an arena of glibc's malloc of its own, and what it frees stays there: calls that come
and go would hold more and more of it, though nothing of them is in use.
"""

import ctypes
import gc
from functools import cache
from typing import Any

__all__ = ["few_arenas", "give_back", "settle"]

_ARENA_MAX = -8  # of malloc.h
_ARENAS = 4


def few_arenas() -> None:
    """From now on threads share a few arenas; to be called before there are many. Nothing without glibc."""
    if hasattr(_library(), "mallopt"):
        _library().mallopt(_ARENA_MAX, _ARENAS)


def settle() -> None:
    """What there is now stays for good, so that cycles are found soon: for when everything is loaded."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Pages that hold nothing go back to the system; takes some milliseconds. Nothing without glibc."""
    gc.collect()
    if hasattr(_library(), "malloc_trim"):
        _library().malloc_trim(0)


@cache
def _library() -> Any:
    """The C library, or what has none of its functions."""
    try:
        return ctypes.CDLL("libc.so.6")
    except OSError:
        return object()
