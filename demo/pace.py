"""How many pictures a second an encoder is given: as many as it, and the decoder behind it, can do.

A codec shares its bits among the pictures that its stream promises, so a stream that promises 25 and gets 8
comes out at a third of its rate: where the machine is too slow a new stream has to promise fewer.
"""

__all__ = ["Pace"]

_STEPS = (60, 50, 40, 30, 25, 20, 15, 12, 10, 8, 6, 5, 4, 3, 2, 1)
_LOOK_SECONDS = 3.0
_TOO_SLOW, _IDLE = 0.85, 0.45
_CALM_SECONDS = 30.0


class Pace:
    """fps: what streams should promise now. Times are the caller's, in seconds."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.fps = most
        self._since: float | None = None
        self._count = 0
        self._busy = 0.0
        self._missed = 0
        self._lowered_at = -_CALM_SECONDS

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
            self._lowered_at = now
        elif not missed and busy < _IDLE * span and now - self._lowered_at >= _CALM_SECONDS:
            faster = [step for step in _STEPS if self.fps < step <= 1.6 * self.fps]
            self.fps = min(self.most, faster[0] if faster else self.fps + 1)
        return self.fps != before
