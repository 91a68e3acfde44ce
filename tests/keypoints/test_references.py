"""References are the pictures that explain the others best, and each serves those that it suits."""

from collections.abc import Callable

import numpy as np
import pytest

from genvc.types import Picture
from keypoints.group import Effort, Group, worst_pictures
from keypoints.motion import Grid
from keypoints.structure import FaceBasis

Scenery = Callable[..., Picture]


def grouped(frames: list[Picture], basis: FaceBasis) -> Group:
    high, wide = frames[0].shape[:2]
    return Group(frames, [None] * len(frames), [None] * len(frames), Grid(wide, high), basis)


@pytest.mark.parametrize(("count", "cut"), [(12, 5), (40, 33), (150, 71)])
def test_an_obvious_cut_is_found_to_the_picture(
    scenery: Scenery, basis: FaceBasis, count: int, cut: int
) -> None:
    worlds = [scenery(96, 64, seed) for seed in (1, 2)]
    frames = [np.roll(worlds[index >= cut], index % 3, 1) for index in range(count)]
    group = grouped(frames, basis)
    choice = group.sharpened(group.choices(2)[1])
    assert choice.references[0] < cut <= choice.references[1]
    assert choice.users.tolist() == [int(index >= cut) for index in range(count)]


@pytest.mark.parametrize(("count", "cut"), [(150, 3), (150, 147), (7, 6), (7, 1)])
def test_a_scene_between_the_candidates_is_found_by_looking_at_the_plan(
    scenery: Scenery, basis: FaceBasis, count: int, cut: int
) -> None:
    worlds = [scenery(96, 64, seed) for seed in (1, 2)]
    group = grouped([worlds[index >= cut] for index in range(count)], basis)
    plan = group.plan(group.sharpened(group.choices(1)[0]), Effort())
    group.add_candidates(worst_pictures(group.losses(plan)))
    choice = group.sharpened(group.choices(2)[1])
    assert choice.users.tolist() == [int(index >= cut) for index in range(count)]


def test_a_scene_that_comes_back_uses_its_old_reference(scenery: Scenery, basis: FaceBasis) -> None:
    worlds = [scenery(96, 64, seed) for seed in (1, 2)]
    frames = [worlds[10 <= index < 20] for index in range(30)]
    group = grouped(frames, basis)
    choice = group.sharpened(group.choices(3)[1])
    assert choice.users.tolist() == [0] * 10 + [1] * 10 + [0] * 10


def test_more_references_never_explain_less(scenery: Scenery, basis: FaceBasis) -> None:
    frames = [scenery(96, 64, seed // 4) for seed in range(24)]
    choices = grouped(frames, basis).choices(8)
    differences = [choice.difference for choice in choices]
    assert differences[5] < 0.2 * differences[0]
    for choice in choices:
        assert len(set(choice.references)) == len(choice.references)
        assert set(choice.users.tolist()) == set(range(len(choice.references)))
        # slots are numbered in the order of first use
        assert [
            int(np.flatnonzero(choice.users == slot)[0]) for slot in range(len(choice.references))
        ] == sorted(int(np.flatnonzero(choice.users == slot)[0]) for slot in range(len(choice.references)))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 14, 15, 56, 57])
def test_groups_of_any_length_have_a_choice(scenery: Scenery, basis: FaceBasis, count: int) -> None:
    group = grouped([scenery(32, 32, seed % 4) for seed in range(count)], basis)
    for choice in group.choices(4):
        sharp = group.sharpened(choice)
        assert len(sharp.users) == count
        assert all(0 <= reference < count for reference in sharp.references)


def test_runs_of_bad_pictures_give_one_candidate_each() -> None:
    losses = np.full(60, 0.05)
    losses[10:14] = 0.5, 0.7, 0.6, 0.5
    losses[30] = 0.9
    losses[59] = 0.3
    assert worst_pictures(losses) == [30, 11, 59]
    assert worst_pictures(np.full(20, 0.5)) == []
