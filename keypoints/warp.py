"""From integers to pixels: displacement fields of mouth, eyes and everything else, and the warp.

The free half of the decoder: floats, any device. The mouth and the eyes follow the triangles of the
face mesh, painted from back to front so that a nearer triangle hides what lies behind it; a triangle
that is turned away in the reference has no picture to show and leaves its place to the smooth field.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from genvc.types import Picture

from .detector import Points
from .motion import Floats, Grid

__all__ = ["FIELD", "Part", "field_size", "part_mask", "total_field", "warp"]

FIELD = 128
"""Cells of the final displacement field along the short side."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of the face that follows the mesh. points: its outline; triangles: (n, 3) vertices."""

    name: str
    groups: tuple[npt.NDArray[np.int64], ...]
    triangles: npt.NDArray[np.int64]


@cache
def mesh_triangles() -> npt.NDArray[np.int64]:
    """The (n, 3) triangles of the face mesh: every three points that are joined to each other."""
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    joined: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        joined.setdefault(a, set()).add(b)
        joined.setdefault(b, set()).add(a)
    found = {
        tuple(sorted((a, b, c))) for a in joined for b in joined[a] for c in joined[a] & joined[b]
    }
    return np.array(sorted(found), dtype=np.int64)


@cache
def parts() -> tuple[Part, Part]:
    """Mouth, then eyes."""
    from mediapipe.python.solutions import face_mesh_connections as mesh

    def points(edges: frozenset[tuple[int, int]]) -> npt.NDArray[np.int64]:
        return np.array(sorted({point for edge in edges for point in edge}), dtype=np.int64)

    triangles = mesh_triangles()
    joined: dict[int, set[int]] = {}
    for a, b, c in triangles:
        for p, q in ((a, b), (b, c), (c, a)):
            joined.setdefault(int(p), set()).add(int(q))
            joined.setdefault(int(q), set()).add(int(p))

    def part(name: str, groups: tuple[npt.NDArray[np.int64], ...]) -> Part:
        near = {int(p) for group in groups for p in group}
        for _ in range(3):
            near |= {q for p in near for q in joined.get(p, ())}
        return Part(name, groups, triangles[np.isin(triangles, sorted(near)).all(1)])

    mouth = part("mouth", (points(mesh.FACEMESH_LIPS),))
    eyes = part("eyes", (points(mesh.FACEMESH_LEFT_EYE), points(mesh.FACEMESH_RIGHT_EYE)))
    return mouth, eyes


def field_size(width: int, height: int) -> tuple[int, int]:
    """Cells (high, wide) of the final field for a picture of this size."""
    cell = max(1.0, min(width, height) / FIELD)
    return max(1, round(height / cell)), max(1, round(width / cell))


def part_mask(part: Part, points: Points, width: int, height: int) -> "npt.NDArray[np.float32]":
    """How much a cell of the field belongs to the part: (high, wide) in [0, 1], soft at the rim.

    points: of the picture that is shown, in pixels.
    """
    high, wide = field_size(width, height)
    mask = np.zeros((high, wide), np.float32)
    scale = np.array([wide / width, high / height])
    face = float(np.ptp(points[:468, 0])) * scale[0]
    for group in part.groups:
        hull = cv2.convexHull(((points[group, :2] + 0.5) * scale - 0.5).astype(np.float32))
        cv2.fillConvexPoly(mask, np.round(hull * 16).astype(np.int32), 1.0, shift=4)
    grow = int(np.clip(round(face * 0.07), 1, 31)) | 1
    mask = cv2.dilate(mask, np.ones((grow, grow), np.uint8))
    return cv2.GaussianBlur(mask, (0, 0), max(0.6, grow / 3.5))


def part_field(part: Part, points: Points, source: Points, width: int, height: int) -> "tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]":
    """Displacement (high, wide, 2) in pixels from the picture to the source, and where it is known.

    points: of the picture, source: of the reference, both in pixels of the picture's size.
    """
    high, wide = field_size(width, height)
    scale = np.array([wide / width, high / height])
    target = (points[:468, :2] + 0.5) * scale - 0.5
    reference = source[:468, :2]
    triangles = part.triangles
    # back to front; z grows away from the camera
    triangles = triangles[np.argsort(-points[:468, 2][triangles].mean(1), kind="stable")]
    facing = _area(reference, triangles)
    shown = facing * np.sign(np.median(_area(reference, mesh_triangles()))) > 0
    names = np.full((high, wide), -1, np.int32)
    corners = np.clip(np.round(target[triangles] * 16), -(1 << 20), 1 << 20).astype(np.int32)
    for index in range(len(triangles)):
        cv2.fillConvexPoly(names, corners[index], index if shown[index] else -1, shift=4)
    known = names >= 0
    field = np.zeros((high, wide, 2), np.float32)
    if known.any():
        moves, offsets = _affine(target, reference, triangles)
        rows, columns = np.nonzero(known)
        name = names[rows, columns]
        cells = np.stack([columns, rows], 1).astype(np.float64)
        place = np.einsum("ni,nij->nj", cells, moves[name]) + offsets[name]
        here = (cells + 0.5) / scale - 0.5
        field[rows, columns] = place - here
    return field, known


def total_field(
    grid: Grid,
    spectrum: Floats,
    points: "Points | None",
    source: "Points | None",
    width: int,
    height: int,
    use_parts: tuple[bool, ...] = (True, True),
) -> "npt.NDArray[np.float32]":
    """The final displacement (high, wide, 2) in pixels.

    spectrum: DCT coefficients (2, grid high, grid wide) of the smooth field. points and source: the
    face now and in the reference, or None for either when there is none.
    """
    high, wide = field_size(width, height)
    unit = min(width, height) / 256
    smooth = (grid.finer(spectrum, high, wide) * unit).transpose(1, 2, 0).astype(np.float32)
    smooth = unfolded(smooth, width, height)
    if points is None or source is None:
        return smooth
    field = smooth
    limit = 0.25 * float(np.ptp(points[:468, 0]))
    for part, used in zip(parts(), use_parts, strict=True):
        if not used:
            continue
        mesh, known = part_field(part, points, source, width, height)
        mask = part_mask(part, points, width, height) * cv2.erode(known.astype(np.float32), np.ones((3, 3)))
        # where mesh and smooth field are far apart one of them is wrong: then rather the smooth one
        apart = np.abs(mesh - smooth).max(2)
        mask = mask * np.clip(2 - apart / max(limit, 1e-6), 0, 1)
        mask = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
        field = field * (1 - mask) + mesh * mask
    return field


def unfolded(field: "npt.NDArray[np.float32]", width: int, height: int) -> "npt.NDArray[np.float32]":
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


def warp(pictures: torch.Tensor, fields: "list[npt.NDArray[np.float32]]") -> torch.Tensor:
    """Pictures (n, 3, height, width) float, seen through displacement fields (high, wide, 2) in pixels."""
    _, _, height, width = pictures.shape
    device = pictures.device
    field = torch.from_numpy(np.stack(fields)).to(device).permute(0, 3, 1, 2)
    field = F.interpolate(field, (height, width), mode="bilinear", align_corners=False)
    x = (torch.arange(width, device=device) + 0.5).view(1, 1, -1)
    y = (torch.arange(height, device=device) + 0.5).view(1, -1, 1)
    place = torch.stack([(x + field[:, 0]) * (2 / width) - 1, (y + field[:, 1]) * (2 / height) - 1], -1)
    return F.grid_sample(pictures, place, mode="bicubic", padding_mode="border", align_corners=False)


def to_tensor(rgb: Picture, device: torch.device) -> torch.Tensor:
    """(1, 3, height, width) float32, 0 to 255."""
    return torch.from_numpy(np.array(rgb)).to(device).permute(2, 0, 1)[None].float()


def to_picture(tensor: torch.Tensor) -> Picture:
    """uint8 (height, width, 3) from (1, 3, height, width)."""
    return tensor[0].clamp(0, 255).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()


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
