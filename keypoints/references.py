"""Which pictures of a group serve as references, and which picture is shown from which.

A greedy k-medoid choice: the candidates are tried on a sample of the pictures by warping them with
the coarse flow that would be sent, and the next reference is the one that lowers the mean difference
most. It is pose, open eyes, an open mouth, a cut or new background that decide, whatever makes a
picture hard to warp from the others. A path through the sample then settles who uses which, with a
price on each change of reference, since a change shows.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from .guide import Guide
from .likeness import Grey, difference, shapes
from .motion import Dense, Floats, Grid, measure, moved

__all__ = ["Choice", "Study", "attempt", "choose", "extended", "half", "sample_span", "study", "tried"]

_CANDIDATES = 14
_SAMPLES = 56
_CHANGE_PRICE = 0.04
_WRONG, _WRONG_PRICE = 0.4, 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """How well each candidate explains each sampled picture.

    samples, candidates: indices into the group. differences: (samples, candidates).
    """

    samples: npt.NDArray[np.int64]
    candidates: npt.NDArray[np.int64]
    differences: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """references: indices of pictures, in order of first use. users: (pictures,) index into references."""

    references: list[int]
    users: npt.NDArray[np.int64]
    difference: float


def half(picture: Grey) -> Grey:
    """The picture at half its size, as the comparisons use it."""
    size = (max(8, picture.shape[1] // 2), max(8, picture.shape[0] // 2))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def study(pictures: list[Grey], guide: Guide, scale: float, grid: Grid) -> Study:
    """Try candidates, evenly spread, on samples. pictures: half-size grey, all of a group.

    scale: their pixels for a pixel of the guide.
    """
    count = len(pictures)
    samples = np.unique(np.linspace(0, count - 1, min(count, _SAMPLES)).round().astype(np.int64))
    spread = np.linspace(0, count - 1, min(count, _CANDIDATES) + 2).round().astype(np.int64)
    empty = Study(samples, np.zeros(0, np.int64), np.zeros((len(samples), 0)))
    return extended(
        empty, pictures, guide, scale, grid, np.unique(spread[1:-1] if count > 2 else spread).tolist()
    )


def extended(
    found: Study, pictures: list[Grey], guide: Guide, scale: float, grid: Grid, candidates: list[int]
) -> Study:
    """The study with more candidates, which are samples from now on, too."""
    new = [candidate for candidate in candidates if candidate not in found.candidates]
    samples = np.unique(np.concatenate([found.samples, np.array(new, np.int64)]))
    columns = np.concatenate([found.candidates, np.array(new, np.int64)])
    known = {
        (int(sample), int(candidate)): found.differences[row, column]
        for row, sample in enumerate(found.samples)
        for column, candidate in enumerate(found.candidates)
    }
    differences = np.zeros((len(samples), len(columns)))
    for row, sample in enumerate(samples):
        for column, candidate in enumerate(columns):
            pair = (int(sample), int(candidate))
            if pair not in known:
                known[pair] = attempt(pictures, guide, scale, int(sample), int(candidate), grid)
            differences[row, column] = known[pair]
    return Study(samples, columns, differences)


def attempt(
    pictures: list[Grey], guide: Guide, scale: float, picture: int, reference: int, grid: Grid
) -> float:
    """What one picture of a group loses when it is shown from another."""
    if picture == reference:
        return 0.0
    guess = guide.guess(picture, reference, pictures[picture].shape, scale)
    return tried(pictures[picture], pictures[reference], grid, guess)


def tried(picture: Grey, reference: Grey, grid: Grid, guess: Dense | None = None) -> float:
    """What the picture loses when it is shown from the reference; both half-size grey."""
    flow = measure(picture, reference, grid, guess)
    return difference(shapes(picture), shapes(moved(reference, flow)))


def sample_span(samples: npt.NDArray[np.int64], after: int, pictures: int) -> tuple[int, int]:
    """The pictures strictly between the two samples around the step from picture `after` to the next.

    samples: (n,), numbers of pictures, rising. The first one, and the one after the last.
    """
    place = int(np.searchsorted(samples, after, side="right"))
    low = int(samples[place - 1]) + 1 if place else 0
    return low, int(samples[place]) if place < len(samples) else pictures


def choose(found: Study, extra: Floats, most: int, pictures: int) -> list[Choice]:
    """The best choice of 1, 2, ... `most` references, each with the mean difference it leaves.

    extra: what counts beside the differences, in their unit and shape.
    """
    # a picture shown as something else altogether is worse than its difference says
    wrong = _WRONG_PRICE * np.maximum(found.differences - _WRONG, 0)
    found = replace(found, differences=found.differences + extra + wrong)
    chosen: list[int] = []
    best = np.full(len(found.samples), np.inf)
    choices = []
    for _ in range(min(most, len(found.candidates))):
        gains = np.minimum(best[:, None], found.differences).mean(0)
        gains[chosen] = np.inf
        chosen.append(int(gains.argmin()))
        best = np.minimum(best, found.differences[:, chosen[-1]])
        choices.append(_settle(found, chosen, pictures))
    return choices


def _settle(found: Study, chosen: list[int], pictures: int) -> Choice:
    """Give each picture its reference: the cheapest path through the sample, then the nearest sample."""
    cost = found.differences[:, chosen]
    moments, options = cost.shape
    total = cost[0].copy()
    came = np.zeros((moments, options), np.int64)
    for moment in range(1, moments):
        paths = total[None, :] + _CHANGE_PRICE * (1 - np.eye(options))
        came[moment] = paths.argmin(1)
        total = paths.min(1) + cost[moment]
    path = np.zeros(moments, np.int64)
    path[-1] = total.argmin()
    for moment in range(moments - 1, 0, -1):
        path[moment - 1] = came[moment][path[moment]]
    order: list[int] = []
    for option in path:
        if option not in order:
            order.append(int(option))
    rank = {option: place for place, option in enumerate(order)}
    ends = (found.samples[:-1] + found.samples[1:]) / 2
    nearest = np.searchsorted(ends, np.arange(pictures), side="left")
    users = np.array([rank[int(path[place])] for place in nearest], np.int64)
    left = float(cost[np.arange(moments), path].mean())
    return Choice([int(found.candidates[chosen[option]]) for option in order], users, left)
