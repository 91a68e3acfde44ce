"""How many pictures a second an encoder is given: as many as it, and the decoder behind it, can do.

A codec shares its bits among the pictures that its stream promises, so a stream that promises 25 and gets 8
comes out at a third of its rate: where the machine is too slow a new stream has to promise fewer.
"""

__all__ = ["Pace"]

_STEPS = (60, 50, 40, 30, 25, 20, 15, 12, 10, 8, 6, 5, 4, 3, 2, 1)
_LOOK_SECONDS = 3.0
_TOO_SLOW, _IDLE, _FEW = 0.85, 0.45, 0.05
# A raise fills so much of the time, and is tried after so many seconds; later, where it was too much.
_FILLED, _MOST_RAISE = 0.7, 2.5
_CALM_SECONDS, _MOST_CALM = 6.0, 60.0


class Pace:
    """fps: what streams should promise now. Times are the caller's, in seconds."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.fps = most
        self._since: float | None = None
        self._count = 0
        self._busy = 0.0
        self._missed = 0
        self._calm = _CALM_SECONDS
        self._lowered_at = self._raised_at = -_MOST_CALM

    def done(self, busy: float, now: float) -> None:
        """A picture was coded, which took so many seconds."""
        self._since = now if self._since is None else self._since
        self._count += 1
        self._busy += busy

    def missed(self) -> None:
        """A picture was due, and left out because the machine was behind."""
        self._missed += 1

    def changed(self, now: float) -> bool:
        """Whether fps is another now; looks every three seconds."""
        if self._since is None or now - self._since < _LOOK_SECONDS:
            return False
        count, busy, missed = self._count, self._busy, self._missed
        span = now - self._since
        self._since, self._count, self._busy, self._missed = now, 0, 0.0, 0
        reached = count / span
        late = missed > 0.15 * (count + missed)
        before = self.fps
        if late and reached < _TOO_SLOW * self.fps:
            self.fps = next((step for step in _STEPS if step <= min(reached, self.most)), 1)
            again = now - self._raised_at < 2 * self._calm
            self._calm = min(_MOST_CALM, 2 * self._calm) if again else _CALM_SECONDS
            self._lowered_at = now
        elif missed <= _FEW * count and busy < _IDLE * span and now - self._lowered_at >= self._calm:
            able = min(self.most, _MOST_RAISE * self.fps, _FILLED * count / max(busy, 1e-9))
            self.fps = max(self.fps, next((step for step in (self.most, *_STEPS) if step <= able), 1))
            self._raised_at = now
        return self.fps != before
