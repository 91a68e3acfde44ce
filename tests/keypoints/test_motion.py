"""Coarse motion is measured, reduced to a few integers a picture, and comes back as the motion it was."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from genvc.types import Picture
from keypoints.field import smooth_field
from keypoints.group import Effort, Group
from keypoints.motion import MAX_FIELDS, Floats, Grid, fit_basis, project
from keypoints.structure import FaceBasis

WIDTH, HEIGHT = 128, 96
Scenery = Callable[..., Picture]


@pytest.mark.parametrize("shape", [(256, 256), (176, 144), (33, 17), (1024, 128)])
def test_the_transform_and_its_inverse_undo_each_other(shape: tuple[int, int]) -> None:
    grid = Grid(*shape)
    field = np.random.default_rng(1).normal(0, 3, (2, grid.high, grid.wide))
    assert grid.inverse(grid.forward(field)) == pytest.approx(field)
    assert grid.finer(grid.forward(field), grid.high, grid.wide) == pytest.approx(field)


@pytest.mark.parametrize("cells", range(16, 65))
def test_the_order_of_coefficients_hangs_on_no_rounding(cells: int) -> None:
    """It decides what a bit means, so it has to be what exact fractions say, on every machine."""
    for wide, high in ((cells, 16), (16, cells)):
        grid = Grid(10 * wide, 10 * high)
        assert (grid.wide, grid.high) == (wide, high)
        kept = [
            (100 * ((y * wide) ** 2 + (x * high) ** 2), x, y * wide + x)
            for y in range(high)
            for x in range(wide)
            if 100 * ((y * wide) ** 2 + (x * high) ** 2) < 49 * (wide * high) ** 2
        ]
        assert grid.order.tolist() == [place for _, _, place in sorted(kept)]


def test_a_coefficient_is_an_rms() -> None:
    grid = Grid(176, 144)
    for place in grid.order[:40]:
        spectrum = np.zeros(grid.high * grid.wide)
        spectrum[place] = 1
        field = grid.inverse(spectrum.reshape(grid.high, grid.wide))
        assert np.sqrt(np.square(field).mean()) == pytest.approx(1)


def test_a_finer_field_passes_through_the_coarse_one() -> None:
    """Evaluated on cells a third as large, every third value lies at a centre of the coarse grid."""
    grid = Grid(64, 64)
    spectrum = np.zeros((grid.high, grid.wide))
    spectrum.ravel()[grid.order[:20]] = np.random.default_rng(2).normal(0, 1, 20)
    finer = grid.finer(spectrum, 3 * grid.high, 3 * grid.wide)
    assert finer[1::3, 1::3] == pytest.approx(grid.inverse(spectrum))


def ramps(grid: Grid, moments: int) -> Floats:
    """A pan and a zoom that go on independently: (moments, 2, high, wide)."""
    y, x = np.mgrid[-1 : 1 : grid.high * 1j, -1 : 1 : grid.wide * 1j]
    time = np.linspace(0, 1, moments)[:, None, None]
    return np.stack([12 * time + 5 * np.sin(5 * time) * x, -4 * time + 5 * np.sin(5 * time) * y], 1)


def test_two_fields_hold_a_pan_and_a_zoom() -> None:
    grid = Grid(176, 144)
    flows = ramps(grid, 40)
    weights = np.ones((grid.high, grid.wide))
    basis = fit_basis(flows, weights, grid, 0.1, MAX_FIELDS, 0.3, 2)
    assert basis.count == 2
    steps = np.rint(project(flows, weights, basis, grid))
    again = np.tensordot(steps, grid.inverse(grid.fields(basis)), 1)
    assert np.sqrt(np.square(again - flows).mean()) < 0.25


def test_no_motion_needs_no_field() -> None:
    grid = Grid(176, 144)
    flows = np.random.default_rng(3).normal(0, 0.01, (20, 2, grid.high, grid.wide))
    basis = fit_basis(flows, np.ones((grid.high, grid.wide)), grid, 0.12, 8, 0.35, 1)
    assert basis.count == 0
    assert project(flows, np.ones((grid.high, grid.wide)), basis, grid).shape == (20, 0)


def planned(frames: list[Picture], basis: FaceBasis) -> tuple[int, list[Floats]]:
    """The one reference, and for each picture its displacement (high, wide, 2) in pixels, as decoded."""
    high, wide = frames[0].shape[:2]
    grid = Grid(wide, high)
    group = Group(frames, [None] * len(frames), [None] * len(frames), grid, basis)
    plan = group.plan(group.sharpened(group.choices(1)[0]), Effort())
    assert len(plan.sources) == 1
    fields = grid.fields(plan.references[0].basis)
    spectra = [np.tensordot(record.motion.astype(np.float64), fields, 1) for record in plan.pictures]
    return plan.sources[0], [smooth_field(grid, one, wide, high).astype(np.float64) for one in spectra]


def test_a_camera_pan_comes_back(scenery: Scenery, basis: FaceBasis) -> None:
    world = scenery(WIDTH + 40, HEIGHT + 20)
    frames = [world[10 - k // 2 :][:HEIGHT, 2 * k :][:, :WIDTH] for k in range(0, 16)]
    source, fields = planned(frames, basis)
    for k, field in enumerate(fields):
        expected = (2 * (k - source), -(k // 2 - source // 2))
        middle = field[16:-16, 32:-32].reshape(-1, 2)
        assert np.median(middle, 0) == pytest.approx(np.array(expected), abs=0.5)


def test_a_zoom_comes_back(scenery: Scenery, basis: FaceBasis) -> None:
    world = scenery(2 * WIDTH, 2 * HEIGHT)
    sizes = [1 + 0.012 * k for k in range(12)]
    frames = []
    for size in sizes:
        move = np.array([[size, 0, WIDTH / 2 - size * WIDTH], [0, size, HEIGHT / 2 - size * HEIGHT]])
        frames.append(cv2.warpAffine(world, move, (WIDTH, HEIGHT), flags=cv2.INTER_AREA))
    source, fields = planned(frames, basis)  # type: ignore[arg-type]
    x = np.arange(WIDTH) + 0.5 - WIDTH / 2
    y = np.arange(HEIGHT) + 0.5 - HEIGHT / 2
    for size, field in zip(sizes, fields, strict=True):
        growth = sizes[source] / size - 1
        wanted = np.stack(np.broadcast_arrays(growth * x[None, :], growth * y[:, None]), -1)
        error = (field - wanted)[12:-12, 12:-12]
        assert np.sqrt(np.square(error).sum(-1).mean()) < 0.7
