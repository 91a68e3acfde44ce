"""Joints tell the encoder where limbs went."""

import cv2
import numpy as np
import pytest

from genvc.types import Picture
from keypoints.detector import Points
from keypoints.guide import Guide, limbs_carried
from keypoints.joints import JOINTS, Joints, PoseDetector, wanted
from keypoints.likeness import difference, shapes
from keypoints.motion import Grid, measure, moved

SIDE = 256


def person(angle: float) -> Joints:
    """Somebody who stands, with the right arm at an angle."""
    joints = np.zeros((JOINTS, 3))
    for number, place in {
        11: (72, 40),
        12: (56, 40),
        23: (70, 75),
        24: (58, 75),
        7: (68, 25),
        8: (60, 25),
    }.items():
        joints[number] = (*place, 1.0)
    across, down = np.cos(angle), np.sin(angle)
    joints[13] = (72 + 16 * across, 40 + 16 * down, 1)
    joints[15] = (72 + 34 * across, 40 + 34 * down, 1)
    joints[:, :2] *= 2
    return joints


def painted(joints: Joints) -> Picture:
    """Grey: a striped arm before a plain ground."""
    picture = np.full((SIDE, SIDE), 110, np.uint8)
    start, arm = joints[11, :2], joints[15, :2] - joints[11, :2]
    for part in range(6):
        low, high = (
            np.rint(start + arm * share).astype(int).tolist() for share in (part / 6, part / 6 + 0.1)
        )
        cv2.line(picture, low, high, 250 if part % 2 else 10, 25)
    return picture


def test_an_arm_is_carried_along_and_the_ground_stays() -> None:
    here, there = person(0.2), person(1.2)
    flow = limbs_carried(here, there, (SIDE, SIDE), 1.0)
    assert flow is not None
    wrist = here[15, :2].round().astype(int)
    assert np.abs(flow[wrist[1], wrist[0]] - (there[15, :2] - here[15, :2])).max() < 6
    assert np.abs(flow[220:, :60]).max() < 1


def test_a_raised_arm_is_found_from_its_joints_where_flow_alone_loses_it() -> None:
    here, there = person(0.0), person(0.9)
    picture, reference = painted(here), painted(there)
    grid = Grid(SIDE, SIDE)
    guess = limbs_carried(here, there, (SIDE, SIDE), 1.0)
    left = [
        difference(shapes(picture), shapes(moved(reference, measure(picture, reference, grid, one))))
        for one in (None, guess)
    ]
    assert left[1] < 0.9 * left[0]


def test_limbs_that_stay_or_are_not_seen_guide_nothing() -> None:
    here, unseen = person(0.2), person(1.2)
    unseen[:, 2] = 0
    assert limbs_carried(here, person(0.2), (SIDE, SIDE), 1.0) is None
    assert limbs_carried(here, unseen, (SIDE, SIDE), 1.0) is None


def test_without_joints_the_face_guides() -> None:
    face: Points = np.random.default_rng(1).uniform(60, 180, (478, 3))
    guide = Guide([face, face + 20], [None, None])
    flow = guide.guess(0, 1, (SIDE, SIDE), 1.0)
    assert flow is not None
    assert flow[120, 120] == pytest.approx((20, 20), abs=2)
    assert Guide([None, None], [None, None]).guess(0, 1, (SIDE, SIDE), 1.0) is None


def test_nobody_looks_for_limbs_in_a_talking_head(talk_points: list[Points]) -> None:
    assert not wanted(list(talk_points), 144)
    assert wanted([None] * 3, 144)
    assert wanted([points * 0.1 for points in talk_points], 144)


def test_a_person_in_a_picture_has_joints(portrait: Picture) -> None:
    detector = PoseDetector()
    try:
        joints = detector.detect(portrait)
        assert joints is not None
    finally:
        detector.close()
    # the astronaut's shoulders lie below her nose, on both sides of it
    assert joints[11, 1] > joints[0, 1] < joints[12, 1]
    assert joints[12, 0] < joints[0, 0] < joints[11, 0]
    assert joints[:, 2].max() <= 1
