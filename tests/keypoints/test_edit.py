"""Editing the integers of a stream: nothing changes but what was asked for."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import genvc
from genvc import container
from genvc.cli import run
from genvc.errors import BadInput, CorruptStream
from genvc.types import Frame, Packet, Picture
from keypoints import edit
from keypoints.detector import FaceMeshDetector, Points
from keypoints.moments import read as moments_of
from keypoints.moments import write as packets_of
from keypoints.structure import POSE, FaceBasis


@pytest.fixture(scope="module")
def stream(talk: list[Picture], code: Callable[..., Any]) -> Any:
    return code(talk[:20], Fraction(30), bitrate=12_000)


def shown(stream: Any, packets: list[Packet]) -> list[Frame]:
    return list(genvc.create("keypoints", device="cpu").decode(packets, stream.info))


def detected(pictures: list[Picture]) -> list[Points]:
    detector = FaceMeshDetector()
    try:
        found = [detector.detect(rgb) for rgb in pictures]
    finally:
        detector.close()
    assert all(points is not None for points in found)
    return found


def test_what_is_read_and_written_again_has_the_same_bytes(stream: Any, basis: FaceBasis) -> None:
    moments = moments_of(stream.packets, stream.info, basis)
    assert list(packets_of(moments, stream.info, basis)) == stream.packets


def test_a_frozen_face_keeps_its_mouth(stream: Any, basis: FaceBasis) -> None:
    moments = list(edit.frozen(moments_of(stream.packets, stream.info, basis)))
    source = moments[0].reference
    assert source is not None
    assert source.structure is not None
    held = [one.picture for one in moments if one.picture.slot == source.slot]
    assert len(held) > 3
    for one in held:
        assert one.structure is not None
        assert np.array_equal(one.structure[POSE:], source.structure.motion[POSE:])
    frames = shown(stream, list(packets_of(moments, stream.info, basis)))
    assert len(frames) == 20


def test_slow_motion_goes_from_picture_to_picture(stream: Any, basis: FaceBasis) -> None:
    moments = list(moments_of(stream.packets, stream.info, basis))
    slow = list(edit.slowed(moments, 3))
    assert [one.pts for one in slow] == list(range(3 * 19 + 1))
    frames = shown(stream, list(packets_of(slow, stream.info, basis)))
    for before, after in zip(stream.frames, frames[::3], strict=True):
        assert np.array_equal(before.rgb, after.rgb)
    # halfway is between: nearer to both than they are to each other
    steps = [
        (np.abs(a.rgb.astype(int) - c.rgb).mean(), np.abs(a.rgb.astype(int) - b.rgb).mean())
        for a, b, c in zip(frames[::3], frames[1::3], frames[3::3], strict=False)
    ]
    assert np.mean([near for _, near in steps]) < 0.8 * np.mean([far for far, _ in steps])


def test_a_turned_head_is_seen_turned(stream: Any, basis: FaceBasis) -> None:
    moments = moments_of(stream.packets, stream.info, basis)
    turned = shown(stream, list(packets_of(edit.reposed(moments, basis, roll=12), stream.info, basis)))
    big = [
        [cv2.resize(frame.rgb, None, fx=2, fy=2) for frame in frames[:4]]
        for frames in (stream.frames, turned)
    ]
    angles = []
    for pictures in big:
        eyes = [points[263, :2] - points[33, :2] for points in detected(pictures)]
        angles.append(np.degrees(np.mean([np.arctan2(one[1], one[0]) for one in eyes])))
    assert 5 < angles[1] - angles[0] < 20


@pytest.mark.parametrize("wrong", [{"yaw": 60.0}, {"pitch": -46.0}, {"roll": float("nan")}])
def test_no_head_turns_that_far(stream: Any, basis: FaceBasis, wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="degrees"):
        list(edit.reposed(moments_of(stream.packets, stream.info, basis), basis, **wrong))


def test_nothing_of_a_disguised_face_is_left(
    stream: Any, talk: list[Picture], portrait: Picture, basis: FaceBasis, tmp_path: Path
) -> None:
    with (tmp_path / "in.gvc").open("wb") as file:
        container.write(file, stream.info, stream.packets)
    cv2.imwrite(str(tmp_path / "face.png"), cv2.cvtColor(portrait, cv2.COLOR_RGB2BGR))
    assert run(["edit", str(tmp_path / "in.gvc"), str(tmp_path / "out.gvc"),
                "--face", str(tmp_path / "face.png")]) == 0  # fmt: skip
    reader = container.Reader(tmp_path / "out.gvc")
    packets = list(reader.packets())
    frames = list(genvc.create("keypoints", device="cpu").decode(packets, reader.info))
    assert len(frames) == 20
    before, after = (
        next(one.reference for one in moments_of(some, stream.info, basis) if one.reference is not None)
        for some in (stream.packets, packets)
    )
    assert before.structure is not None
    assert after.structure is not None
    assert not np.array_equal(before.structure.identity, after.structure.identity)
    # as large as it was, or as much as another face needs
    assert len(packets[0].payload) < max(1.3 * len(stream.packets[0].payload), 900)
    # where the face is, and not who it is
    one, other = detected([talk[0], frames[0].rgb])
    width = np.ptp(one[:468, 0])
    assert np.abs(one[:468, :2].mean(0) - other[:468, :2].mean(0)).max() < 0.15 * width
    assert np.abs(frames[0].rgb.astype(int) - talk[0]).mean() > 25


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--face", "nothing.png"], "nothing.png"), (["--yaw", "90"], "degrees"), (["--slow", "99"], "slow")],
)
def test_edits_that_make_no_sense_are_one_line(
    stream: Any, tmp_path: Path, capsys: Any, options: list[str], words: str
) -> None:
    with (tmp_path / "in.gvc").open("wb") as file:
        container.write(file, stream.info, stream.packets)
    assert run(["edit", str(tmp_path / "in.gvc"), str(tmp_path / "out.gvc"), *options]) != 0
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.gvc").exists()


def test_a_stream_without_its_beginning_cannot_be_edited(stream: Any, basis: FaceBasis) -> None:
    with pytest.raises(CorruptStream):
        list(moments_of(stream.packets[1:], stream.info, basis))
