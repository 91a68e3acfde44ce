"""What a line map costs: each sample's chance, mixed from a small network and counts, in integers.

Context mixing (Mahoney's PAQ; JBIG2's template contexts are one of its parts): an exact network sees 39
samples that are known, three adaptive counts see less and learn the picture, and a mixer that learns too adds
up their opinions. Samples are coded in wavefronts, x + 5 y = t for t = 0, 1, ..., so that all of one are
computed at once: the row above is known up to 4 samples to the right by then.

All values are integers: opinions are log odds in 1/256, chances are of 65536.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from genvc.entropy import SymbolDecoder, SymbolEncoder

from .lines import Lines

__all__ = ["AROUND", "LineNetwork", "chance", "log_odds", "read_lines", "write_lines"]

Integers = npt.NDArray[np.int64]

SLANT: Final = 5  # a row starts so many fronts after the one above it
MARGIN: Final = SLANT
# (row, column) of the 39 samples that are known, from the nearest
AROUND: Final = (
    *((0, -x) for x in range(1, 6)),
    *((-1, x) for x in range(-5, 5)),
    *((-2, x) for x in range(-5, 5)),
    *((-3, x) for x in range(-4, 5)),
    *((-4, x) for x in range(-2, 3)),
)
_NEAR = ((0, -1), (-1, -1), (-1, 0), (-1, 1), (0, -2), (-2, 0), (-1, 2), (-1, -2), (-2, -1), (-2, 1))
# JBIG2's template of 16, without its adaptive ones
_WIDE = (*_NEAR, (0, -3), (-2, -2), (-2, 2), (0, -4), (-1, 3), (-1, -3))
ONE: Final = 256  # a log odds of 1
MOST: Final = 11 * ONE
_POINTS: Final = 1 << 16
_RATE: Final = 10  # the mixer's, as a shift
_MEMORY: Final = 255

_Code = Callable[[Integers, npt.NDArray[np.bool_]], npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class LineNetwork:
    """39 known samples -> hidden layers -> log odds in 1/256; weights are integers of 1/4096 in float64.

    layers: (inputs, outputs) weights and (outputs,) biases, of 1/4096.
    """

    layers: tuple[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], ...]

    def opinion(self, known: npt.NDArray[np.float64]) -> Integers:
        """(n,) log odds; known: (n, 39), 0 or 1. Sums stay far below 2^53, so they are exact in any order."""
        values = known * ONE
        for number, (weights, biases) in enumerate(self.layers):
            values = values @ weights
            values += biases * ONE
            if number < len(self.layers) - 1:
                np.maximum(values, values * 0.125, out=values)
            values *= 1 / 4096
            np.floor(values, out=values)
            np.minimum(values, 128 * ONE, out=values)
            np.maximum(values, -128 * ONE, out=values)
        return np.asarray(values[:, 0].clip(-MOST, MOST), np.int64)


def chance(odds: Integers) -> Integers:
    """Log odds in 1/256 as a chance of 65536, 1 to 65535."""
    return np.asarray(_squash()[np.clip(odds, -MOST, MOST) + MOST])


def log_odds(chances: Integers) -> Integers:
    """The inverse of chance(), for 16-bit chances in steps of 16."""
    return np.asarray(_stretch()[chances >> 4])


@cache
def _squash() -> Integers:
    # no value lies so near to a half that a machine's exp could round it otherwise: a test says so
    steps = np.arange(-MOST, MOST + 1) / ONE
    return np.asarray(np.rint(_POINTS / (1 + np.exp(-steps))).clip(1, _POINTS - 1), np.int64)


@cache
def _stretch() -> Integers:
    middle = 16 * np.arange(_POINTS // 16, dtype=np.int64) + 8
    return np.asarray(np.searchsorted(_squash(), middle), np.int64) - MOST


def write_lines(coder: SymbolEncoder, network: LineNetwork, lines: Lines) -> None:
    """Code a map of lines."""

    def flags(chances: Integers, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        coder.put_flags(wanted, chances)
        return wanted

    _walk(network, lines, flags)


def read_lines(coder: SymbolDecoder, network: LineNetwork, high: int, wide: int) -> Lines:
    """The map that write_lines() coded."""
    blank = np.zeros((high, wide), np.bool_)
    return _walk(network, blank, lambda chances, wanted: coder.get_flags(chances))


def _walk(network: LineNetwork, lines: Lines, code: _Code) -> Lines:
    """The map, front by front. code: chances, and the samples where they are known, to the samples."""
    high, wide = lines.shape
    held = np.zeros((high + MARGIN, wide + 2 * MARGIN), np.float64)
    flat, stride, wanted = held.reshape(-1), wide + 2 * MARGIN, lines.reshape(-1)
    around = np.array([row * stride + column for row, column in AROUND])
    # where front 0 meets each row, in `held` and in `lines`; the fronts after it are so many samples further
    starts = (np.arange(high) + MARGIN) * stride + MARGIN - SLANT * np.arange(high)
    origins = np.arange(high) * (wide - SLANT)
    near = starts[:, None] + around
    mixer, blank = _Mixer(high), network.opinion(np.zeros((1, len(AROUND))))[0]
    for front in range(wide + SLANT * (high - 1)):
        first, last = max(0, -(-(front - wide + 1) // SLANT)), min(high - 1, front // SLANT) + 1
        if first >= last:
            continue
        known = flat.take(near[first:last] + front)
        # around most samples there is nothing, of which the network always thinks the same
        odds, seen = np.full(last - first, blank), known.any(1)
        if seen.any():
            odds[seen] = network.opinion(known[seen])
        chances = mixer.look(odds, known)
        found = code(chances, wanted.take(origins[first:last] + front))
        if found.any():
            flat[starts[first:last] + front] = found
        mixer.learn(found)
    return held[MARGIN:, MARGIN:-MARGIN].astype(np.bool_)


def _numbered() -> npt.NDArray[np.float64]:
    """(39, 3): a context's number is a sum over the samples that are set; of 10 near by, of 16, how many."""
    found = np.zeros((len(AROUND), 3))
    for column, context in enumerate((_NEAR, _WIDE)):
        for bit, one in enumerate(context):
            found[AROUND.index(one), column] = 1 << bit
    found[:, 2] = 1
    return found


_NUMBERED: Final = _numbered()
_SETS: Final = 4  # of weights
_ONE_HOT: Final = np.eye(_SETS)


class _Mixer:
    """Counts and weights as they are after the fronts so far; both ends learn alike."""

    def __init__(self, most: int) -> None:
        """most: samples of a front."""
        # three tables of contexts, one after the other: of 10 samples near by, of 16, and how many are set
        self.starts = np.array([0, 1 << len(_NEAR), (1 << len(_NEAR)) + (1 << len(_WIDE))])[:, None]
        size = int(self.starts[-1, 0]) + 32
        # chances of 2^22, how often each context was met, and what that makes of its opinion
        self.counts = np.full(size, 1 << 15, np.int64)
        self.met = np.zeros(size, np.int64)
        self.opinions = np.zeros(size, np.int64)
        # of one front: how often a context was met, and with a line
        self.now, self.lined = np.zeros(size, np.int64), np.zeros(size, np.int64)
        # of the network, the counts, and 1; of 65536; a set for each number of samples near by
        self.weights = np.tile(np.array([[56000], [3000], [6000], [500], [0]], np.int64), (1, _SETS))
        self.held = np.full((5, most), ONE, np.int64)
        self.chances = chance(np.arange(-MOST, MOST + 1)).clip(8, _POINTS - 8)
        self.stretch = log_odds(16 * np.arange(_POINTS // 16, dtype=np.int64))

    def look(self, network: Integers, known: npt.NDArray[np.float64]) -> Integers:
        """Chances of the next front's samples: what the network says, and known, (n, 39)."""
        contexts = (known @ _NUMBERED).astype(np.int64).T
        many = np.minimum(contexts[2], 15)
        contexts[2] = 2 * many + (contexts[0] & 1)
        contexts += self.starts
        self.contexts = contexts
        self.set = np.minimum(many, _SETS - 1)
        self.parts = self.held[:, : len(network)]
        self.parts[0] = network
        self.opinions.take(contexts, out=self.parts[1:4])
        mixed = (self.parts * self.weights.take(self.set, 1)).sum(0) >> 16
        np.minimum(mixed, MOST, out=mixed)
        np.maximum(mixed, -MOST, out=mixed)
        self.mixed = np.asarray(self.chances.take(mixed + MOST))
        return self.mixed

    def learn(self, found: npt.NDArray[np.bool_]) -> None:
        """From the samples that were coded; sums, so the order within a front does not matter."""
        steps = self.parts * ((found.astype(np.int64) << 16) - self.mixed) >> _RATE
        # of each set of weights; sums stay far below 2^53
        turns = (steps.astype(np.float64) @ _ONE_HOT.take(self.set, 0)).astype(np.int64) >> 4
        np.minimum(turns, 2000, out=turns)
        np.maximum(turns, -2000, out=turns)
        self.weights += turns
        contexts, counts, met = self.contexts, self.counts, self.met
        np.add.at(self.now, contexts, 1)
        times, before = self.now.take(contexts), met.take(contexts)
        self.now[contexts] = 0
        # the running mean of what came, of the last 255 or so; a context met twice is set twice to the same
        weight = 2 * np.minimum(before, _MEMORY) + 1
        risen = weight * counts.take(contexts)
        if found.any():
            np.add.at(self.lined, contexts[:, found], 1 << 23)
            risen += self.lined.take(contexts)
            self.lined[contexts[:, found]] = 0
        risen //= weight + 2 * times
        times += before
        counts[contexts] = risen
        met[contexts] = times
        opinions = self.stretch.take(np.minimum(risen >> 10, _POINTS // 16 - 1))
        self.opinions[contexts] = opinions * np.minimum(times, 8) >> 3
