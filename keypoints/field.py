"""The displacement of a whole picture: the smooth field of its motion, with mouth and eyes from the mesh."""

import cv2
import numpy as np

from .detector import Points
from .mesh import Field, Mesh, field_size
from .motion import Floats, Grid

__all__ = ["smooth_field", "total_field", "unfolded"]

# Mesh and smooth field further apart than this many face widths: one of them is wrong.
_APART = 0.25


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
    limit = _APART * float(np.ptp(points[:, 0])) + 1e-6
    field = smooth
    for part, used in zip(mesh.parts, parts, strict=True):
        if used:
            moved, share = mesh.field(part, points, source, width, height)
            share = share * np.clip(2 - np.abs(moved - smooth).max(2) / limit, 0, 1)
            share = cv2.GaussianBlur(share, (0, 0), 1.0)[..., None]
            field = field * (1 - share) + moved * share
    return field


def unfolded(field: Field, width: int, height: int) -> Field:
    """The field with folds smoothed away: nowhere does a step to the right lead to the left.

    A fold shows the same piece of the reference twice, mirrored between; a doubled eye, say.
    """
    cell_x, cell_y = width / field.shape[1], height / field.shape[0]
    for _ in range(6):
        dx = np.diff(field, axis=1, append=field[:, -1:]) / cell_x
        dy = np.diff(field, axis=0, append=field[-1:]) / cell_y
        area = (1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
        folded = (area < 0.15).astype(np.float32)
        if not folded.any():
            break
        near = cv2.GaussianBlur(cv2.dilate(folded, np.ones((9, 9), np.uint8)), (0, 0), 4.0)[..., None]
        field = field * (1 - near) + cv2.GaussianBlur(field, (0, 0), 6.0) * near
    return field
