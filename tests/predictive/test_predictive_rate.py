"""What rate control says of a stream that is not at its rate."""

import warnings
from fractions import Fraction

import pytest
from predictive_clips import FPS, Make, coded

from genvc.errors import BadInput, Notice
from genvc.learned.quality import GRADES
from genvc.predictive.gop import Role
from genvc.predictive.rate import Rate
from genvc.types import Frame, Picture


def spent(rate: Rate, sizes: list[int]) -> None:
    for place, size in enumerate(sizes):
        rate.spent(bytes(size), Role("end", 0) if place else None)


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


@pytest.mark.parametrize("period", [1, 4])
def test_a_bit_rate_is_kept_with_many_key_pictures(codec: Make, talk: list[Picture], period: int) -> None:
    made = codec(bitrate=400_000, period=period)
    payloads, _, keys = coded(made, [Frame(rgb, index) for index, rgb in enumerate(talk[:20])])
    assert sum(keys) == 20 // period
    assert sum(map(len, payloads)) * 8 * float(FPS) / 20 < 1.25 * 400_000


def test_what_a_still_scene_saves_is_not_kept_for_ever() -> None:
    rate = Rate(50_000, FPS)
    small = bytes([3 * GRADES + 20])
    for _ in range(500):
        rate.spent(small, None)
    assert rate.debt >= -2.01 * 50_000


def test_a_period_is_kept(codec: Make, clip: list[Frame]) -> None:
    _, _, keys = coded(codec(quality=20, period=2), clip)
    assert keys == [True, False] * 3


@pytest.mark.parametrize("limit", [1000, 2000, 4000])
def test_a_picture_keeps_to_its_bytes(codec: Make, clip: list[Frame], limit: int) -> None:
    payloads, _, keys = coded(codec(bytes=limit), clip[:2])
    assert all(keys)
    assert all(0.7 * limit < len(payload) <= limit for payload in payloads)


def test_too_few_bytes_are_refused(codec: Make, clip: list[Frame]) -> None:
    with pytest.raises(BadInput, match="the smallest packet of this picture has"):
        coded(codec(bytes=16), clip[:1])


@pytest.mark.parametrize("bitrate", [120_000, 400_000])
def test_a_bit_rate_is_kept(codec: Make, talk: list[Picture], bitrate: int) -> None:
    frames = [Frame(rgb, index) for index, rgb in enumerate([*talk, *talk[::-1]] * 2)]
    payloads, _, _ = coded(codec(bitrate=bitrate), frames)
    assert 8 * sum(map(len, payloads)) * 25 / len(frames) == pytest.approx(bitrate, rel=0.12)
