"""Metrics of a decoded clip against its source, by name from the registry of metrics."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..errors import BadInput, GenvcError
from ..plugins import installed
from ..types import Frame

__all__ = ["METRICS", "Figure", "Metrics", "measure"]

METRICS = ("psnr", "msssim", "lpips_alex")
"""What `genvc compare` reports; worst 5 % and worst frame by the last one that can be had."""

_BATCH = 8
_WORST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one clip.

    mean: over the frames; None when `words` says why there is none. worst: mean of the worst 5 % of
    frames. worst_frame: place of the very worst one in the clip.
    """

    mean: float | None
    worst: float | None = None
    worst_frame: int = 0
    words: str = ""


class Metrics:
    """Metrics that are made once and measure many clips: to load a network takes longer than to ask it.

    One that cannot be had says why, and the others go on.
    """

    def __init__(self, names: Sequence[str] = METRICS) -> None:
        self.names = tuple(names)
        self._made: dict[str, Any] = {}
        self._missing: dict[str, str] = {}
        for name in names:
            try:
                self._made[name] = _create(name)
            except GenvcError as error:
                self._missing[name] = str(error)

    def measure(self, reference: Iterable[Frame], decoded: Iterable[Frame]) -> dict[str, Figure]:
        """As the function of that name."""
        meters = {name: metric.meter() for name, metric in self._made.items()}
        _add(meters.values(), reference, decoded)
        figures = {name: Figure(None, words=words) for name, words in self._missing.items()}
        for name, meter in meters.items():
            figures[name] = _figure(meter.reading(), self._made[name].higher_is_better)
        return {name: figures[name] for name in self.names}


def measure(
    reference: Iterable[Frame], decoded: Iterable[Frame], names: Sequence[str] = METRICS
) -> dict[str, Figure]:
    """Figures by metric; a metric that cannot be had says why and the others go on.

    Both iterators are read once, a few frames at a time. Raises BadInput when their numbers of frames
    or their sizes differ.
    """
    return Metrics(names).measure(reference, decoded)


def _add(meters: Collection[Any], reference: Iterable[Frame], decoded: Iterable[Frame]) -> None:
    pairs = itertools.zip_longest(reference, decoded)
    for batch in iter(lambda: list(itertools.islice(pairs, _BATCH)), []):
        sources, results = zip(*batch, strict=True)
        if None in sources or None in results:
            raise BadInput("the source and the decoded clip have different numbers of frames")
        tensors = _tensor(sources), _tensor(results)
        if tensors[0].shape != tensors[1].shape:
            raise BadInput("the source and the decoded clip have different sizes")
        for meter in meters:
            meter.add(*tensors)


def _create(name: str) -> Any:
    """The metric (see eval's protocol: about, meter, higher_is_better), or BadInput in one line."""
    point = installed("genvc.metrics").get(name)
    if point is None:
        raise BadInput(f"no metric '{name}' is installed")
    try:
        return point.load()()
    except ImportError as error:
        raise BadInput(f"needs the package {error.name}: pip install 'genvc[eval]'") from error


def _tensor(frames: Sequence[Frame]) -> torch.Tensor:
    """float32 (n, 3, height, width) in [0, 1]."""
    stacked = torch.from_numpy(np.stack([frame.rgb for frame in frames]))
    return (stacked.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)


def _figure(reading: Any, higher_is_better: bool) -> Figure:
    if reading.value is None or not reading.per_picture:
        return Figure(reading.value, words=reading.words)
    order = sorted(range(len(reading.per_picture)), key=lambda place: reading.per_picture[place])
    if not higher_is_better:
        order.reverse()
    worst = order[: max(1, round(len(order) * _WORST_SHARE))]
    mean = sum(reading.per_picture[place] for place in worst) / len(worst)
    return Figure(reading.value, mean, worst[0], reading.words)
