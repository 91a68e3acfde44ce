"""What rate control says of a stream that is not at its rate."""

import warnings
from fractions import Fraction

import pytest

from genvc.errors import Notice
from genvc.predictive.gop import Role
from genvc.predictive.rate import Rate


def spent(rate: Rate, sizes: list[int]) -> None:
    for size in sizes:
        rate.spent(bytes(size), Role("end", 0) if size is not sizes[0] else None)


@pytest.mark.parametrize(
    ("sizes", "last", "told"),
    [
        ([5000] + [250] * 9, 3.0, "146.66 kbit/s instead of 25.00: a key picture borrows"),
        ([400] * 10, 0.0, "that much at the lowest quality"),
        ([40] * 60, 40.0, "the content needs no more"),
    ],
)
def test_a_stream_off_its_rate_says_why(sizes: list[int], last: float, told: str) -> None:
    rate = Rate(25_000 if last else 4_000, Fraction(25))
    spent(rate, sizes)
    rate.last = last
    with pytest.warns(Notice, match=told):
        rate.explain()


def test_one_at_its_rate_says_nothing() -> None:
    rate = Rate(25_000, Fraction(25))
    spent(rate, [122] * 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rate.explain()
        Rate(25_000, Fraction(25)).explain()
