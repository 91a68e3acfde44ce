"""Faces, bodies and who is in front, as mediapipe's bundled networks see them.

The only module of this package that knows mediapipe; another detector with the same findings can take its
place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genvc.quiet import quietly
from genvc.types import Picture

__all__ = ["Body", "Detector", "Face", "Found"]

_WORKING = 512  # pixels of the long side that are looked at
_LEAST = 320
_SURE = 0.55
_SEEN = 0.5  # visibility of a body's point that counts


@dataclass(frozen=True, slots=True)
class Face:
    """Sides as shares of the picture's, 0 to 1. smile: mouth's width over the eyes' distance."""

    left: float
    top: float
    right: float
    bottom: float
    smile: float


@dataclass(frozen=True, slots=True)
class Body:
    """Sides as shares of the picture's. legs: whether knees are seen. seated: whether thighs lie flat."""

    left: float
    top: float
    right: float
    bottom: float
    legs: bool
    seated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """faces: largest first. body: the one that stands out, if any. front: share of the picture that a
    person in front covers, 0 to 1."""

    faces: tuple[Face, ...]
    body: Body | None
    front: float


class Detector:
    """Looks at single pictures; sources: BlazeFace (Bazarevsky et al., 2019), BlazePose (2020)."""

    def __init__(self) -> None:
        self._networks: dict[str, Any] = {}

    def __enter__(self) -> "Detector":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the networks back; they come again when they are needed."""
        for network in self._networks.values():
            network.close()
        self._networks.clear()

    def look(self, rgb: Picture) -> Found:
        """What is there; the picture has any size from 1x1."""
        return quietly(lambda: self._look(_sized(rgb)))

    def _look(self, rgb: Picture) -> Found:
        faces = self._faces(rgb)
        body = self._body(rgb)
        front = 0.0
        if faces or body:
            mask = self._network("front").process(rgb).segmentation_mask
            front = float((mask > _SEEN).mean()) if mask is not None else 0.0
        return Found(faces, body, front)

    def _faces(self, rgb: Picture) -> tuple[Face, ...]:
        found = []
        for name in ("far", "near"):
            for one in self._network(name).process(rgb).detections or ():
                if one.score[0] < _SURE:
                    continue
                place = one.location_data.relative_bounding_box
                sides = (place.xmin, place.ymin, place.xmin + place.width, place.ymin + place.height)
                left, top, right, bottom = (float(np.clip(side, 0, 1)) for side in sides)
                # eyes are points 0 and 1, the mouth's middle 3, the ears 4 and 5
                if right - left > 0.01 and bottom - top > 0.01:
                    found.append(Face(left, top, right, bottom, 0.0))
            if found:
                break
        found.sort(key=lambda face: (face.left - face.right) * (face.bottom - face.top))
        if found and found[0].right - found[0].left > 0.08:
            found[0] = self._expression(rgb, found[0])
        return tuple(found)

    def _expression(self, rgb: Picture, face: Face) -> Face:
        meshes = self._network("mesh").process(rgb).multi_face_landmarks
        if not meshes:
            return face
        height, width = rgb.shape[:2]
        points = np.array([(p.x * width, p.y * height) for p in meshes[0].landmark])
        # 61 and 291 are the corners of the mouth, 33 and 263 those of the eyes
        smile = np.hypot(*(points[61] - points[291])) / max(
            1e-6, float(np.hypot(*(points[33] - points[263])))
        )
        return Face(face.left, face.top, face.right, face.bottom, float(smile))

    def _body(self, rgb: Picture) -> Body | None:
        found = self._network("pose").process(rgb).pose_landmarks
        if found is None:
            return None
        points: npt.NDArray[np.float64] = np.array([(p.x, p.y, p.visibility) for p in found.landmark])
        inside = (points[:, 2] > _SEEN) & (np.abs(points[:, :2] - 0.5) < 0.5).all(1)
        # nose, shoulders
        if inside.sum() < 8 or not inside[[11, 12]].all():
            return None
        seen = points[inside, :2]
        (left, top), (right, bottom) = seen.min(0), seen.max(0)
        aspect = rgb.shape[1] / rgb.shape[0]
        hips, knees = points[[23, 24]], points[[25, 26]]
        legs = bool(inside[[23, 24, 25, 26]].all())
        thighs = np.abs(knees[:, :2] - hips[:, :2]).mean(0) * (aspect, 1.0)
        seated = legs and bool(thighs[1] < 0.8 * thighs[0])
        return Body(float(left), float(top), float(right), float(bottom), legs, seated)

    def _network(self, name: str) -> Any:
        if name not in self._networks:
            from mediapipe.python.solutions import (  # type: ignore[import-untyped]
                face_detection,
                face_mesh,
                pose,
                selfie_segmentation,
            )

            makers: dict[str, Callable[[], Any]] = {
                "near": lambda: face_detection.FaceDetection(
                    min_detection_confidence=_SURE, model_selection=0
                ),
                "far": lambda: face_detection.FaceDetection(
                    min_detection_confidence=_SURE, model_selection=1
                ),
                "mesh": lambda: face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1),
                "pose": lambda: pose.Pose(static_image_mode=True, min_detection_confidence=0.6),
                "front": lambda: selfie_segmentation.SelfieSegmentation(model_selection=0),
            }
            self._networks[name] = makers[name]()
        return self._networks[name]


def _sized(rgb: Picture) -> Picture:
    import cv2

    height, width = rgb.shape[:2]
    longer = max(width, height)
    if _LEAST <= longer <= _WORKING:
        return np.ascontiguousarray(rgb)
    scale = (_WORKING if longer > _WORKING else _LEAST) / longer
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(rgb, size, interpolation=how)).astype(np.uint8)
