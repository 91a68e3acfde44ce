"""How a group's bytes are shared between motion, the number of references and their quality.

What a viewer loses is guessed as the sum of two terms, both fitted to LPIPS (alex) on the validation
clips: what warping cannot show, from the differences of references.py, and what the key codec takes
away, from the quality it can afford. More references lower the first and raise the second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from genvc.types import Picture

from .group import Effort
from .references import Choice
from .scale import resized, scaled_size
from .syntax import SCALES

__all__ = ["Coder", "effort_for", "fill", "pick", "stated_quality"]

Coder = Callable[[Picture, int], bytes]
"""A picture and a quality, 0 to 100, to the key codec's bytes."""

# Loss per unit of difference (correlation 0.96 over 100 pairs of validation pictures).
_WARP_LOSS = 0.64
# AVIF on the validation faces: quality, LPIPS, size relative to quality 25.
_QUALITY = np.array([0.0, 5, 15, 25, 35, 45, 55, 65, 80, 100])
_LOSS = np.array([0.20, 0.132, 0.095, 0.067, 0.038, 0.019, 0.010, 0.006, 0.003, 0.001])
_SIZE = np.array([0.48, 0.58, 0.77, 1.0, 1.37, 1.95, 2.70, 3.55, 6.0, 14.0])
# What a further reference costs beside its pixels: structure, motion fields, more changes.
_RECORD_BYTES = 150


def effort_for(bits: float, fps: float) -> Effort:
    """How finely to code motion when there are so many bits for each picture, all included."""
    hold = 1
    while bits * hold < 50 and fps / hold > 14:
        hold += 1
    bits *= hold
    if bits >= 400:
        return Effort(0.6, 12, hold, 3)
    if bits >= 240:
        return Effort(0.8, 10, hold, 2)
    if bits >= 120:
        return Effort(1.0, 8, hold)
    if bits >= 70:
        return Effort(1.5, 6, hold)
    return Effort(2.2, 4, hold)


def pick(choices: Sequence[Choice], budget: float, motion: float, base: int) -> Choice:
    """The number of references that loses least.

    budget: bytes for the group. motion: bytes of motion with one reference. base: bytes of a typical
    reference at quality 25.
    """

    def loss(choice: Choice) -> float:
        count = len(choice.references)
        each = (budget - motion - _RECORD_BYTES * (count - 1)) / count
        if each < base * _SIZE[0]:
            return 1.0 + count
        quality = np.interp(each / base, _SIZE, _QUALITY)
        return float(_WARP_LOSS * choice.difference + np.interp(quality, _QUALITY, _LOSS))

    return min(choices, key=loss)


def fill(pictures: Sequence[Picture], budget: float, code: Coder) -> tuple[list[bytes], int]:
    """Code all pictures within budget bytes: their bytes, and the index into SCALES of their size.

    A smaller size is taken only when the lowest quality of the larger does not fit: it looks worse.
    """
    coded: list[bytes] = []
    for scale in range(len(SCALES)):
        small = [resized(rgb, *scaled_size(rgb.shape[1], rgb.shape[0], scale)) for rgb in pictures]
        coded = _fill(small, budget, code)
        if sum(len(one) for one in coded) <= budget:
            return coded, scale
    return coded, len(SCALES) - 1


@dataclass(frozen=True, slots=True)
class _Try:
    quality: int
    coded: list[bytes]

    @property
    def size(self) -> int:
        return sum(len(one) for one in self.coded)


def _fill(pictures: Sequence[Picture], budget: float, code: Coder, guess: int = 30) -> list[bytes]:
    """Code all pictures at the best common quality that fits the budget, then better ones while it fits.

    Quality 0 when even that does not fit: the caller sees the sizes.
    """
    tries: dict[int, _Try] = {}

    def at(quality: int) -> _Try:
        if quality not in tries:
            tries[quality] = _Try(quality, [code(picture, quality) for picture in pictures])
        return tries[quality]

    low, high, quality = -1, 101, guess
    while high - low > 1 and len(tries) < 7:
        if at(quality).size <= budget:
            low = quality
        else:
            high = quality
        if low < 0 and quality == 0:
            break
        # sizes grow by about 3 % a step of quality
        step = round(float(np.log(max(budget, 1) / max(at(quality).size, 1)) / 0.03))
        quality = int(np.clip(quality + step, low + 1 if low >= 0 else 0, high - 1))
        if quality in tries:
            quality = (low + high) // 2
            if quality in tries or quality < 0:
                break
    best = at(max(low, 0))
    coded = list(best.coded)
    spare = budget - best.size
    for index, picture in enumerate(pictures):
        for quality in range(best.quality + 1, min(101, best.quality + 4)):
            better = tries[quality].coded[index] if quality in tries else code(picture, quality)
            if len(better) - len(coded[index]) > spare:
                break
            spare -= len(better) - len(coded[index])
            coded[index] = better
    return coded


def stated_quality(choices: Sequence[Choice], quality: int) -> Choice:
    """The number of references for a key quality: none that gains less than the pixels lose."""
    worth = float(np.interp(quality, _QUALITY, _LOSS))
    for now, more in pairwise(choices):
        if _WARP_LOSS * (now.difference - more.difference) < 0.12 * worth + 0.002:
            return now
    return choices[-1]
