"""Live encoding: no look-ahead, a rate that is kept over time, references that come back."""

import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import genvc
from genvc.errors import BadInput, Notice
from genvc.types import Frame, Picture

Code = Callable[..., Any]


def test_each_picture_is_coded_before_the_next_is_taken(talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", device="cpu", live=True, bitrate=8000)
    info = codec.describe(176, 144, Fraction(30))
    taken = 0

    def camera() -> Iterator[Frame]:
        nonlocal taken
        for index, rgb in enumerate(talk[:12]):
            taken += 1
            yield Frame(rgb, index)

    shown = codec.decode(codec.encode(camera(), info), info)
    for index in range(12):
        frame = next(shown)
        assert frame.pts == index
        assert taken == index + 1


def test_a_live_stream_keeps_its_rate_over_time(talk: list[Picture], code: Code) -> None:
    there_and_back = [*talk, *talk[::-1]]
    stream = code(there_and_back, Fraction(30), live=True, bitrate=12_000)
    seconds = len(there_and_back) / 30
    spent = 8 * sum(len(packet.payload) + 1.02 for packet in stream.packets) / seconds
    # the first reference is paid in advance
    assert spent == pytest.approx(12_000, rel=0.25)
    assert stream.packets[0].key
    assert not any(packet.key for packet in stream.packets[1:])


def test_a_live_stream_follows_the_head(talk: list[Picture], code: Code) -> None:
    """Nearer to each picture than the first one is: the same head, before it moved."""
    stream = code(talk[:40], Fraction(30), live=True, quality=60)
    shown, still = (
        np.mean([np.abs(one.astype(int) - rgb).mean() for one, rgb in zip(pictures, talk[:40], strict=True)])
        for pictures in ([frame.rgb for frame in stream.frames], [stream.frames[0].rgb] * 40)
    )
    assert shown < 0.9 * still


def test_another_scene_is_sent_at_once(
    talk: list[Picture], scenery: Callable[..., Picture], code: Code
) -> None:
    other = scenery(176, 144)
    stream = code([*talk[:6], *[other] * 4, *talk[6:12]], Fraction(30), live=True, quality=40)
    brought = [index for index, packet in enumerate(stream.packets) if len(packet.payload) >= 200]
    assert brought[:2] == [0, 6]
    # the talking head comes back from its own reference
    assert not set(brought) & set(range(10, 16))
    assert np.abs(stream.frames[8].rgb.astype(int) - other).mean() < 12


def test_groups_of_a_live_stream_begin_in_time(talk: list[Picture], code: Code) -> None:
    stream = code(talk[:30], Fraction(30), live=True, quality=30, seconds=0.4)
    assert [index for index, packet in enumerate(stream.packets) if packet.key] == [0, 12, 24]


def test_pictures_without_a_face_go_live_too(scenery: Callable[..., Picture], code: Code) -> None:
    moving = [np.roll(scenery(96, 80), step, 1) for step in range(8)]
    stream = code(moving, live=True, bitrate=9000)
    assert len(stream.frames) == 8


def test_noise_does_not_run_into_endless_debt(code: Code) -> None:
    random = np.random.default_rng(3)
    noise = [random.integers(0, 256, (72, 88, 3), np.uint8) for _ in range(60)]
    with pytest.warns(Notice, match="instead of"):
        stream = code(noise, live=True, bitrate=8000)
    spent = 8 * sum(len(packet.payload) + 1.02 for packet in stream.packets) / (60 / 25)
    # what is on credit is at most two seconds, and one reference
    assert spent < 4 * 8000


def test_a_still_is_not_sent_again_and_again(code: Code, portrait: Picture) -> None:
    still = [np.ascontiguousarray(portrait[::2, ::2])] * 100
    stream = code(still, live=True, bitrate=60_000)
    brought = [len(packet.payload) for packet in stream.packets if len(packet.payload) >= 200]
    assert len(brought) <= 4
    assert brought == sorted(brought)


@pytest.mark.parametrize("options", [{"seconds": 0.01}, {"bitrate": 1500}])
def test_odd_settings_of_a_live_stream(talk: list[Picture], code: Code, options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        stream = code([rgb[::2, ::2] for rgb in talk[:8]], Fraction(60), live=True, **options)
    assert len(stream.frames) == 8


def test_a_picture_every_minute_can_be_live(talk: list[Picture], code: Code) -> None:
    stream = code([rgb[::4, ::4] for rgb in talk[:3]], Fraction(1, 60), live=True, quality=20)
    assert [packet.key for packet in stream.packets] == [True] * 3


def test_two_live_streams_do_not_mix(talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", device="cpu", live=True, quality=30)
    info = codec.describe(88, 72, Fraction(30))
    clips = [[Frame(rgb[::2, ::2], i) for i, rgb in enumerate(talk[a : a + 6])] for a in (0, 60)]
    alone = [list(codec.encode(clip, info)) for clip in clips]
    both = [codec.encode(clip, info) for clip in clips]
    mixed = list(zip(*both, strict=True))
    assert [list(one) for one in zip(*mixed, strict=True)] == alone


def test_live_is_yes_or_no() -> None:
    with pytest.raises(BadInput, match="live is true or false"):
        genvc.create("keypoints", device="cpu", live="soon")
