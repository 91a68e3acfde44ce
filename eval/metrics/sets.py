"""A metric of two sets of pictures: how their features are distributed, not picture with picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genvc.errors import BadInput

__all__ = ["Features", "SetMetric"]

MOST = 4096


@dataclass(frozen=True, slots=True)
class SetMetric:
    """A network and a distance.

    features: from pictures (n, 3, height, width) in [0, 1] to (n, size). distance: of two such sets.
    """

    features: Callable[[Tensor], Tensor]
    distance: Callable[[Tensor, Tensor], float]
    facts: Mapping[str, str]
    unit: str = ""
    higher_is_better: bool = False

    def about(self) -> Mapping[str, str]:
        return {**self.facts, "pooling": f"over the whole set; at most {MOST} evenly spaced pictures a clip"}


class Features:
    """The features of a clip's pictures, thinned evenly so that memory does not grow with its length."""

    def __init__(self, metric: SetMetric) -> None:
        self.metric = metric
        self.kept: list[Tensor] = []
        self.seen = 0
        self.stride = 1

    def add(self, pictures: Tensor) -> None:
        """Takes the next pictures of the clip."""
        wanted = [n for n in range(len(pictures)) if (self.seen + n) % self.stride == 0]
        self.seen += len(pictures)
        if wanted:
            with torch.inference_mode():
                self.kept.extend(self.metric.features(pictures[wanted]).cpu())
        while len(self.kept) > MOST:
            self.kept = self.kept[::2]
            self.stride *= 2

    def tensor(self) -> Tensor:
        """(n, size), float32; raises BadInput when nothing was added."""
        if not self.kept:
            raise BadInput("no pictures were measured")
        return torch.stack(self.kept)
