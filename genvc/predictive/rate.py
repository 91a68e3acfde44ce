"""Rate control: which grade spends the bits that are there.

A picture's bits follow 2^(level + slope * grade), with a level for each role in the group of pictures that is
learned from what was spent (an R-lambda model as in HEVC's reference encoder, Li et al. 2014, with grades
for lambda). A key picture borrows, and the pictures after it pay back over two seconds.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from ..errors import Notice
from ..learned.quality import GRADES
from .gop import Role
from .networks import REPEATED, Made, kind_of

__all__ = ["Rate"]

_KEY_SLOPE: Final = 0.085  # doublings of the bits for each grade
_SLOPE: Final = 0.12
_KEY_SHARE: Final = 14.0  # a key picture's bits, in those of an average picture
_HEAD_BYTES: Final = 2.3  # of the container, a packet
_START_BYTES: Final = 60  # of its header and end
_SECONDS: Final = 2.0
_FAR: Final = 0.1  # off the rate by so much is said
_MOST_GRADES: Final = 4.0  # from one decision to the next
_NEW: Final = 0.5  # of a role's level when it is learned anew
# Pictures that skip nearly all blocks cost nothing, up to the grade where all at once is coded anew: a scene
# that stands still gets better than its key picture slowly.
_ABOVE_KEY: Final = 3.0
_PICTURES_A_GRADE: Final = 8


class Rate:
    """The state of one stream's rate control."""

    def __init__(self, bitrate: float, fps: Fraction, period: int = 0) -> None:
        """period: pictures from one key picture to the next, 0 for one at the start alone."""
        self.bitrate, self.fps = bitrate, float(fps)
        self.share = bitrate / float(fps)
        self.horizon = max(4.0, _SECONDS * float(fps))
        self.key_share = min(_KEY_SHARE, (period + 1) / 2) if period else _KEY_SHARE
        self.debt = 8.0 * _START_BYTES
        self.levels: dict[str, float] = {}
        self.last: float | None = None
        self.last_key = 20.0
        self.since = 0
        self.bits, self.pictures = 8.0 * _START_BYTES, 0

    def grade(self, roles: Sequence[Role]) -> float:
        """The stream's grade while pictures of these roles are coded."""
        if not self.levels:
            return self.last_key
        mine = max(16.0, self.share - 8 * _HEAD_BYTES - self.debt / self.horizon)
        known = max(self.levels.values())
        spent = sum(2 ** (self.levels.get(one.name, known) - _SLOPE * one.coarser) for one in roles)
        found = math.log2(mine * len(roles) / spent) / _SLOPE
        if self.last is not None:
            found = max(self.last - _MOST_GRADES, min(self.last + _MOST_GRADES, found))
        highest = self.last_key + _ABOVE_KEY + self.since / _PICTURES_A_GRADE
        self.last = max(0.0, min(GRADES + 9.0, highest, found))
        return self.last

    def key_picture(self, encode: Callable[[int], Made]) -> Made:
        """A key picture of about its share of the bits, in at most four tries."""
        wanted = max(16.0, self.share * self.key_share - 8 * _HEAD_BYTES)
        grade = self.last_key
        for _ in range(4):
            made = encode(round(grade))
            miss = math.log2(wanted / (8 * len(made.payload)))
            better = max(0.0, min(GRADES - 1.0, round(grade) + miss / _KEY_SLOPE))
            if abs(better - round(grade)) < 1.5:
                break
            grade = better
        self.last_key, self.since = float(made.payload[0] % GRADES), 0
        return made

    def spent(self, payload: bytes, role: Role | None) -> None:
        """Account for a packet that goes out; role: None for a key picture."""
        bits = 8 * (len(payload) + _HEAD_BYTES)
        self.bits += bits
        self.pictures += 1
        # what a still scene saves is not kept for longer than a debt is
        self.debt = max(self.debt + bits - self.share, -self.horizon * self.share)
        self.since += 1
        if role is not None and kind_of(payload) != REPEATED:
            level = math.log2(8 * len(payload)) - _SLOPE * (payload[0] % GRADES)
            before = self.levels.get(role.name, level)
            self.levels[role.name] = before + _NEW * (level - before)

    def explain(self) -> None:
        """Say so when the stream that ends here is more than a tenth off its rate."""
        if not self.pictures:
            return
        seconds = self.pictures / self.fps
        found = self.bits / seconds
        if abs(found / self.bitrate - 1) <= _FAR:
            return
        if found < self.bitrate:
            reason = "the content needs no more"
        elif self.last == 0.0 or (self.last is None and self.last_key == 0.0):
            reason = "the content needs that much at the lowest quality"
        elif seconds < _SECONDS:
            reason = f"a key picture borrows from the {_SECONDS:g} seconds after it, which are too few here"
        else:
            reason = "key pictures and cuts take more than the pictures between them can save"
        warnings.warn(
            f"{found / 1000:.2f} kbit/s instead of {self.bitrate / 1000:.2f}: {reason}", Notice, stacklevel=3
        )
