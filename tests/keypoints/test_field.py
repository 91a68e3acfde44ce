"""Fields come from integers without folds, and pictures are seen through them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genvc.types import Picture
from keypoints.field import smooth_field, unfolded
from keypoints.mesh import Field, field_size
from keypoints.motion import Grid
from keypoints.warp import to_picture, to_tensor, warp

SIZES = [(16, 16), (33, 17), (128, 128), (640, 272), (1024, 1024), (16, 1024)]


def smallest_area(field: Field, width: int, height: int) -> float:
    """The least area that a cell of the picture has in the reference, relative to its own."""
    cell_x, cell_y = width / field.shape[1], height / field.shape[0]
    dx = np.diff(field, axis=1)[:-1] / cell_x
    dy = np.diff(field, axis=0)[:, :-1] / cell_y
    return float(((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]).min())


def bump(depth: float, radius: float, at: tuple[float, float] = (64, 64)) -> Field:
    """A field of 128x128 that pulls everything around a point towards it, or, negative, away."""
    y, x = np.mgrid[0:128, 0:128].astype(np.float32)
    x, y = x - at[0], y - at[1]
    share = np.exp(-(x * x + y * y) / (2 * radius * radius))
    return np.stack([-depth * x * share, -depth * y * share], -1).astype(np.float32)


@pytest.mark.parametrize("depth", [1.5, 2.5, 4.0])
@pytest.mark.parametrize("radius", [4.0, 8.0, 14.0])
def test_folds_are_removed(depth: float, radius: float) -> None:
    folded = bump(depth, radius)
    assert smallest_area(folded, 128, 128) < 0
    assert smallest_area(unfolded(folded, 128, 128), 128, 128) > 0


def test_what_is_far_from_a_fold_stays() -> None:
    folded = bump(2.5, 6.0)
    found = unfolded(folded, 128, 128)
    assert np.array_equal(found[:8, :8], folded[:8, :8])


@pytest.mark.parametrize("field", [bump(0.5, 20.0), bump(-0.5, 20.0), np.full((128, 128, 2), 40, np.float32)])
def test_a_field_without_folds_stays_as_it_is(field: Field) -> None:
    assert np.array_equal(unfolded(field, 128, 128), field)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_coefficients_are_no_motion(width: int, height: int) -> None:
    grid = Grid(width, height)
    field = smooth_field(grid, np.zeros((2, grid.high, grid.wide)), width, height)
    assert field.shape == (*field_size(width, height), 2)
    assert not field.any()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_lowest_coefficient_is_a_shift_in_parts_of_the_short_side(width: int, height: int) -> None:
    grid = Grid(width, height)
    spectrum = np.zeros((2, grid.high, grid.wide))
    spectrum[0, 0, 0], spectrum[1, 0, 0] = 8.0, -4.0
    unit = min(width, height) / 256
    field = smooth_field(grid, spectrum, width, height)
    assert field == pytest.approx(np.broadcast_to((8 * unit, -4 * unit), field.shape), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1.0, 1e3, 1e6, 1e12]))
def test_any_coefficients_give_a_finite_field(seed: int, size: float) -> None:
    grid = Grid(96, 64)
    spectrum = np.random.default_rng(seed).normal(0, size, (2, grid.high, grid.wide))
    field = smooth_field(grid, spectrum, 96, 64)
    assert np.isfinite(field).all()
    picture = np.full((64, 96, 3), 77, np.uint8)
    assert (to_picture(warp(to_tensor(picture, torch.device("cpu")), [field])) == 77).all()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_picture_through_no_field_is_itself(scenery, width: int, height: int) -> None:  # type: ignore[no-untyped-def]
    picture: Picture = scenery(width, height)
    still = np.zeros((*field_size(width, height), 2), np.float32)
    assert np.array_equal(to_picture(warp(to_tensor(picture, torch.device("cpu")), [still])), picture)


def test_a_field_points_from_the_picture_into_the_reference(scenery) -> None:  # type: ignore[no-untyped-def]
    picture: Picture = scenery(96, 64)
    shift = np.broadcast_to(np.array([5, -3], np.float32), (64, 96, 2)).copy()
    shown = to_picture(warp(to_tensor(picture, torch.device("cpu")), [shift]))
    assert np.abs(shown[3:, :-5].astype(int) - picture[:-3, 5:]).max() <= 1


def test_pictures_of_a_batch_do_not_mix(scenery) -> None:  # type: ignore[no-untyped-def]
    pictures = torch.cat([to_tensor(scenery(48, 32, seed), torch.device("cpu")) for seed in (1, 2)])
    fields = [np.full((32, 48, 2), value, np.float32) for value in (0.0, 2.5)]
    both = warp(pictures, fields)
    for index in range(2):
        assert torch.equal(both[index], warp(pictures[index : index + 1], [fields[index]])[0])
