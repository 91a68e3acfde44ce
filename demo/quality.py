"""Quality sampled now and then: metrics of the registry on one picture, in a thread of its own."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from genvc.compare import Metrics
from genvc.errors import GenvcError
from genvc.types import Frame, Picture
from genvc.unlike import unlike

__all__ = ["METRICS", "Sample", "Sampler"]

METRICS = ("psnr", "ssim", "lpips_alex")
_MOST_WAITING = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """figures: by metric; one that cannot be had is left out. unlike: see genvc.unlike."""

    figures: dict[str, float]
    unlike: float


class Sampler:
    """One for the whole process: pictures wait in a short queue, and are passed over when it is full."""

    def __init__(self) -> None:
        self._wanted: deque[tuple[Picture, Picture, Callable[[Sample], None]]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, source: Picture, shown: Picture, then: Callable[[Sample], None]) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="quality", daemon=True)
                self._thread.start()
            if len(self._wanted) < _MOST_WAITING:
                self._wanted.append((source, shown, then))
                self._changed.notify()

    def _run(self) -> None:
        metrics = Metrics(METRICS)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._wanted))
            self._judge(metrics)
            time.sleep(0.05)

    def _judge(self, metrics: Metrics) -> None:
        """The picture that waits longest; nothing of it, or of its call, is held on to afterwards."""
        source, shown, then = self._wanted.popleft()
        with suppress(GenvcError):
            found = metrics.measure([Frame(source, 0)], [Frame(shown, 0)])
            figures = {name: one.mean for name, one in found.items() if one.mean is not None}
            then(Sample(figures, unlike(source, shown)))
