"""Landmark error of faces: how far the points of the face have moved from where they were."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from genvc.errors import BadInput, Unsupported
from genvc.plugins import installed
from genvc.types import Picture

from . import Meter, Metric, Reading, check_pair

__all__ = ["Landmarks", "create"]

GROUP = "genvc.detectors"
# The outer corners of the eyes among the 468 points of the mesh.
EYES = (33, 263)
MESH = 468

Points = npt.NDArray[np.float64]


class Detector(Protocol):
    """Finds the face in each picture of one clip, in turn; what an entry point of genvc.detectors makes."""

    def detect(self, rgb: Picture) -> Points | None: ...

    def close(self) -> None: ...


def create() -> Metric:
    """Landmark error with the installed face detector; raises Unsupported when there is none."""
    points = installed(GROUP)
    if "face" not in points:
        raise Unsupported("not available: landmarks needs an installed face detector (genvc.detectors: face)")
    return Landmarks(points["face"].load(), points["face"].value)


class Landmarks:
    """Mean distance of the 468 mesh points, in per cent of the distance between the outer eye corners."""

    higher_is_better = False
    unit = "%"

    def __init__(self, detector: type[Detector], name: str) -> None:
        self.detector = detector
        self.name = name
        # What was found in the last reference pictures: several codecs are measured on the same tensor.
        self.kept: tuple[Tensor, list[Points | None]] | None = None

    def about(self) -> Mapping[str, str]:
        return {
            "backbone": f"{self.name}, 468 points, tracked along the clip",
            "colours": "RGB, full range",
            "crop": "none",
            "pooling": "mean over the pictures in which both faces are found",
        }

    def meter(self) -> Meter:
        return _LandmarkMeter(self)


class _LandmarkMeter:
    def __init__(self, metric: Landmarks) -> None:
        self.metric = metric
        self.of_reference, self.of_decoded = metric.detector(), metric.detector()
        self.values: list[float] = []
        self.pictures = self.lost = self.none = 0

    def add(self, reference: Tensor, decoded: Tensor) -> None:
        check_pair(reference, decoded)
        if self.metric.kept is None or self.metric.kept[0] is not reference:
            self.metric.kept = (reference, [_find(self.of_reference, picture) for picture in reference])
        for true, picture in zip(self.metric.kept[1], decoded, strict=True):
            seen = _find(self.of_decoded, picture)
            self.pictures += 1
            if true is None:
                self.none += 1
            elif seen is None:
                self.lost += 1
            else:
                eyes = float(np.linalg.norm(true[EYES[0]] - true[EYES[1]]))
                apart = float(np.linalg.norm(true - seen, axis=1).mean())
                self.values.append(100 * apart / max(eyes, 1.0))

    def reading(self) -> Reading:
        self.of_reference.close()
        self.of_decoded.close()
        if not self.pictures:
            raise BadInput("no pictures were measured")
        words = []
        if self.none:
            words.append(f"no face in {self.none} of {self.pictures} pictures")
        if self.lost:
            words.append(f"face lost in {self.lost} of {self.pictures} pictures")
        if not self.values:
            return Reading(None, (), "; ".join(words))
        return Reading(sum(self.values) / len(self.values), tuple(self.values), "; ".join(words))


def _find(detector: Detector, picture: Tensor) -> Points | None:
    rgb = (picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    points = detector.detect(np.ascontiguousarray(rgb))
    return None if points is None else points[:MESH, :2]
