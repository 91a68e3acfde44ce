"""The face in a picture as 478 points, from whichever detector is installed.

One small interface, so that another detector with the same points can take mediapipe's place.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

__all__ = ["POINTS", "FaceMeshDetector", "PointDetector", "Points", "outlines", "quietly", "topology"]

POINTS = 478
Points = npt.NDArray[np.float64]
"""(478, 3): x to the right, y down, in pixels with pixel centres at whole numbers; z grows away from
the camera, in the same unit, relative to the middle of the head. Points 468 to 477 are the irises."""

# A face smaller than this many pixels of picture is looked for in an enlarged picture.
_WORKING_SIZE = 256
# The standard error belongs to the process: two that turn it away at once would lose it for good.
_QUIET = threading.Lock()


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
        self._mesh: Any = quietly(_start)
        self._seen = False

    def detect(self, rgb: Picture) -> Points | None:
        """As PointDetector says. rgb of any size from 1x1."""
        import cv2

        height, width = rgb.shape[:2]
        # the network takes any crop for square, so it is given a square one
        side = max(height, width)
        square = np.zeros((side, side, 3), np.uint8)
        square[:height, :width] = rgb
        if side < _WORKING_SIZE:
            square = np.asarray(
                cv2.resize(square, (_WORKING_SIZE, _WORKING_SIZE), interpolation=cv2.INTER_CUBIC)
            )
        # the library remarks on the first face it finds
        process = (
            self._mesh.process if self._seen else lambda picture: quietly(lambda: self._mesh.process(picture))
        )
        found = process(square).multi_face_landmarks
        self._seen = self._seen or bool(found)
        if not found:
            return None
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], dtype=np.float64)
        points *= side
        points[:, :2] -= 0.5
        if not np.isfinite(points).all() or not _plausible(points, width, height):
            return None
        return points

    def close(self) -> None:
        """Give the networks back."""
        self._mesh.close()


def topology() -> dict[str, npt.NDArray[np.int64]]:
    """What belongs together: triangles (n, 3), and the outlines of mouth, left_eye and right_eye (n,).

    mediapipe says which points are joined; every three that are joined to each other are a triangle.
    """
    from mediapipe.python.solutions import (  # type: ignore[import-untyped]
        face_mesh_connections as mesh,
    )

    joined: dict[int, set[int]] = {}
    for a, b in mesh.FACEMESH_TESSELATION:
        joined.setdefault(a, set()).add(b)
        joined.setdefault(b, set()).add(a)
    found = {tuple(sorted((a, b, c))) for a in joined for b in joined[a] for c in joined[a] & joined[b]}

    def points(edges: frozenset[tuple[int, int]]) -> npt.NDArray[np.int64]:
        return np.array(sorted({point for edge in edges for point in edge}), dtype=np.int64)

    return {
        "triangles": np.array(sorted(found), dtype=np.int64),
        "mouth": points(mesh.FACEMESH_LIPS),
        "left_eye": points(mesh.FACEMESH_LEFT_EYE),
        "right_eye": points(mesh.FACEMESH_RIGHT_EYE),
    }


def outlines() -> dict[str, npt.NDArray[np.int64]]:
    """Point numbers around the parts of a face, in order, as maps.Outlines names them."""
    from mediapipe.python.solutions import face_mesh_connections as mesh

    lips = _rings(mesh.FACEMESH_LIPS)
    irises = [(468, 469, 470, 471, 472), (473, 474, 475, 476, 477)]
    found = {
        "oval": _rings(mesh.FACEMESH_FACE_OVAL)[0],
        # the outer corner of the lips is point 61, the inner one 78
        "lips": next(ring for ring in lips if 61 in ring),
        "mouth": next(ring for ring in lips if 78 in ring),
        "left_eye": _rings(mesh.FACEMESH_LEFT_EYE)[0],
        "right_eye": _rings(mesh.FACEMESH_RIGHT_EYE)[0],
        "left_brow": _band(mesh.FACEMESH_LEFT_EYEBROW),
        "right_brow": _band(mesh.FACEMESH_RIGHT_EYEBROW),
        "irises": irises,
    }
    return {name: np.array(points, dtype=np.int64) for name, points in found.items()}


def _walk(edges: frozenset[tuple[int, int]]) -> list[list[int]]:
    """The paths that edges make, each walked from its lowest loose end, or its lowest point."""
    joined: dict[int, set[int]] = {}
    for a, b in edges:
        joined.setdefault(a, set()).add(b)
        joined.setdefault(b, set()).add(a)
    found = []
    for start in sorted(joined, key=lambda point: (len(joined[point]) > 1, point)):
        if start not in joined:
            continue
        path = [start]
        while step := sorted(joined.pop(path[-1]) & joined.keys()):
            path.append(step[0])
        found.append(path)
    return found


def _rings(edges: frozenset[tuple[int, int]]) -> list[list[int]]:
    return [path for path in _walk(edges) if len(path) > 2]


def _band(edges: frozenset[tuple[int, int]]) -> list[int]:
    """A brow's two lines as one ring; both are said from the outer end to the inner one, or both turned."""
    one, other = _walk(edges)
    return one + other[::-1]


def _plausible(points: Points, width: int, height: int) -> bool:
    """Whether a face of at least 8 pixels lies at least half inside the picture."""
    low, high = points[:468, :2].min(0), points[:468, :2].max(0)
    centre = (low + high) / 2
    inside = 0 <= centre[0] < width and 0 <= centre[1] < height
    return bool(inside and (high - low).min() >= 8 and (high - low).max() < 4 * max(width, height))


def _start() -> Any:
    from mediapipe.python.solutions.face_mesh import FaceMesh  # type: ignore[import-untyped]

    mesh = FaceMesh(static_image_mode=False, max_num_faces=1, refine_landmarks=True)
    # the networks, and their remarks, come with the first picture
    mesh.process(np.zeros((64, 64, 3), np.uint8))
    return mesh


def quietly(load: Callable[[], Any]) -> Any:
    """Load with the process's standard error turned away: native code writes its remarks to it."""
    with _QUIET:
        sys.stderr.flush()
        keep = os.dup(2)
        try:
            with open(os.devnull, "wb") as sink:
                os.dup2(sink.fileno(), 2)
            return load()
        finally:
            os.dup2(keep, 2)
            os.close(keep)
