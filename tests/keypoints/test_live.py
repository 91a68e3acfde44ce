"""Live encoding: no look-ahead, a rate that is kept over time, references that come back."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import genvc
from genvc.errors import BadInput
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


def test_live_is_yes_or_no() -> None:
    with pytest.raises(BadInput, match="live is true or false"):
        genvc.create("keypoints", device="cpu", live="soon")
