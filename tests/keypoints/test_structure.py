"""A face becomes integers and comes back as the face it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keypoints.detector import POINTS, Points
from keypoints.structure import POSE, FaceBasis, Structure, _angles, _rotation, procrustes

SHORT = 144


def to_integers(basis: FaceBasis, points: Points) -> Structure:
    pose, coefficients = basis.fit(points, SHORT)
    whole = np.rint(np.concatenate([pose, coefficients]) / basis.steps()).astype(np.int64)
    return Structure(whole[: POSE + basis.expression], whole[POSE + basis.expression :])


def test_detected_faces_come_back_within_one_percent_of_their_width(
    basis: FaceBasis, talk_points: list[Points]
) -> None:
    for points in talk_points:
        found = basis.points(to_integers(basis, points), SHORT)
        width = np.ptp(points[:, 0])
        assert np.sqrt(np.square(found - points)[:, :2].sum(1).mean()) < 0.01 * width


def test_a_face_of_the_basis_comes_back_to_the_step(basis: FaceBasis) -> None:
    """What the basis can say exactly is fitted exactly: only the expression's turns remain ambiguous."""
    random = np.random.default_rng(2)
    for _ in range(20):
        motion = np.rint(random.normal(0, 6, POSE + basis.expression)).astype(np.int64)
        motion[0] = -100
        motion[4:6] += 250
        structure = Structure(motion, np.rint(random.normal(0, 4, basis.identity)).astype(np.int64))
        points = basis.points(structure, SHORT)
        again = basis.points(to_integers(basis, points), SHORT)
        assert np.abs(again - points)[:, :2].max() < 0.02 * np.ptp(points[:, 0])


def test_fitting_with_a_known_identity_keeps_it(basis: FaceBasis, talk_points: list[Points]) -> None:
    _, free = basis.fit(talk_points[0], SHORT)
    keep = free[basis.expression :]
    for points in talk_points[1:4]:
        _, coefficients = basis.fit(points, SHORT, free, keep)
        assert np.array_equal(coefficients[basis.expression :], keep)


@settings(deadline=None)
@given(st.lists(st.integers(-(1 << 15), 1 << 15), min_size=46, max_size=46), st.sampled_from([16, 256, 4096]))
def test_integers_beyond_any_face_give_finite_points(basis: FaceBasis, values: list[int], short: int) -> None:
    split = POSE + basis.expression
    assert split + basis.identity == len(values)
    found = basis.points(Structure(np.array(values[:split]), np.array(values[split:])), short)
    assert found.shape == (POINTS, 3)
    assert np.isfinite(found).all()
    # scale at most e^3, shifts at most 5 and no point further than some face widths from the middle
    assert np.abs(found).max() < 2000 * short


@settings(deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1))
def test_angles_undo_rotation(yaw: float, pitch: float, roll: float) -> None:
    assert _angles(_rotation(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_procrustes_undoes_a_similarity() -> None:
    random = np.random.default_rng(4)
    shape = random.normal(0, 1, (50, 3))
    turn = _rotation(0.5, -0.3, 1.2)
    scale, rotation, shift = procrustes(shape, 3.5 * shape @ turn.T + (7, -2, 1))
    assert scale == pytest.approx(3.5)
    assert rotation == pytest.approx(turn)
    assert shift == pytest.approx(np.array([7, -2, 1]))


def test_procrustes_never_mirrors() -> None:
    shape = np.random.default_rng(4).normal(0, 1, (50, 3))
    _, rotation, _ = procrustes(shape, shape * (-1, 1, 1))
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_rows_of_the_basis_are_orthonormal(basis: FaceBasis) -> None:
    """A coefficient of 1 moves the points by one face width rms, and rows do not speak for each other."""
    flat = basis.basis.reshape(len(basis.basis), -1)
    gram = flat @ flat.T / POINTS
    assert np.abs(gram - np.eye(len(gram))).max() < 0.01
