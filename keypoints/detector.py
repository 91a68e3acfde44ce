"""The face in a picture as 478 points, from whichever detector is installed.

One small interface, so that another detector with the same points can take mediapipe's place.
"""

import os
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

__all__ = ["POINTS", "FaceMeshDetector", "PointDetector", "Points"]

POINTS = 478
Points = npt.NDArray[np.float64]
"""(478, 3): x to the right, y down, in pixels with pixel centres at whole numbers; z grows away from
the camera, in the same unit, relative to the middle of the head. Points 468 to 477 are the irises."""

# A face smaller than this many pixels of picture is looked for in an enlarged picture.
_WORKING_SIZE = 256


class PointDetector(Protocol):
    """Finds one face in each picture of a clip, in turn."""

    def detect(self, rgb: Picture) -> Points | None:
        """The points of the largest face, or of the one followed so far; None when there is no face."""
        ...

    def close(self) -> None:
        """Give back what the detector holds; it cannot be used afterwards."""
        ...


class FaceMeshDetector:
    """mediapipe's face mesh with irises; its networks lie in the wheel.

    It follows the face from picture to picture, so it belongs to one clip. Source: Kartynnik et al.,
    "Real-time facial surface geometry from monocular video on mobile GPUs", 2019; Grishchenko et
    al., "Attention mesh", 2020.
    """

    def __init__(self) -> None:
        # the library's start-up notes are not for our users
        os.environ.setdefault("GLOG_minloglevel", "2")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        solution = _quietly(_face_mesh)
        self._mesh = solution(static_image_mode=False, max_num_faces=1, refine_landmarks=True)

    def detect(self, rgb: Picture) -> Points | None:
        """As PointDetector says. rgb of any size from 1x1."""
        import cv2

        height, width = rgb.shape[:2]
        grown = rgb
        if min(height, width) < _WORKING_SIZE:
            factor = min(_WORKING_SIZE / min(height, width), 4096 / max(height, width))
            if factor > 1:
                size = (max(1, round(width * factor)), max(1, round(height * factor)))
                grown = cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
        found = self._mesh.process(np.ascontiguousarray(grown)).multi_face_landmarks
        if not found:
            return None
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], dtype=np.float64)
        points *= (width, height, width)
        points[:, :2] -= 0.5
        if not np.isfinite(points).all() or not _plausible(points, width, height):
            return None
        return points

    def close(self) -> None:
        """Give the networks back."""
        self._mesh.close()


def _plausible(points: Points, width: int, height: int) -> bool:
    """Whether a face of at least 8 pixels lies at least half inside the picture."""
    low, high = points[:468, :2].min(0), points[:468, :2].max(0)
    centre = (low + high) / 2
    inside = 0 <= centre[0] < width and 0 <= centre[1] < height
    return bool(inside and (high - low).min() >= 8 and (high - low).max() < 4 * max(width, height))


def _face_mesh() -> Callable[..., object]:
    from mediapipe.python.solutions.face_mesh import FaceMesh

    mesh: Callable[..., object] = FaceMesh
    return mesh


def _quietly(load: Callable[[], Callable[..., object]]) -> Callable[..., object]:
    """Load with the standard error stream of the process turned away: native code writes to it."""
    keep = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:
            os.dup2(sink.fileno(), 2)
            return load()
    finally:
        os.dup2(keep, 2)
        os.close(keep)
