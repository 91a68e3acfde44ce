"""Native libraries at work without a word: their remarks are not for the users of genvc."""

import os
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["quietly"]

Result = TypeVar("Result")
# The standard error belongs to the process: two that turn it away at once would lose it for good.
_ALONE = threading.Lock()


def quietly(work: Callable[[], Result]) -> Result:
    """Work with the process's standard error turned away; what work() returns or raises passes through.

    glog and TensorFlow Lite, where they are loaded by it or later, are told to say no more than errors.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _ALONE:
        sys.stderr.flush()
        keep = os.dup(2)
        try:
            with open(os.devnull, "wb") as sink:
                os.dup2(sink.fileno(), 2)
            return work()
        finally:
            os.dup2(keep, 2)
            os.close(keep)
