"""The search for a size: it gets there, with few encodes, on every kind of curve."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.search import nearest_size
from genvc.errors import BadInput


class Encoder:
    """Sizes by step, and how often it was asked."""

    def __init__(self, size):
        self.size = size
        self.calls = 0

    def __call__(self, step):
        self.calls += 1
        return self.size(step)


@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=200, unique=True),
    st.integers(1, 2 * 10**6),
)
@settings(max_examples=200, deadline=None)
def test_the_nearest_step_is_found_on_any_falling_curve(sizes, target):
    sizes = sorted(sizes, reverse=True)
    encoder = Encoder(sizes.__getitem__)
    found = nearest_size(encoder, 0, len(sizes) - 1, target)
    best = min(abs(math.log(size / target)) for size in sizes)
    assert abs(math.log(sizes[found] / target)) <= max(best, 0.01)
    assert encoder.calls <= math.log2(len(sizes)) + 4


def test_an_encoder_is_asked_seldom():
    encoder = Encoder(lambda step: round(2e5 * math.exp(-0.03 * step)))
    nearest_size(encoder, 40, 204, 5000)
    assert encoder.calls <= 6


def test_a_target_out_of_reach_gets_the_nearer_end():
    assert nearest_size(lambda step: 1000 - step, 0, 100, 1) == 100
    assert nearest_size(lambda step: 1000 - step, 0, 100, 10**6) == 0


def test_nonsense_is_refused():
    with pytest.raises(BadInput):
        nearest_size(lambda step: 1, 0, 10, 0)
    with pytest.raises(BadInput):
        nearest_size(lambda step: 1, 5, 4, 10)
