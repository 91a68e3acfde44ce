"""A metric that gives each picture its own figure; a clip's figure is the mean."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from genvc.errors import BadInput, GenvcError

from . import Meter, Reading, check_pair

__all__ = ["PerPicture"]

Measure = Callable[[Tensor, Tensor], Tensor]


class PerPicture:
    """Wraps a function (reference, decoded) -> (n,) as a metric.

    cap: figures above it count as this much in the mean, so that one equal picture does not make
    a clip's PSNR infinite.
    """

    def __init__(
        self,
        measure: Measure,
        about: Mapping[str, str],
        *,
        higher_is_better: bool,
        unit: str = "",
        cap: float = math.inf,
    ) -> None:
        self.measure = measure
        self.higher_is_better = higher_is_better
        self.unit = unit
        self.cap = cap
        self._about = dict(about)

    def about(self) -> Mapping[str, str]:
        return {**self._about, "pooling": "mean over the pictures"}

    def meter(self) -> Meter:
        return _Mean(self)


class _Mean:
    def __init__(self, metric: PerPicture) -> None:
        self.metric = metric
        self.values: list[float] = []
        self.words = ""

    def add(self, reference: Tensor, decoded: Tensor) -> None:
        check_pair(reference, decoded)
        if self.words:
            return
        try:
            with torch.inference_mode():
                values = self.metric.measure(reference, decoded).tolist()
            self.values.extend(min(value, self.metric.cap) for value in values)
        except GenvcError as error:
            self.words = str(error)

    def reading(self) -> Reading:
        if self.words:
            return Reading(None, (), self.words)
        if not self.values:
            raise BadInput("no pictures were measured")
        if any(math.isnan(value) for value in self.values):
            return Reading(None, (), "not a number: a network's weights or the pictures hold NaN")
        return Reading(sum(self.values) / len(self.values), tuple(self.values))
