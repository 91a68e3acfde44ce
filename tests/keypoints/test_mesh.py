"""Mouth and eyes of a reference lie where the points say, and what was not to be seen is not shown."""

import numpy as np
import pytest

import genvc
from keypoints.detector import POINTS, Points
from keypoints.field import total_field
from keypoints.mesh import Mesh, field_size
from keypoints.structure import POSE, FaceBasis, Structure

SIZE = 128


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    """The mesh that ships."""
    shipped: Mesh = genvc.create("keypoints", device="cpu").mesh  # type: ignore[attr-defined]
    return shipped


def strip(*corners: tuple[float, float, float]) -> Points:
    """Points of which only the first few are somewhere."""
    points = np.zeros((POINTS, 3))
    points[: len(corners)] = corners
    return points


def face(basis: FaceBasis, yaw: int = 0) -> Points:
    motion = np.zeros(POSE + basis.expression, np.int64)
    motion[0], motion[1], motion[4:6] = -90, yaw, 256
    return basis.points(Structure(motion, np.zeros(basis.identity, np.int64)), SIZE)


def test_the_same_face_is_not_displaced(mesh: Mesh, basis: FaceBasis) -> None:
    points = face(basis)
    for part in mesh.parts:
        field, share = mesh.field(part, points, points, SIZE, SIZE)
        assert share.max() > 0.9
        assert np.abs(field[share > 0]).max() < 1e-3


@pytest.mark.parametrize(("width", "height"), [(128, 128), (512, 256), (40, 64), (1000, 600)])
def test_a_shifted_face_is_displaced_by_the_shift(
    mesh: Mesh, basis: FaceBasis, width: int, height: int
) -> None:
    source = face(basis) * (min(width, height) / SIZE)
    points = source + np.array([3.0, -2.0, 0.0])
    for part in mesh.parts:
        field, share = mesh.field(part, points, source, width, height)
        assert field.shape[:2] == share.shape == field_size(width, height)
        assert np.abs(field[share > 0] - np.array([-3.0, 2.0])).max() < 1e-2


def test_the_share_is_soft_and_lies_around_mouth_and_eyes(mesh: Mesh, basis: FaceBasis) -> None:
    points = face(basis)
    mouth, eyes = (mesh.field(part, points, points, SIZE, SIZE)[1] for part in mesh.parts)
    assert 0 <= min(mouth.min(), eyes.min()) <= max(mouth.max(), eyes.max()) <= 1
    rows = np.arange(SIZE)
    assert np.average(rows, weights=eyes.sum(1)) < np.average(rows, weights=mouth.sum(1)) - 10
    for share in (mouth, eyes):
        rim = (share > 0) & (share < 0.9)
        assert rim.sum() > 0.2 * (share > 0).sum()
    assert mouth[:, [0, -1]].max() == eyes[[0, -1]].max() == 0


def test_a_triangle_that_is_turned_away_in_the_reference_is_not_shown() -> None:
    corners = [(10, 10, 0), (10, 60, 0), (60, 10, 0), (60, 60, 0), (110, 10, 0), (110, 60, 0)]
    triangles = np.array([[0, 1, 2], [1, 3, 2], [2, 3, 4], [3, 5, 4]])
    mesh = Mesh(triangles, np.arange(6), np.arange(6), np.arange(6))
    points = strip(*corners)  # type: ignore[arg-type]
    turned = points.copy()
    turned[4:6, 0] = 30  # in the reference the strip folds back over itself
    _, share = mesh.field(mesh.parts[0], points, points, SIZE, SIZE)
    assert share[35, 30] > 0.9
    assert share[35, 90] > 0.9
    _, share = mesh.field(mesh.parts[0], points, turned, SIZE, SIZE)
    assert share[35, 30] > 0.9
    assert share[35, 90] == 0


@pytest.mark.parametrize("near_first", [False, True])
def test_the_nearer_triangle_hides_the_one_behind_it(near_first: bool) -> None:
    one = [(10, 10, 50), (10, 100, 50), (100, 10, 50)]
    other = [(12, 12, -50), (12, 90, -50), (90, 12, -50)]
    corners = [*other, *one] if near_first else [*one, *other]
    mesh = Mesh(np.array([[0, 1, 2], [3, 4, 5]]), np.arange(6), np.arange(6), np.arange(6))
    points = strip(*corners)  # type: ignore[arg-type]
    source = points.copy()
    source[points[:, 2] == 50] += (20, 0, 0)
    field, _ = mesh.field(mesh.parts[0], points, source, SIZE, SIZE)
    assert field[30, 30] == pytest.approx(np.zeros(2), abs=1e-3)


def test_a_face_shown_from_its_profile_leaves_the_far_eye_to_the_smooth_field(
    mesh: Mesh, basis: FaceBasis
) -> None:
    front, profile = face(basis), face(basis, yaw=96)
    _, seen = mesh.field(mesh.parts[1], front, front, SIZE, SIZE)
    _, shown = mesh.field(mesh.parts[1], front, profile, SIZE, SIZE)
    middle = int(front[1, 0])
    sides = [float(shown[:, part].sum() / seen[:, part].sum()) for part in (np.s_[:middle], np.s_[middle:])]
    assert min(sides) < 0.75
    assert max(sides) > 0.9


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True), (False, False)])
def test_mouth_and_eyes_go_their_own_ways_where_that_is_said(
    mesh: Mesh, basis: FaceBasis, wanted: tuple[bool, bool]
) -> None:
    source = face(basis)
    points = source.copy()
    mouth, eyes = mesh.parts
    points[np.concatenate(mouth.outlines), 1] += 2
    points[np.concatenate(eyes.outlines), 1] += 2
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    field = total_field(still, mesh, points, source, SIZE, SIZE, wanted)
    for part, said in zip(mesh.parts, wanted, strict=True):
        for outline in part.outlines:
            x, y = np.rint(points[outline, :2]).astype(int).T
            most = float(field[y, x, 1].min())
            assert most == pytest.approx(-2, abs=0.3) if said else most > -0.7
    assert not field[:20].any()


def test_a_face_that_stays_leaves_the_smooth_field_as_it_is(mesh: Mesh, basis: FaceBasis) -> None:
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    points = face(basis)
    field = total_field(still, mesh, points, points, SIZE, SIZE, (True, True))
    assert np.abs(field).max() < 1e-3


def test_a_mouth_far_from_where_the_picture_moves_is_not_doubled(mesh: Mesh, basis: FaceBasis) -> None:
    """Points and motion disagree by half a face: one of them is wrong, and the picture's motion is kept."""
    source = face(basis)
    points = source.copy()
    outline = np.concatenate(mesh.parts[0].outlines)
    points[outline, 0] += 0.6 * np.ptp(source[:, 0])
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    field = total_field(still, mesh, points, source, SIZE, SIZE, (True, False))
    x, y = np.rint(points[outline, :2]).astype(int).T
    assert np.abs(field[y, x.clip(0, SIZE - 1), 0]).max() < 0.3 * np.ptp(source[:, 0])


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e5])
def test_points_of_any_size_give_a_finite_field(mesh: Mesh, basis: FaceBasis, scale: float) -> None:
    source = face(basis)
    for points, other in ((source * scale, source), (source, source * scale), (source * -scale, source)):
        for part in mesh.parts:
            field, share = mesh.field(part, points, other, SIZE, SIZE)
            assert np.isfinite(field).all()
            assert np.isfinite(share).all()
