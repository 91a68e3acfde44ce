"""The motion of a whole picture in a few numbers: a low-rank basis of coarse displacement fields.

What face points cannot say (hair, shoulders, camera, background) is measured as optical flow from
each picture to its reference, averaged onto a coarse grid, and reduced by a principal component
analysis over the pictures that use the reference. The leading fields travel with the reference as
quantised DCT coefficients; each picture then costs one small integer a field. Displacements point
from the picture into the reference (backward warping) and are in units of 1/256 of the short side.

Sources: Kroeger et al., "Fast optical flow using dense inverse search", 2016, for the measurement;
Black et al., "Learning parameterized models of image motion", 1997, for principal flow fields.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .detector import Points
from .likeness import Grey, difference, shapes
from .structure import Integers

__all__ = [
    "MAX_FIELDS",
    "Grid",
    "MotionBasis",
    "carried",
    "fit_basis",
    "measure",
    "moved",
    "project",
    "texture",
]

Floats = npt.NDArray[np.float64]
Dense = npt.NDArray[np.float32]

MAX_FIELDS = 12
_CELLS = 16
# A quantised DCT coefficient of 1 moves the picture by this much rms at fineness 0, half at 1, ...
_FIELD_STEP = 0.4
_MAX_REACH = 255


@dataclass(frozen=True, slots=True, eq=False)
class MotionBasis:
    """Fields in integers. coefficients: (fields, 2, cells high, cells wide) of the DCT, x before y.

    reach: (fields,) the integer with which a field is applied at its full size. fineness: 0 to 3,
    each one halves the step of the coefficients.
    """

    coefficients: Integers
    reach: Integers
    fineness: int = 1

    @property
    def count(self) -> int:
        """How many fields."""
        return len(self.reach)


class Grid:
    """The coarse grid over a picture of one size: 16 cells along the short side."""

    def __init__(self, width: int, height: int) -> None:
        short = min(width, height)
        self.wide = min(4 * _CELLS, max(_CELLS, round(width * _CELLS / short)))
        self.high = min(4 * _CELLS, max(_CELLS, round(height * _CELLS / short)))
        self._down = _dct(self.high)
        self._across = _dct(self.wide)
        # low frequencies first; beyond half of the frequencies nothing worth its bits is left
        y, x = np.mgrid[0 : self.high, 0 : self.wide]
        rank = np.hypot(y * _CELLS / self.high * 1.0, x * _CELLS / self.wide * 1.0)
        order = np.lexsort((x.ravel(), np.round(rank, 6).ravel()))
        self.order = order[rank.ravel()[order] < _CELLS * 0.7]

    def forward(self, field: Floats) -> Floats:
        """DCT of fields (..., high, wide); orthonormal but for a factor: a 1 in one place is 1 rms."""
        found: Floats = self._down @ field @ self._across.T / np.sqrt(self.high * self.wide)
        return found

    def inverse(self, coefficients: Floats) -> Floats:
        """The inverse of forward."""
        found: Floats = self._down.T @ coefficients @ self._across * np.sqrt(self.high * self.wide)
        return found

    def finer(self, coefficients: Floats, high: int, wide: int) -> Floats:
        """The field of DCT coefficients (..., high, wide) evaluated on a finer grid of cell centres."""
        down, across = _dct(self.high, high), _dct(self.wide, wide)
        found: Floats = down.T @ coefficients @ across * np.sqrt(self.high * self.wide)
        return found

    def fields(self, basis: MotionBasis) -> Floats:
        """What one step of each field does, as DCT coefficients (fields, 2, high, wide)."""
        step = _FIELD_STEP / (1 << basis.fineness)
        return basis.coefficients * (step / np.maximum(basis.reach, 1))[:, None, None, None]


def measure(picture: Grey, reference: Grey, grid: Grid, guess: Dense | None = None) -> Floats:
    """Displacements (2, high, wide) from the picture into the reference, both grey and of one size.

    In pixels of that size. Cells average the flow by how much texture vouches for it. guess: a dense
    flow (height, width, 2) to start from as well; the better of the two results counts.
    """
    weight = texture(picture)
    found = gather(_flow(picture, reference), weight, grid)
    if guess is None:
        return found
    # the search is given a reference that was carried along, not a flow to start from: with one that
    # leads far out of the picture OpenCV reads outside its memory
    near = _remapped(reference, guess)
    rest = _flow(picture, near)
    other = gather(rest + _remapped(guess, rest), weight, grid)
    seen = shapes(picture)
    costs = [difference(seen, shapes(moved(reference, field))) for field in (found, other)]
    return found if costs[0] <= costs[1] else other


def moved(reference: Grey, field: Floats) -> Grey:
    """The reference seen through a coarse field (2, high, wide) in its own pixels."""
    high, wide = reference.shape
    dense = cv2.resize(
        field.transpose(1, 2, 0).astype(np.float32), (wide, high), interpolation=cv2.INTER_CUBIC
    )
    found: Grey = _remapped(reference, dense)
    return found


def _remapped(values: Any, flow: Any) -> Any:
    """An array (height, width, ...) seen through a flow (height, width, 2)."""
    y, x = np.mgrid[0 : flow.shape[0], 0 : flow.shape[1]].astype(np.float32)
    place = x + flow[..., 0], y + flow[..., 1]
    return cv2.remap(values, *place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def carried(points: Points, source: Points, size: tuple[int, ...], scale: float) -> Dense | None:
    """The flow of a picture of size (height, width) that goes with the face; None when it hardly moved.

    points and source: of picture and reference, times `scale` in pixels of the picture. Inside the face
    the best affine map from one to the other, fading out over the face's own size.
    """
    here, there = points[:468, :2] * scale, source[:468, :2] * scale
    high, wide = size
    face = float(np.ptp(here[:, 0])) + 1e-6
    if np.abs(there - here).max() < 0.06 * face:
        return None
    centre = here.mean(0)
    square = np.concatenate([here - centre, np.ones((len(here), 1))], 1)
    affine = np.linalg.lstsq(square, there - here, rcond=None)[0]
    y, x = np.mgrid[0:_CELLS, 0:_CELLS].astype(np.float64)
    x, y = (x + 0.5) * wide / _CELLS - centre[0], (y + 0.5) * high / _CELLS - centre[1]
    shift = np.stack([x, y, np.ones_like(x)], -1) @ affine
    away = np.hypot(x, y) / face
    share = np.clip(1.9 - away, 0, 1)[..., None]
    found: Any = cv2.resize((shift * share).astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
    return np.asarray(found, np.float32)


def gather(dense: Dense, weight: Dense, grid: Grid) -> Floats:
    """A dense field (height, width, 2) averaged onto the grid with weights (height, width)."""
    size = (grid.wide, grid.high)
    mass = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(dense * weight[..., None], size, interpolation=cv2.INTER_AREA)
    # cells without texture listen to their neighbours
    near_mass = cv2.GaussianBlur(mass, (0, 0), 1.0) * 0.05 + 1e-6
    near = cv2.GaussianBlur(sums, (0, 0), 1.0) * 0.05
    found = (sums + near) / (mass + near_mass)[..., None]
    return np.ascontiguousarray(found.transpose(2, 0, 1)).astype(np.float64)


def texture(picture: Grey) -> Dense:
    """How much a flow can be trusted at each pixel (height, width): by the gradient, at least a little."""
    small = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
    dx = cv2.Sobel(small, cv2.CV_32F, 1, 0) / 8
    dy = cv2.Sobel(small, cv2.CV_32F, 0, 1) / 8
    found: npt.NDArray[np.float32] = np.minimum(dx * dx + dy * dy, 400.0) + 0.5
    return found


def fit_basis(
    flows: Floats, weights: Floats, grid: Grid, tolerance: float, limit: int, step: float, fineness: int
) -> MotionBasis:
    """The fields that explain flows (pictures, 2, high, wide) best, weighted by weights (high, wide).

    tolerance: a field must lower the rms error of displacement by this much on its own. limit: at
    most so many fields. step: the displacement rms that one integer of a field stands for.
    """
    count = len(flows)
    root = np.sqrt(weights / weights.mean())
    flat = (flows * root).reshape(count, -1)
    _, sizes, rows = np.linalg.svd(flat, full_matrices=False)
    cells = grid.high * grid.wide
    rms = sizes / np.sqrt(count * cells)
    kept = min(limit, MAX_FIELDS, int((rms > tolerance).sum()))
    found, reach = [], []
    keep = np.zeros(cells, dtype=bool)
    keep[grid.order] = True
    for row in range(kept):
        field = (rows[row].reshape(2, grid.high, grid.wide) / root) * np.sqrt(cells)
        # full size: what the field does in the picture that uses it most
        most = float(np.abs(flat @ rows[row]).max()) / np.sqrt(cells)
        spectrum = grid.forward(field * most)
        spectrum[:, ~keep.reshape(grid.high, grid.wide)] = 0
        whole = _dead_zone(spectrum / (_FIELD_STEP / (1 << fineness)))
        if not whole.any():
            continue
        found.append(whole)
        reach.append(int(np.clip(round(most / step), 1, _MAX_REACH)))
    if not found:
        return MotionBasis(np.zeros((0, 2, grid.high, grid.wide), np.int64), np.zeros(0, np.int64))
    return MotionBasis(np.stack(found), np.array(reach, np.int64), fineness)


def project(flows: Floats, weights: Floats, basis: MotionBasis, grid: Grid) -> Floats:
    """How much of each field is in each flow: (pictures, fields), in steps, not yet rounded."""
    if not basis.count:
        return np.zeros((len(flows), 0))
    root = np.sqrt(weights)
    fields = (grid.inverse(grid.fields(basis)) * root).reshape(basis.count, -1)
    flat = (flows * root).reshape(len(flows), -1)
    gram = fields @ fields.T
    gram += np.eye(basis.count) * 1e-3 * np.trace(gram) / basis.count
    found: Floats = np.linalg.solve(gram, fields @ flat.T).T
    return found


def _dead_zone(values: Floats) -> Integers:
    """Round towards zero a little: a lone small coefficient costs more than it shows."""
    found: Integers = (np.sign(values) * np.floor(np.abs(values) + 0.35)).astype(np.int64)
    return found


def _dct(size: int, points: int | None = None) -> Floats:
    """Orthonormal DCT-II rows for `size` cells at the centres of `points` cells: (size, points)."""
    points = points or size
    centres = (np.arange(points) + 0.5) / points
    rows = np.cos(np.pi * np.arange(size)[:, None] * centres) * np.sqrt(2 / size)
    rows[0] /= np.sqrt(2)
    found: Floats = rows
    return found


def _flow(picture: Grey, reference: Grey) -> Dense:
    # A search of its own each time: calc() on a small picture changes the object's finest scale for good.
    # At half size, not at a quarter: worth 3 % (9 kbit/s) to 20 % (3 kbit/s) of LPIPS on val.
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # type: ignore[attr-defined]
    search.setFinestScale(1)
    found: Dense = search.calc(picture, reference, None)
    return found
