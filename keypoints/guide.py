"""Where a picture's parts probably lie in its reference: a dense flow from face points and joints.

Optical flow loses a limb that moved farther than it is thick; a measurement that starts from where the limbs
went finds it again. Only the encoder looks here: nothing of it is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from .detector import Points
from .joints import Joints
from .motion import Dense, carried

__all__ = ["Guide", "limbs_carried"]

# pairs of mediapipe's joints: trunk, head, arms, legs, hands, feet
_LIMBS = (
    (11, 12), (11, 23), (12, 24), (23, 24), (7, 8),
    (11, 13), (13, 15), (12, 14), (14, 16),
    (23, 25), (25, 27), (24, 26), (26, 28),
    (15, 19), (16, 20), (27, 31), (28, 32),
)  # fmt: skip
_SEEN = 0.5
_FINE = 64  # cells of the flow along the long side
_THICK = 0.22  # a limb's reach, as a share of the trunk's size
_GROUND = 0.03  # what stands still weighs, where a limb's own middle weighs 1


@dataclass(frozen=True, slots=True)
class Guide:
    """Of a group's pictures: face points and joints, in pixels of the pictures; None where none was found."""

    faces: Sequence[Points | None]
    joints: Sequence[Joints | None]

    def guess(self, picture: int, reference: int, size: tuple[int, ...], scale: float) -> Dense | None:
        """The flow (height, width, 2) from the picture into the reference; None where nothing is known.

        size: (height, width) of the flow. scale: its pixels for a pixel of the pictures.
        """
        found = None
        one, other = self.joints[picture], self.joints[reference]
        if one is not None and other is not None:
            found = limbs_carried(one, other, size, scale)
        here, there = self.faces[picture], self.faces[reference]
        if found is None and here is not None and there is not None:
            found = carried(here, there, size, scale)
        return found


def limbs_carried(joints: Joints, source: Joints, size: tuple[int, ...], scale: float) -> Dense | None:
    """The flow (height, width, 2) that goes with the limbs; None when they hardly moved or are hardly seen.

    joints and source: of picture and reference. Each limb carries what lies around it along and across its
    own axis; what is far from all limbs stays.
    """
    high, wide = size
    here, there = joints[:, :2] * scale, source[:, :2] * scale
    seen = (joints[:, 2] > _SEEN) & (source[:, 2] > _SEEN)
    limbs = [(a, b) for a, b in _LIMBS if seen[a] and seen[b]]
    if len(limbs) < 3:
        return None
    thick = _THICK * _trunk(here, seen)
    if np.abs(there - here)[seen].max() < 0.5 * thick:
        return None
    cells = (max(2, round(_FINE * high / max(size))), max(2, round(_FINE * wide / max(size))))
    y, x = np.mgrid[0 : cells[0], 0 : cells[1]].astype(np.float64)
    place = np.stack([(x + 0.5) * wide / cells[1], (y + 0.5) * high / cells[0]], -1) - 0.5
    total = np.zeros_like(place)
    mass = np.full((*cells, 1), _GROUND)
    for a, b in limbs:
        along, across = _axis(here[a], here[b])
        along_there, across_there = _axis(there[a], there[b])
        away = place - here[a]
        length = float(np.hypot(*(here[b] - here[a]))) + 1e-6
        t = (away @ along) / length
        off = away @ across
        reach = (t.clip(0, 1) - t) * length  # beyond an end a limb goes on as it is
        length_there = float(np.hypot(*(there[b] - there[a])))
        moved = (
            there[a]
            + (t.clip(0, 1) * length_there - reach)[..., None] * along_there
            + off[..., None] * across_there
        )
        weight = np.exp(-(off**2 + reach**2) / thick**2)[..., None]
        total += weight * (moved - place)
        mass += weight
    found: Any = cv2.resize((total / mass).astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
    return np.asarray(found, np.float32)


def _axis(start: Any, end: Any) -> tuple[Any, Any]:
    """Unit vectors along and across."""
    along = (end - start) / (np.hypot(*(end - start)) + 1e-6)
    return along, np.array([-along[1], along[0]])


def _trunk(joints: Any, seen: Any) -> float:
    """The trunk's size in pixels, by what is seen of it; of a body from behind or aside as well."""
    spans = [float(np.hypot(*(joints[b] - joints[a]))) for a, b in _LIMBS[:4] if seen[a] and seen[b]]
    return max([*spans, 8.0])
