"""The live choice of a codec: key points as long as they show the scene, any content's codec where not.

The codec `auto` codes each group by all its codecs before it sends the best, seconds late; a call cannot
wait. Here one codec runs, and how unlike its pictures are (genvc.unlike) says whether the other one should.
"""

import math
from collections import deque

__all__ = ["FIRST", "OTHER", "Fallback"]

FIRST, OTHER = "keypoints", "predictive"
# unlike() of a head that is followed well stays below; where a scene is no head it goes beyond.
_POOR = 0.34
_LOOKS = 3
_RETRY_SECONDS = 20.0


class Fallback:
    """codec: the choice in force. Times are the caller's, in seconds."""

    def __init__(self) -> None:
        self.codec = FIRST
        self._seen: deque[float] = deque(maxlen=_LOOKS)
        self._changed_at = -math.inf
        self._patience = _RETRY_SECONDS

    def saw(self, unlike: float, now: float) -> bool:
        """Hears how unlike a shown picture was to its source; whether the codec has changed."""
        self._seen.append(unlike)
        if self.codec == FIRST:
            poor = len(self._seen) == _LOOKS and min(self._seen) > _POOR
            if poor:
                # a second failure soon after a retry makes the next retry later
                again = now - self._changed_at < self._patience
                self._patience = min(8 * _RETRY_SECONDS, 2 * self._patience) if again else _RETRY_SECONDS
                self._change(OTHER, now)
            return poor
        if now - self._changed_at > self._patience:
            self._change(FIRST, now)
            return True
        return False

    def _change(self, codec: str, now: float) -> None:
        self.codec = codec
        self._changed_at = now
        self._seen.clear()
