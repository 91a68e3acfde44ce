"""The metrics by name: installed through the entry points `genvc.metrics`, loaded when asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from genvc.errors import BadInput
from genvc.plugins import installed
from genvc.types import Picture

if TYPE_CHECKING:
    from .sets import SetMetric

__all__ = ["Meter", "Metric", "Reading", "create_metric", "metric_names", "pictures_to_tensor"]

GROUP = "genvc.metrics"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a metric says of one clip.

    value: the figure, None when `words` says why there is none. per_picture: one figure a picture
    where the metric has them. words: "" or one line ("weights missing: ...", "picture too small: ...").
    """

    value: float | None
    per_picture: tuple[float, ...] = ()
    words: str = ""


class Meter(Protocol):
    """A running measurement of one clip; holds numbers, never pictures of more than a moment ago."""

    def add(self, reference: Tensor, decoded: Tensor) -> None:
        """Takes the next pictures, in order: both float32 (n, 3, height, width) RGB in [0, 1]."""
        ...

    def reading(self) -> Reading: ...


class Metric(Protocol):
    """A way to compare decoded pictures with the ones they were made from."""

    higher_is_better: bool
    unit: str

    def about(self) -> Mapping[str, str]:
        """What a reader must know to compare figures: backbone, library and version, colour range, crop."""
        ...

    def meter(self) -> Meter:
        """A fresh measurement."""
        ...


def metric_names() -> list[str]:
    """Names of the installed metrics, sorted; loads none."""
    return list(installed(GROUP))


def create_metric(name: str) -> "Metric | SetMetric":
    """The metric of that name, with its weights loaded.

    Raises BadInput for an unknown name, for weights that hold NaN and when the extra `eval` is not
    installed, ModelNotFound ("weights missing: ...") when a network's file is not on this machine.
    """
    points = installed(GROUP)
    if name not in points:
        raise BadInput(f"no metric '{name}'; installed: {', '.join(points) or 'none'}")
    try:
        metric: Metric | SetMetric = points[name].load()()
    except ImportError as error:
        raise BadInput(
            f"metric '{name}' needs a package that is not installed ({error.name}): pip install 'genvc[eval]'"
        ) from error
    return metric


def pictures_to_tensor(pictures: Sequence[Picture]) -> Tensor:
    """Same-sized uint8 pictures as one float32 tensor (n, 3, height, width) in [0, 1], channels last.

    Raises BadInput when there are none or their sizes differ.
    """
    if not pictures:
        raise BadInput("no pictures to measure")
    if len({picture.shape for picture in pictures}) > 1:
        raise BadInput("the pictures differ in size")
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    # In the layout of the networks' fast path on a CPU: LPIPS runs several times faster so.
    return (stacked.float() / 255).contiguous(memory_format=torch.channels_last)


def check_pair(reference: Tensor, decoded: Tensor) -> None:
    """Raises BadInput unless both are (n, 3, height, width) of one shape, with pictures in them."""
    if reference.shape != decoded.shape:
        raise BadInput(f"sizes differ: {tuple(reference.shape)} and {tuple(decoded.shape)}")
    if reference.ndim != 4 or reference.shape[1] != 3 or reference.numel() == 0:
        raise BadInput(f"expected pictures (n, 3, height, width), got {tuple(reference.shape)}")
