"""Models that learn while they code, in integers, alike in encoder and decoder."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from ..errors import BadInput

MAX_SYMBOLS: Final = 4096
MAX_INTEGER: Final = 1 << 20
"""Integers that can be coded are at most this large, either sign."""

_MAX_TOTAL: Final = 1 << 24

Frequencies = npt.NDArray[np.float64]
"""Positive integers in float64, which holds them exactly and which the range coder takes as it is."""


def escape_bits(distance: int) -> int:
    """Raw bits for a value this far (1 or more) beyond a model's range: sign and Exp-Golomb number."""
    return 2 * distance.bit_length()


class AdaptiveModel:
    """Frequencies of the symbols 0 .. n-1 that follow the symbols seen so far.

    Encoder and decoder start from equal models and each coded symbol updates both alike. Every
    symbol stays codable, however rare. For integers around zero, symbol v + m stands for v in -m .. m,
    m = (n - 2) // 2, and symbol n - 1 for all that is beyond.

    start: the number of symbols (2 to 4096), or one positive integer count a symbol. increment: what
    a symbol's count grows by each time it is seen. limit: once the total passes it, each count is
    halved, rounded down, plus one, so that a small limit forgets fast; 2^13, or more for many symbols,
    unless given. Raises BadInput.
    """

    __slots__ = ("_increment", "_limit", "_total", "frequencies")

    def __init__(self, start: int | Sequence[int], increment: int = 32, limit: int | None = None) -> None:
        counts = [1] * start if isinstance(start, int) else [int(count) for count in start]
        if not 2 <= len(counts) <= MAX_SYMBOLS:
            raise BadInput(f"a model has 2 to {MAX_SYMBOLS} symbols, not {len(counts)}")
        if limit is None:
            limit = max(1 << 13, 4 * len(counts))
        if min(counts) < 1 or increment < 1 or limit < 2 * len(counts):
            raise BadInput("a model's counts and increment are at least 1, its limit at least 2 a symbol")
        if limit + increment > _MAX_TOTAL or sum(counts) > _MAX_TOTAL:
            raise BadInput("a model's counts are at most 2^24 in all")
        self.frequencies: Frequencies = np.array(counts, dtype=np.float64)
        self._total = sum(counts)
        self._increment = increment
        self._limit = limit
        self._halve()

    @property
    def size(self) -> int:
        """The number of symbols."""
        return len(self.frequencies)

    @property
    def reach(self) -> int:
        """The largest integer that has a symbol of its own."""
        return (len(self.frequencies) - 2) // 2

    def cost(self, symbol: int) -> float:
        """Bits that this symbol would cost now; a float, for decisions in the encoder only."""
        return math.log2(self._total / self.frequencies[symbol])

    def update(self, symbol: int) -> None:
        """Learn that this symbol came."""
        self.frequencies[symbol] += self._increment
        self._total += self._increment
        if self._total > self._limit:
            self._halve()

    def copy(self) -> "AdaptiveModel":
        """An independent model in the same state."""
        twin = object.__new__(AdaptiveModel)
        twin.frequencies = self.frequencies.copy()
        twin._total = self._total
        twin._increment = self._increment
        twin._limit = self._limit
        return twin

    def _halve(self) -> None:
        while self._total > self._limit:
            self.frequencies = np.floor(self.frequencies / 2) + 1
            self._total = int(self.frequencies.sum())


# ---------------------------------------------------------------- integers of a size that is learnt

_ONE: Final = 1 << 16  # sizes are in units of 2^-16
SCALES: Final = 61
_MEMORY: Final = 32
_RARE: Final = 4
_ESCAPE: Final = 16
_SHARE: Final = 1 << 8  # shares of the expected size are in units of 2^-8
_MOST: Final = 4 * _SHARE
_SMALL: Final = _ONE // 10


def _root8(exponent: int) -> int:
    """2^(exponent / 8), rounded down."""
    return math.isqrt(math.isqrt(math.isqrt(1 << exponent)))


_BOUNDS: Final = [_root8(64 + 2 * scale + 1) for scale in range(SCALES - 1)]


@cache
def scale_frequencies(scale: int) -> Frequencies:
    """Frequencies, 2^16 in all, of integers that fall off to both sides as 2^(scale / 4 - 8) suggests.

    That is the mean of their absolute values, from 1/256 (scale 0) to 128 (scale 60). The order is
    AdaptiveModel's: -m .. m, then what is beyond.
    """
    mean = _root8(64 + 2 * scale)
    ratio = (mean << 32) // (_ONE + math.isqrt(_ONE * _ONE + mean * mean))
    share = (((1 << 32) - ratio) << 48) // ((1 << 32) + ratio)
    side: list[int] = []
    while (share := share * ratio >> 32) >= _RARE << 32:
        side.append(share + (1 << 31) >> 32)
    centre = (((1 << 32) - ratio) << 16) // ((1 << 32) + ratio)
    beyond = max(_ESCAPE, (1 << 16) - centre - 2 * sum(side))
    centre = (1 << 16) - beyond - 2 * sum(side)
    table = np.array([*reversed(side), centre, *side, beyond], dtype=np.float64)
    table.flags.writeable = False
    return table


REACH: Final = [(len(scale_frequencies(scale)) - 2) // 2 for scale in range(SCALES)]


class ScaleModel:
    """The size of one number in a vector of ScaleModels; made and kept by it."""

    __slots__ = ("_mean", "_seen", "_vector")

    def __init__(self, vector: "ScaleModels", mean: int, seen: int) -> None:
        self._vector = vector
        self._mean = mean
        self._seen = seen

    @property
    def scale(self) -> int:
        """Which table of scale_frequencies fits the next value best, 0 to 60."""
        vector = self._vector
        mean = self._mean * (vector.found + 4 * vector.level) // (vector.expected + 4 * _SHARE)
        return bisect_right(_BOUNDS, mean)

    def cost(self, value: int) -> float:
        """Bits that this value would cost now; a float, for decisions in the encoder only."""
        table = scale_frequencies(self.scale)
        reach = (len(table) - 2) // 2
        if abs(value) <= reach:
            return 16 - math.log2(table[value + reach])
        return 16 - math.log2(table[-1]) + escape_bits(abs(value) - reach)

    def update(self, value: int) -> None:
        """Learn that this value came."""
        size = abs(value) * _ONE
        vector = self._vector
        unit = self._mean + _SMALL
        vector.found += min(size * _SHARE // unit, _MOST)
        vector.expected += self._mean * _SHARE // unit
        self._seen = min(self._seen + 1, _MEMORY)
        self._mean += (size - self._mean) // self._seen


class ScaleModels:
    """Models for vectors of integers whose sizes change with time, such as motion.

    Each number has a running mean of its absolute value. What the vector's earlier numbers turned out
    to be, compared with their means, scales the expectation for those that follow: motion comes to all
    of them at once. On key point differences this took 5 to 6 % fewer bits than counts by context.

    means: for each number the absolute value to expect at first, in 1/256. Call begin() before each
    vector; models[k] is for put_integer and get_integer. Raises BadInput.
    """

    __slots__ = ("_models", "expected", "found", "level")

    def __init__(self, means: Sequence[int]) -> None:
        if any(not 0 <= mean <= MAX_INTEGER * _SHARE for mean in means):
            raise BadInput("the expected sizes are 0 to 2^28")
        self._models = [ScaleModel(self, int(mean) * (_ONE // _SHARE), 2) for mean in means]
        self.found = 0
        self.expected = 0
        self.level = _SHARE

    def __len__(self) -> int:
        return len(self._models)

    def __getitem__(self, index: int) -> ScaleModel:
        return self._models[index]

    def begin(self) -> None:
        """A new vector begins."""
        if self.expected:
            # half of what the last vector showed, half of what is usual
            self.level = (_SHARE + min(_SHARE * self.found // self.expected, _MOST)) // 2
        self.found = self.expected = 0

    def copy(self) -> "ScaleModels":
        """Independent models in the same state."""
        twin = ScaleModels(())
        twin._models = [ScaleModel(twin, model._mean, model._seen) for model in self._models]
        twin.found, twin.expected, twin.level = self.found, self.expected, self.level
        return twin
