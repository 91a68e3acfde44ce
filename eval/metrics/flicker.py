"""Flicker: how much the coding error changes from frame to frame along the motion of the scene."""

import math
from collections.abc import Mapping
from importlib.metadata import version

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from genvc.errors import BadInput

from . import Meter, Metric, Reading, check_pair

__all__ = ["Flicker", "along_motion", "create"]

Plane = npt.NDArray[np.float32]
Motion = tuple[Plane, npt.NDArray[np.bool_]] | None
"""Flow and the pixels where it holds; None ahead of the first picture."""
# A pixel counts when the reference, followed back along the flow, looks alike: elsewhere something was
# covered or the flow is wrong. In 8-bit levels.
ALIKE = 12.0
# Smaller pictures have no room for the patches of the flow; their motion counts as none.
LEAST = 16


def create() -> Metric:
    """Flicker in 8-bit levels."""
    return Flicker()


def along_motion(previous: Plane, flow: Plane) -> Plane:
    """The previous picture (height, width, channels) as it looks now.

    flow: (height, width, 2), where each pixel of now was before, as (right, down) steps in pixels.
    """
    height, width = flow.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    warped = cv2.remap(
        previous,
        across + flow[..., 0],
        down + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.float32)


class Flicker:
    """RMS change of the error, motion-compensated; 0 when every error sticks to the thing it is on.

    The flow is found on the reference alone (DIS, Kroeger et al., ECCV 2016), so a codec cannot
    change the yardstick; like the warping error of Lai et al., ECCV 2018, but of the error instead
    of the picture, so that a perfect copy of a flickering source scores 0.
    """

    higher_is_better = False
    unit = "levels"

    def __init__(self) -> None:
        self.finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self.kept: tuple[Tensor, list[Motion]] | None = None

    def about(self) -> Mapping[str, str]:
        return {
            "backbone": "DIS optical flow (medium) on the reference",
            "library": f"opencv {cv2.__version__}, numpy {version('numpy')}",
            "colours": "RGB, full range, 0 to 255",
            "crop": "pixels whose flow matches",
            "pooling": "mean over the pairs of consecutive frames",
        }

    def meter(self) -> Meter:
        return _FlickerMeter(self)

    def motions(self, reference: Tensor, before: Plane | None) -> list[Motion]:
        """The motion up to each of the pictures; `before` is the one ahead of them.

        Several codecs that are measured on the same tensor share the work.
        """
        if self.kept is None or self.kept[0] is not reference:
            found: list[Motion] = []
            for picture in reference:
                now = _levels(picture)
                found.append(None if before is None else self._motion(before, now))
                before = now
            self.kept = (reference, found)
        return self.kept[1]

    def _motion(self, then: Plane, now: Plane) -> tuple[Plane, npt.NDArray[np.bool_]]:
        flow: Plane = np.zeros((*now.shape[:2], 2), np.float32)
        if min(now.shape[:2]) >= LEAST:
            flow = np.asarray(self.finder.calc(_grey(now), _grey(then), flow), np.float32)
        return flow, np.abs(along_motion(then, flow) - now).mean(axis=2) < ALIKE


class _FlickerMeter:
    def __init__(self, metric: Flicker) -> None:
        self.metric = metric
        self.before: Plane | None = None
        self.error: Plane | None = None
        self.values: list[float] = []
        self.pictures = 0

    def add(self, reference: Tensor, decoded: Tensor) -> None:
        check_pair(reference, decoded)
        if self.before is not None and self.before.shape[:2] != tuple(reference.shape[2:]):
            raise BadInput("the pictures differ in size, so they are no clip")
        motions = self.metric.motions(reference, self.before)
        for one, other, motion in zip(reference, decoded, motions, strict=True):
            error = _levels(other) - _levels(one)
            if motion is not None and self.error is not None:
                self.values.append(_change(self.error, error, *motion))
            self.error = error
        self.pictures += len(reference)
        self.before = _levels(reference[-1])

    def reading(self) -> Reading:
        if not self.pictures:
            raise BadInput("no pictures were measured")
        if not self.values:
            return Reading(None, (), "one picture: flicker needs two frames")
        return Reading(sum(self.values) / len(self.values), tuple(self.values))


def _change(then: Plane, now: Plane, flow: Plane, alike: npt.NDArray[np.bool_]) -> float:
    if not alike.any():
        return 0.0
    return math.sqrt(float(np.square((now - along_motion(then, flow))[alike]).mean()))


def _levels(picture: Tensor) -> Plane:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy() * 255)


def _grey(rgb: Plane) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(rgb.round().astype(np.uint8), cv2.COLOR_RGB2GRAY), np.uint8)
