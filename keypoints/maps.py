"""Where the parts of a face are, drawn as pictures for the generator to see."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

from genvc.errors import BadInput

from .detector import POINTS, Points

__all__ = ["MAPS", "Maps", "Outlines", "drawn"]

Maps = npt.NDArray[np.uint8]
Ring = npt.NDArray[np.int64]

MAPS = 6
# Drawn at half of the picture's size and averaged, so that an eyelid's move by a pixel is seen.
_SHIFT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Point numbers around each part, in order; irises: (2, 5), each one's centre first."""

    oval: Ring
    lips: Ring
    mouth: Ring
    left_eye: Ring
    right_eye: Ring
    left_brow: Ring
    right_brow: Ring
    irises: Ring

    @staticmethod
    def of(tensors: Mapping[str, Ring]) -> "Outlines":
        """From a table of named rings; raises BadInput for one that is missing or names no points."""
        found = {}
        for field in fields(Outlines):
            ring = np.asarray(tensors.get(field.name, ()), np.int64)
            shaped = ring.shape == (2, 5) if field.name == "irises" else ring.ndim == 1 and len(ring) > 2
            if not shaped or ring.min() < 0 or ring.max() >= POINTS:
                raise BadInput(f"the model's outline of {field.name} names no points of a face")
            found[field.name] = ring
        return Outlines(**found)


def drawn(points: Points | None, outlines: Outlines, width: int, height: int) -> Maps:
    """(MAPS, height / 4, width / 4), 0 to 255: face, lips, mouth's inside, eyes, irises, brows.

    width and height: multiples of 4. points: None draws nothing.
    """
    found = np.zeros((MAPS, height // 4, width // 4), np.uint8)
    if points is None:
        return found
    half = np.clip((points[:, :2] + 0.5) / 2 - 0.5, -(1 << 14), 1 << 14)
    whole = np.rint(half * (1 << _SHIFT)).astype(np.int32)
    rings = (
        (outlines.oval,),
        (outlines.lips,),
        (outlines.mouth,),
        (outlines.left_eye, outlines.right_eye),
        (),
        (outlines.left_brow, outlines.right_brow),
    )
    for index, parts in enumerate(rings):
        canvas = np.zeros((height // 2, width // 2), np.uint8)
        for ring in parts:
            cv2.fillPoly(canvas, [whole[ring]], (255,), cv2.LINE_AA, _SHIFT)
        if index == 4:
            for iris in outlines.irises:
                around = np.linalg.norm(half[iris[1:]] - half[iris[0]], axis=1).mean()
                radius = int(np.clip(np.rint(around * (1 << _SHIFT)), 1, 1 << 16))
                centre = (int(whole[iris[0], 0]), int(whole[iris[0], 1]))
                cv2.circle(canvas, centre, radius, (255,), -1, cv2.LINE_AA, _SHIFT)
        cv2.resize(canvas, (width // 4, height // 4), found[index], interpolation=cv2.INTER_AREA)
    # an iris is seen where the eye is open
    found[4] = np.minimum(found[4], found[3])
    return found
