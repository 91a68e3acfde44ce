"""The displacement of a whole picture: the smooth field of its motion, with mouth and eyes from the mesh."""

from typing import Any

import cv2
import numpy as np

from .detector import Points
from .mesh import Field, Mesh, field_size
from .motion import Floats, Grid

__all__ = ["smooth_field", "total_field", "unfolded"]

# Mesh and smooth field further apart than this many face widths: one of them is wrong.
_APART = 0.25
# Differences below this many face widths are the detector's jitter; the rest is spread so far.
_SLACK, _REACH = 0.02, 0.18
# A piece of the picture squeezed below this share of its area is a fold.
_FOLD = 0.15


def smooth_field(grid: Grid, spectrum: Floats, width: int, height: int) -> Field:
    """The field (high, wide, 2) in pixels of DCT coefficients (2, grid high, grid wide), without folds."""
    high, wide = field_size(width, height)
    unit = min(width, height) / 256
    field = (grid.finer(spectrum, high, wide) * unit).transpose(1, 2, 0).astype(np.float32)
    # no sound stream reaches further than a few pictures; a broken one must not overflow
    return unfolded(np.clip(field, -4 * width - 4 * height, 4 * width + 4 * height), width, height)


def total_field(
    smooth: Field,
    mesh: Mesh,
    points: Points,
    source: Points,
    width: int,
    height: int,
    parts: tuple[bool, bool],
) -> Field:
    """The smooth field with mouth and eyes, where wanted, put in from the mesh.

    points: (478, 3) of the face that is shown, source: of the reference's. Where the two fields are far
    apart the smooth one is kept: a doubled mouth is worse than one that lags.
    """
    face = float(np.ptp(points[:, 0])) + 1e-6
    smooth = _held_together(smooth, mesh, points, source, width, height, face)
    limit = _APART * face
    field = smooth
    for part, used in zip(mesh.parts, parts, strict=True):
        if used:
            moved, share = mesh.field(part, points, source, width, height)
            apart = np.abs(moved - smooth)
            # the maximum over an axis of two takes NumPy ten times as long
            share = share * np.clip(2 - np.maximum(apart[..., 0], apart[..., 1]) / limit, 0, 1)
            share = cv2.GaussianBlur(share, (0, 0), 1.0)[..., None]
            field = field * (1 - share) + moved * share
    return field


def _held_together(
    smooth: Field, mesh: Mesh, points: Points, source: Points, width: int, height: int, face: float
) -> Field:
    """The smooth field, pulled to where the face as a whole is when it is far from there.

    A few fields cannot follow every turn of the head. Small differences are left alone: the smooth field
    was measured on the picture, the points carry the jitter of their detector.
    """
    moved, share = mesh.field(mesh.face, points, source, width, height)
    known = (share > 0).astype(np.float32)
    sigma = float(np.clip(_REACH * face * smooth.shape[1] / width, 1, 40))
    mass = cv2.GaussianBlur(known, (0, 0), sigma)
    pull = cv2.GaussianBlur((moved - smooth) * known[..., None], (0, 0), sigma) / (mass + 0.02)[..., None]
    size = np.hypot(pull[..., 0], pull[..., 1]) + 1e-6
    weight = np.clip(1 - _SLACK * face / size, 0, 1) * np.clip(2 * mass, 0, 1)
    found: Field = (smooth + pull * weight[..., None]).astype(np.float32)
    return found


def unfolded(field: Field, width: int, height: int) -> Field:
    """The field with folds smoothed away: nowhere does a step to the right lead to the left.

    A fold shows the same piece of the reference twice, mirrored between; a doubled eye, say.
    """
    cell_x, cell_y = width / field.shape[1], height / field.shape[0]
    for _ in range(6):
        dx = np.diff(field, axis=1, append=field[:, -1:]) / cell_x
        dy = np.diff(field, axis=0, append=field[-1:]) / cell_y
        area = (1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
        if not (area < _FOLD).any():
            break
        folded = np.where(area < _FOLD, np.float32(1), np.float32(0))
        near: Any = cv2.GaussianBlur(cv2.dilate(folded, np.ones((9, 9), np.uint8)), (0, 0), 4.0)[..., None]
        calm = cv2.GaussianBlur(field, (0, 0), 6.0)
        field = np.asarray(field * (1 - near) + calm * near, np.float32)
    return field
