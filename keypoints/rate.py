"""How a group's bytes are shared between motion, the number of references and their quality.

What a viewer loses is guessed as the sum of two terms, both fitted to LPIPS (alex) on the validation
clips: what warping cannot show, from the differences of references.py, and what the key codec takes
away, from the quality it can afford. More references lower the first and raise the second.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

from .group import Effort
from .references import Choice
from .scale import resized, scaled_size
from .syntax import SCALES

__all__ = [
    "REPAIRED",
    "WARPED",
    "Coder",
    "Curve",
    "effort_for",
    "fields_for",
    "fill",
    "pick",
    "remembering",
    "stated_quality",
]

Coder = Callable[[Picture, int], bytes]
"""A picture and a quality, 0 to 100, to the key codec's bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What the key codec takes away: LPIPS at each quality, and sizes relative to quality 25.

    Below quality 0 are the smaller sizes of SCALES. warp: loss per unit of difference. Of warping 0.64
    fits 100 pairs of validation pictures (correlation 0.96); more references than that asks for leave the
    mean as it is and make the worst pictures better.
    """

    loss: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]
    warp: float


# AVIF on the validation faces, as it is and as the generator repairs it.
_QUALITY = np.array([-30.0, -20, -10, 0, 5, 15, 25, 35, 45, 55, 65, 80, 100])
WARPED = Curve(
    np.array([0.40, 0.33, 0.26, 0.20, 0.132, 0.095, 0.067, 0.038, 0.019, 0.010, 0.006, 0.003, 0.001]),
    np.array([0.11, 0.17, 0.30, 0.48, 0.58, 0.77, 1.0, 1.37, 1.95, 2.70, 3.55, 6.0, 14.0]),
    1.0,
)
REPAIRED = Curve(
    np.array([0.27, 0.23, 0.19, 0.17, 0.12, 0.075, 0.049, 0.032, 0.020, 0.011, 0.007, 0.004, 0.0015]),
    np.array([0.08, 0.12, 0.19, 0.28, 0.43, 0.69, 1.0, 1.37, 1.89, 2.71, 3.56, 6.0, 14.0]),
    0.7,
)
# What a further reference costs beside its pixels: structure, motion fields, more changes.
_RECORD_BYTES = 150
_FIELD_BYTES, _FEWEST_FIELDS = 500, 2
# Sizes grow by about 3 % with a step of quality; a budget used to 96 % is full.
_GROWTH, _FULL = 0.03, 0.96
_FIRST_GUESS, _FEWEST_TRIES = 30, 4


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


def fields_for(budget: float) -> int:
    """How many motion fields a reference is worth in a group of so many bytes.

    A field costs some bytes once, of which the key picture makes more where they are few. At 4.5 kbit/s on
    validation faces of 4 seconds LPIPS (alex) is 11 % lower with 4 fields than with 8; of 14 seconds it is 4
    to 6 % higher.
    """
    return max(_FEWEST_FIELDS, int(budget // _FIELD_BYTES))


def pick(choices: Sequence[Choice], budget: float, motion: float, base: int, curve: Curve) -> Choice:
    """The number of references that loses least.

    budget: bytes for the group. motion: bytes of motion with one reference. base: bytes of a typical
    reference at quality 25. curve: of the decoder in question.
    """

    def loss(choice: Choice) -> float:
        count = len(choice.references)
        each = (budget - motion - _RECORD_BYTES * (count - 1)) / count
        if each < base * curve.size[0]:
            return 1.0 + count
        quality = np.interp(each / base, curve.size, _QUALITY)
        return float(curve.warp * choice.difference + np.interp(quality, _QUALITY, curve.loss))

    return min(choices, key=loss)


def remembering(code: Coder) -> Callable[[Picture, float], tuple[bytes, int]]:
    """`fill` for one picture at a time, which begins where the last one leads."""
    last: tuple[int, int] | None = None

    def filled(rgb: Picture, budget: float) -> tuple[bytes, int]:
        nonlocal last
        tried: dict[bytes, int] = {}

        def noted(rgb: Picture, quality: int) -> bytes:
            found = code(rgb, quality)
            tried[found] = quality
            return found

        guess = _FIRST_GUESS if last is None else min(max(last[0] + _step(last[1], budget), 0), 100)
        (coded,), scale = fill([rgb], budget, noted, guess)
        last = tried[coded], len(coded)
        return coded, scale

    return filled


def fill(
    pictures: Sequence[Picture], budget: float, code: Coder, guess: int = _FIRST_GUESS
) -> tuple[list[bytes], int]:
    """Code all pictures within budget bytes: their bytes, and the index into SCALES of their size.

    guess: the quality that is tried first.
    A smaller size is taken only when the lowest quality of the larger does not fit: it looks worse.
    """
    coded: list[bytes] = []
    for scale in range(len(SCALES)):
        small = [resized(rgb, *scaled_size(rgb.shape[1], rgb.shape[0], scale)) for rgb in pictures]
        coded = _fill(small, budget, code, guess)
        if sum(len(one) for one in coded) <= budget:
            return coded, scale
    return coded, len(SCALES) - 1


def _fill(pictures: Sequence[Picture], budget: float, code: Coder, guess: int) -> list[bytes]:
    """Code all pictures at the best common quality that fits the budget, then better ones while it fits.

    Quality 0 when even that does not fit: the caller sees the sizes.
    """
    tries: dict[int, list[bytes]] = {}

    def size(quality: int) -> int:
        if quality not in tries:
            tries[quality] = _coded(pictures, [quality] * len(pictures), code)
        return sum(len(one) for one in tries[quality])

    low, high, quality = -1, 101, guess
    while high - low > 1 and len(tries) < max(_FEWEST_TRIES, 8 - len(pictures)):
        found = size(quality)
        if found <= budget:
            low = quality
            if found > _FULL * budget:
                break
        else:
            high = quality
        quality = min(max(quality + _step(found, budget), low + 1), high - 1)
    best = max(low, 0)
    spare = budget - size(best)
    coded = tries[best]
    if spare < (1 - _FULL) * budget / len(pictures):
        # not one of them is better by so little
        return coded
    better = (
        tries.get(best + 2) or _coded(pictures, [best + 2] * len(pictures), code) if best <= 98 else coded
    )
    for index, (now, more) in enumerate(zip(coded, better, strict=True)):
        if 0 <= len(more) - len(now) <= spare:
            spare -= len(more) - len(now)
            coded = [*coded[:index], more, *coded[index + 1 :]]
    return coded


def _step(size: int, budget: float) -> int:
    """By how much quality may grow from what takes so many bytes."""
    return round(math.log(max(budget * 0.99, 1) / max(size, 1)) / _GROWTH)


def _coded(pictures: Sequence[Picture], qualities: Sequence[int], code: Coder) -> list[bytes]:
    """Each picture at its quality, two at a time: the coders leave Python alone while they work."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(code, pictures, qualities))


def stated_quality(choices: Sequence[Choice], quality: int, curve: Curve) -> Choice:
    """The number of references for a key quality: none that gains less than the pixels lose."""
    worth = float(np.interp(quality, _QUALITY, curve.loss))
    for now, more in pairwise(choices):
        if curve.warp * (now.difference - more.difference) < 0.12 * worth + 0.002:
            return now
    return choices[-1]
