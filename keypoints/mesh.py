"""The triangles of the face mesh, and where mouth and eyes of a reference lie in the picture that is shown.

Triangles are painted from back to front, so that a nearer one hides what lies behind it. A triangle
that is turned away in the reference has no picture to show and leaves its place empty.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .detector import Points
from .motion import Floats

__all__ = ["Mesh", "Part", "field_size"]

Indices = npt.NDArray[np.int64]
Field = npt.NDArray[np.float32]

_CELLS = 128
# The mesh proper; the points after these are the irises, which belong to no triangle.
_VERTICES = 468
# How far around its outline a part reaches, in triangles, and in face widths.
_RINGS = 3
_HOLE, _HIDDEN = -1, -2
_RIM_CELLS = 2.0
_RIM = 0.07


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of the face that follows the mesh.

    outlines: points around each piece. triangles: (n, 3). filled: whether openings that no triangle
    covers go with their rims: an eye does with its lids, but teeth stay where they are.
    """

    outlines: tuple[Indices, ...]
    triangles: Indices
    filled: bool


class Mesh:
    """triangles: (n, 3) point numbers. parts: the mouth, then the eyes. face: the whole of it."""

    def __init__(self, triangles: Indices, mouth: Indices, left_eye: Indices, right_eye: Indices) -> None:
        self.triangles = triangles
        self.parts = (self._part(False, mouth), self._part(True, left_eye, right_eye))
        self.face = Part((np.unique(triangles),), triangles, False)

    def _part(self, filled: bool, *outlines: Indices) -> Part:
        near = np.unique(np.concatenate(outlines))
        for _ in range(_RINGS):
            near = np.unique(self.triangles[np.isin(self.triangles, near).any(1)])
        return Part(outlines, self.triangles[np.isin(self.triangles, near).all(1)], filled)

    def field(
        self, part: Part, points: Points, source: Points, width: int, height: int
    ) -> tuple[Field, Field]:
        """Displacement (high, wide, 2) in pixels from the picture to the source, and how much it counts.

        points: of the picture, source: of the reference, both (478, 3) in pixels of a picture of width x
        height. The share (high, wide) is in [0, 1], soft at the rim, 0 where the part is not to be seen.
        """
        high, wide = field_size(width, height)
        scale = np.array([wide / width, high / height])
        target = (points[:_VERTICES, :2] + 0.5) * scale - 0.5
        reference = source[:_VERTICES, :2]
        depth = points[:_VERTICES, 2]
        triangles = part.triangles[np.argsort(-depth[part.triangles].mean(1), kind="stable")]
        # a triangle that faces us here and turned away there (or the other way round) is the wrong skin
        shown = _area(reference, triangles) * _area(target, triangles) > 0
        names = np.full((high, wide), _HOLE, np.int32)
        corners = np.clip(np.round(target[triangles] * 16), -(1 << 20), 1 << 20).astype(np.int32)
        for index in range(len(triangles)):
            cv2.fillConvexPoly(names, corners[index], (index if shown[index] else _HIDDEN,), shift=4)
        field = np.zeros((high, wide, 2), np.float32)
        rows, columns = np.nonzero(names >= 0)
        if len(rows):
            moves, offsets = _affine(target, reference, triangles)
            name = names[rows, columns]
            cells = np.stack([columns, rows], 1).astype(np.float64)
            place = np.einsum("ni,nij->nj", cells, moves[name]) + offsets[name]
            field[rows, columns] = place - ((cells + 0.5) / scale - 0.5)
        known: Any = np.where(names >= 0, np.float32(1), np.float32(0))
        if part.filled:
            field, known = _filled(field, known, names == _HOLE)
        known = cv2.erode(known, np.ones((3, 3), np.uint8))
        return field, self._share(part, target, high, wide) * known

    def _share(self, part: Part, target: Floats, high: int, wide: int) -> Field:
        mask: Any = np.zeros((high, wide), np.float32)
        for outline in part.outlines:
            hull = cv2.convexHull(np.clip(target[outline], -4096, 4096).astype(np.float32))
            cv2.fillConvexPoly(mask, np.round(hull * 16).astype(np.int32), (1.0,), shift=4)
        grow = int(np.clip(round(float(np.ptp(target[:, 0])) * _RIM), 1, 31)) | 1
        mask = cv2.dilate(mask, np.ones((grow, grow), np.uint8))
        found: Field = cv2.GaussianBlur(mask, (0, 0), max(0.6, grow / 3.5))
        return found


def _filled(field: Field, known: Field, holes: npt.NDArray[np.bool_]) -> tuple[Field, Field]:
    """Field and known cells with openings, which no triangle covers, carried by their rims."""
    mass: Any = cv2.GaussianBlur(known, (0, 0), _RIM_CELLS)
    near = holes & (mass > 0.05)
    if near.any():
        spread: Any = cv2.GaussianBlur(field * known[..., None], (0, 0), _RIM_CELLS)
        field = field.copy()
        field[near] = spread[near] / mass[near][:, None]
        known = np.maximum(known, near.astype(np.float32))
    return field, known


def field_size(width: int, height: int) -> tuple[int, int]:
    """Cells (high, wide) of the field of a picture of this size: at most 128 along the short side."""
    cell = max(1.0, min(width, height) / _CELLS)
    return max(1, round(height / cell)), max(1, round(width / cell))


def _affine(target: Floats, source: Floats, triangles: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The map from each target triangle to its source: source = target @ move + offset; (n, 2, 2), (n, 2)."""
    t0, s0 = target[triangles[:, 0]], source[triangles[:, 0]]
    a, b = target[triangles[:, 1]] - t0, target[triangles[:, 2]] - t0
    p, q = source[triangles[:, 1]] - s0, source[triangles[:, 2]] - s0
    area = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    # a triangle that is a mere line shows its first corner
    inverse = np.where(np.abs(area) > 1e-3, 1 / np.where(area == 0, 1, area), 0.0)
    x = (b[:, 1:2] * p - a[:, 1:2] * q) * inverse[:, None]
    y = (a[:, 0:1] * q - b[:, 0:1] * p) * inverse[:, None]
    move = np.stack([x, y], 1)
    return move, s0 - np.einsum("ni,nij->nj", t0, move)


def _area(points: Floats, triangles: npt.NDArray[np.int64]) -> Floats:
    """Twice the signed area of each triangle."""
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    found: Floats = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return found
