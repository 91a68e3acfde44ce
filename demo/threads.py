"""How the threads of server and call share the cores."""

import os

__all__ = ["one_thread_each"]


def one_thread_each() -> None:
    """Networks take one thread in each thread of a call, and threads that wait sleep; before torch is loaded.

    Otherwise each of them gets as many helpers as there are cores, which wait for work by turning around: of
    two cores they took one. Whoever has set these variables is left alone.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
