"""BD-rate: published worked examples, and the curves that must not get a number."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.bd import bd_rate, quality_at, rate_at
from genvc.errors import BadInput

# G. Bjøntegaard, VCEG-M33, 2001; the results to six digits as bjontegaard_cpp prints them.
M33 = (
    [(90.33, 27.95), (181.03, 31.17), (332.99, 34.44), (547.79, 38.11)],
    [(127.1719, 29.9286), (186.14, 32.4165), (307.2924, 34.7013), (481.5588, 37.4561)],
)
# Two sequences of the JCT-VC sheet with its results, from the tests of Netflix's VMAF.
JCTVC = [
    (
        [(108048.8736, 43.6471), (61279.976, 40.3953), (33905.6656, 37.247), (18883.6928, 34.2911)],
        [(108061.2784, 43.6768), (61299.9936, 40.4232), (33928.7472, 37.2761), (18910.912, 34.3147)],
        -0.465215420752807,
    ),
    (
        [(40433.8848, 37.5761), (7622.7456, 35.3756), (2394.488, 33.8977), (1017.6184, 32.0603)],
        [(40370.12, 37.5982), (7587.0024, 35.4025), (2390.0944, 33.9194), (1017.0984, 32.0822)],
        -1.8779823450567612,
    ),
]
CURVE = [(1.0, 20.0), (2.0, 25.0), (4.0, 29.0), (8.0, 32.0)]


def test_the_example_of_vceg_m33_comes_out():
    found = bd_rate(*M33, method="cubic")
    assert found.rate_percent == pytest.approx(-13.261773, abs=1e-4)
    assert found.quality == pytest.approx(0.800713, abs=1e-4)
    assert found.words == ""


@pytest.mark.parametrize(("anchor", "test", "percent"), JCTVC)
def test_the_sheet_of_the_common_test_conditions_agrees(anchor, test, percent):
    assert bd_rate(anchor, test).rate_percent == pytest.approx(percent, rel=1e-3)


def test_half_the_bits_at_every_quality_are_minus_fifty_percent():
    half = [(rate / 2, quality) for rate, quality in CURVE]
    assert bd_rate(CURVE, half).rate_percent == pytest.approx(-50, abs=1e-9)
    assert bd_rate(half, CURVE).rate_percent == pytest.approx(100, abs=1e-9)


def test_a_constant_gain_is_the_bd_metric():
    better = [(rate, quality + 1.5) for rate, quality in CURVE]
    assert bd_rate(CURVE, better).quality == pytest.approx(1.5)


def test_where_less_is_better_the_signs_stay_right():
    lpips = [(rate, 1 - quality / 40) for rate, quality in CURVE]
    half = [(rate / 2, quality) for rate, quality in lpips]
    found = bd_rate(lpips, half, higher_is_better=False)
    assert found.rate_percent == pytest.approx(-50, abs=1e-9)
    assert found.quality < 0  # less LPIPS at equal rate


@given(st.permutations(CURVE), st.floats(0.2, 5))
@settings(max_examples=30, deadline=None)
def test_the_order_of_points_and_the_unit_of_rate_do_not_matter(points, unit):
    other = [(rate * 0.8 * unit, quality) for rate, quality in points]
    anchor = [(rate * unit, quality) for rate, quality in CURVE]
    assert bd_rate(anchor, other).rate_percent == pytest.approx(-20, abs=1e-6)


def test_curves_apart_say_no_overlap_and_what_is_defined():
    high = [(rate, quality + 30) for rate, quality in CURVE]
    found = bd_rate(CURVE, high)
    assert found.rate_percent is None
    assert found.words.startswith("no overlap")
    assert found.equal_rate[0] == pytest.approx((1.0, 20.0, 50.0))
    assert found.equal_quality == []
    assert found.quality == pytest.approx(30)  # rates do overlap


def test_a_sliver_in_common_gets_no_number():
    found = bd_rate(CURVE, [(1.0, 31.0), (2.0, 36.0), (4.0, 40.0), (8.0, 44.0)])
    assert found.rate_percent is None
    assert "8%" in found.words


def test_a_curve_that_falls_gets_no_number():
    turned = [(1.0, 20.0), (2.0, 30.0), (4.0, 29.0), (8.0, 32.0)]
    found = bd_rate(CURVE, turned)
    assert found.rate_percent is None
    assert found.quality is None
    assert found.words == "no overlap: the test does not rise with the rate"
    assert (2.0, 25.0, 30.0) in found.equal_rate
    assert bd_rate(turned, CURVE).words == "no overlap: the anchor does not rise with the rate"


def test_two_points_are_no_curve():
    assert bd_rate(CURVE, CURVE[:2]).words == "no overlap: the test has 2 points, a curve needs 3"
    assert bd_rate([], CURVE).words.startswith("no overlap")


def test_the_same_point_twice_counts_once():
    assert bd_rate(CURVE, [*CURVE, CURVE[0]]).rate_percent == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "point", [(0.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, math.nan), (1.0, math.inf)]
)
def test_a_point_that_is_none_is_refused(point):
    with pytest.raises(BadInput, match="not a positive rate"):
        bd_rate(CURVE, [*CURVE, point])


def test_quality_and_rate_are_read_off_a_curve_and_not_beyond_it():
    assert quality_at(CURVE, 2.0) == pytest.approx(25)
    assert quality_at(CURVE, math.sqrt(2)) == pytest.approx(22.5)
    assert quality_at(CURVE, 0.9) is None
    assert rate_at(CURVE, 22.5) == pytest.approx(math.sqrt(2))
    assert rate_at(CURVE, 33) is None
    falling = [(rate, -quality) for rate, quality in CURVE]
    assert rate_at(falling, -22.5) == pytest.approx(math.sqrt(2))
