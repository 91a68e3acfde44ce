"""An encoder is given as many pictures as it can do, and the codec that shows them."""

from itertools import pairwise

from demo.fallback import Fallback
from demo.latest import Latest, Shot
from demo.pace import Pace


def run(pace: Pace, seconds: float, took: float, now: float) -> float:
    """An encoder that takes so long for each picture; the time afterwards."""
    ends = now + seconds
    while now < ends:
        period = 1 / pace.fps
        now += max(period, took)
        pace.done(took, now)
        for _ in range(int(took / period)):
            pace.missed()
        pace.changed(now)
    return now


def test_a_slow_encoder_is_given_what_it_can_do() -> None:
    pace = Pace(25)
    run(pace, 10, 0.12, 0.0)
    assert 6 <= pace.fps <= 8


def test_a_fast_encoder_is_left_alone() -> None:
    pace = Pace(25)
    run(pace, 30, 0.02, 0.0)
    assert pace.fps == 25


def test_an_encoder_that_becomes_faster_is_given_more_after_a_while() -> None:
    pace = Pace(25)
    now = run(pace, 6, 0.12, 0.0)
    slow = pace.fps
    now = run(pace, 2, 0.01, now)
    assert pace.fps == slow
    run(pace, 20, 0.01, now)
    assert pace.fps == 25


def test_what_was_too_much_is_tried_again_later_and_later() -> None:
    pace = Pace(25)
    now, changes = 0.0, []
    # the encoder is idle and the decoder behind it is not: more than 8 pictures a second are too many
    while now < 240:
        before = pace.fps
        now += 1 / pace.fps
        pace.done(0.01, now)
        if pace.fps > 8:
            for _ in range(round(pace.fps / 8) - 1):
                now += 1 / pace.fps
                pace.missed()
        if pace.changed(now) and pace.fps > before:
            changes.append(now)
    gaps = [after - before for before, after in pairwise(changes)]
    assert gaps[0] < 20
    assert gaps[-1] > 50
    assert len(changes) < 9


def test_a_scene_that_is_no_head_falls_back_and_is_tried_again_later() -> None:
    fallback = Fallback()
    assert not any(fallback.saw(0.2, now) for now in range(10))
    changed = [fallback.saw(0.6, 10.0 + now) for now in range(3)]
    assert changed == [False, False, True]
    assert fallback.codec == "predictive"
    assert not fallback.saw(0.1, 20.0)
    assert fallback.saw(0.1, 40.0)
    assert fallback.codec == "keypoints"


def test_one_poor_picture_is_no_reason_to_change() -> None:
    fallback = Fallback()
    for now in range(30):
        fallback.saw(0.6 if now % 3 == 0 else 0.2, float(now))
    assert fallback.codec == "keypoints"


def test_only_the_newest_picture_waits() -> None:
    latest = Latest()
    shots = [Shot(None, float(at)) for at in range(5)]  # type: ignore[arg-type]
    for shot in shots:
        latest.put(shot)
    assert latest.take(0.1) is shots[-1]
    assert latest.dropped == 4
    assert latest.take(0.01) is None
