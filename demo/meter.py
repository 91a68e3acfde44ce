"""Bytes and pictures a second, by kind, lately and in all."""

from collections import deque

__all__ = ["Meter"]

_SECONDS = 3.0


class Meter:
    """Counts what is added; times are seconds on the caller's clock. last: bytes of the last picture."""

    def __init__(self) -> None:
        self.last = 0
        self.bytes: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.started: float | None = None
        self._lately: deque[tuple[float, str, int]] = deque()

    def add(self, kind: str, size: int, now: float) -> None:
        if self.started is None:
            self.started = now
        self.bytes[kind] = self.bytes.get(kind, 0) + size
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self._lately.append((now, kind, size))
        self._forget(now)

    def total(self) -> int:
        """Bytes of all kinds since the beginning."""
        return sum(self.bytes.values())

    def kbps(self, now: float, *kinds: str) -> float:
        """Kilobits a second of these kinds (of all, if none is named) over the last three seconds."""
        self._forget(now)
        return (
            sum(size for _, kind, size in self._lately if not kinds or kind in kinds) * 8e-3 / self._span(now)
        )

    def mean_kbps(self, now: float, *kinds: str) -> float:
        """The same since the beginning."""
        if self.started is None or now <= self.started:
            return 0.0
        size = sum(count for kind, count in self.bytes.items() if not kinds or kind in kinds)
        return size * 8e-3 / (now - self.started)

    def per_second(self, now: float, *kinds: str) -> float:
        """How many of these kinds a second were added over the last three seconds."""
        self._forget(now)
        return sum(1 for _, kind, _ in self._lately if not kinds or kind in kinds) / self._span(now)

    def _span(self, now: float) -> float:
        return _SECONDS if self.started is None else min(_SECONDS, max(0.2, now - self.started))

    def _forget(self, now: float) -> None:
        while self._lately and self._lately[0][0] < now - _SECONDS:
            self._lately.popleft()
