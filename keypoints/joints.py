"""The joints of a body in a picture, for the encoder: where limbs went between two pictures."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from genvc.quiet import quietly
from genvc.types import Picture

from .detector import Points
from .head import is_head

__all__ = ["JOINTS", "JointDetector", "Joints", "PoseDetector", "wanted"]

JOINTS = 33
Joints = npt.NDArray[np.float64]
"""(33, 3): x to the right and y down in pixels, pixel centres at whole numbers; and how surely the joint is
seen, 0 to 1. The order is that of mediapipe's pose: 0 nose, 7 and 8 ears, 11 and 12 shoulders, ..."""


class JointDetector(Protocol):
    """Finds one body in each picture of a clip, in turn."""

    def detect(self, rgb: Picture) -> Joints | None:
        """The joints of the body followed, None when there is none."""
        ...

    def close(self) -> None:
        """Give back what the detector holds; it cannot be used afterwards."""
        ...


class PoseDetector:
    """mediapipe's pose with 33 joints; its network lies in the wheel.

    It follows the body from picture to picture, so it belongs to one clip. Source: Bazarevsky et al.,
    "BlazePose: on-device real-time body pose tracking", 2020.
    """

    def __init__(self) -> None:
        self._pose: Any = quietly(_start)

    def detect(self, rgb: Picture) -> Joints | None:
        """As JointDetector says. rgb of any size from 1x1."""
        height, width = rgb.shape[:2]
        # the network takes any crop for square, so it is given a square one
        side = max(height, width)
        square = np.zeros((side, side, 3), np.uint8)
        square[:height, :width] = rgb
        found = self._pose.process(square).pose_landmarks
        if not found:
            return None
        joints = np.array([(p.x * side - 0.5, p.y * side - 0.5, p.visibility) for p in found.landmark])
        return joints if np.isfinite(joints).all() else None

    def close(self) -> None:
        """Give the network back."""
        self._pose.close()


def wanted(faces: list[Points | None], short: int) -> bool:
    """Whether limbs may be seen: in most pictures of a group the face is small, or there is none."""
    return 2 * sum(is_head(face, short) for face in faces) < len(faces)


def _start() -> Any:
    from mediapipe.python.solutions.pose import Pose  # type: ignore[import-untyped]

    # the other complexities' networks are not in the wheel
    pose = Pose(model_complexity=1)
    # the network, and its remarks, come with the first picture
    pose.process(np.zeros((64, 64, 3), np.uint8))
    return pose
