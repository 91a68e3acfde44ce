"""Steady rounding finds the cheapest series, and none of it is far from the truth."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keypoints.quantize import _BITS, steady_round
from keypoints.structure import Integers


def cost(series: list[int], values: list[float], weight: float, start: int | None) -> float:
    total = sum((value - whole) ** 2 for value, whole in zip(values, series, strict=True))
    before = series[:-1] if start is None else [start, *series[:-1]]
    after = series[1:] if start is None else series
    steps = [min(abs(b - a), len(_BITS) - 1) for a, b in zip(before, after, strict=True)]
    return float(total + weight * sum(_BITS[step] for step in steps))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-4, 4), min_size=1, max_size=6),
    st.sampled_from([0.0, 0.05, 0.12, 0.5, 3.0]),
    st.none() | st.integers(-3, 3),
)
def test_rounding_equals_brute_force(values: list[float], weight: float, start: int | None) -> None:
    begin = None if start is None else np.array([start])
    found = steady_round(np.array(values)[:, None], weight, begin)[:, 0].tolist()
    around = [[int(np.rint(value)) + d for d in (-1, 0, 1)] for value in values]
    least = min(cost(list(series), values, weight, start) for series in product(*around))
    assert cost(found, values, weight, start) == pytest.approx(least, abs=1e-9)


def test_numbers_do_not_mind_their_neighbours() -> None:
    values = np.random.default_rng(5).normal(0, 2, (30, 4))
    alone: list[Integers] = [steady_round(values[:, [k]], 0.12)[:, 0] for k in range(4)]
    assert np.array_equal(steady_round(values, 0.12), np.stack(alone, 1))


def test_jitter_vanishes_and_motion_stays() -> None:
    random = np.random.default_rng(6)
    truth = np.where(np.arange(60) < 30, 0.4, 7.6)
    found = steady_round((truth + random.normal(0, 0.15, 60))[:, None], 0.3)[:, 0]
    assert np.count_nonzero(np.diff(found)) == 1
    assert abs(found[0]) <= 1
    assert abs(found[-1] - 7.6) <= 1


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0)])
def test_nothing_rounds_to_nothing(shape: tuple[int, int]) -> None:
    assert steady_round(np.zeros(shape), 0.12).shape == shape
