"""Several metrics over one clip in one pass."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genvc.errors import GenvcError

from .metrics import Meter, Metric, Reading, create_metric
from .metrics.sets import Features, SetMetric

__all__ = ["Metering", "MetricSet", "feature_file"]

_WORST = 0.05


def feature_file(folder: Path, metric: str, side: str) -> Path:
    """Where a clip's features of a set metric lie; side: "reference" or "decoded"."""
    return folder / f"{metric}-{side}.pt"


class MetricSet:
    """Metrics by name, set up once for all the streams of a clip; words for those that cannot be."""

    def __init__(self, names: Iterable[str]) -> None:
        self.metrics: dict[str, Metric | SetMetric] = {}
        self.words: dict[str, str] = {}
        for name in sorted(names):
            try:
                self.metrics[name] = create_metric(name)
            except GenvcError as error:
                self.words[name] = str(error)


class Metering:
    """The running measurements of one stream; a metric that cannot be set up costs nothing."""

    def __init__(self, of: MetricSet, names: Sequence[str]) -> None:
        self.metrics = {name: of.metrics[name] for name in names if name in of.metrics}
        self.words = {name: of.words[name] for name in names if name in of.words}
        self.meters: dict[str, Meter] = {}
        self.features: dict[str, tuple[Features, Features]] = {}
        shared: dict[Any, tuple[Features, Features]] = {}
        for name, metric in self.metrics.items():
            if isinstance(metric, SetMetric):
                # FID and KID look at the same features.
                pair = (Features(metric), Features(metric))
                self.features[name] = shared.setdefault(metric.features, pair)
            else:
                self.meters[name] = metric.meter()
        self.sides = list(shared.values())

    def add(self, reference: Tensor, decoded: Tensor) -> None:
        """Takes the next pictures of both clips, (n, 3, height, width); raises BadInput for other shapes.

        Streams that are measured side by side pass the very same reference tensor.
        """
        self.add_pair(reference, decoded)
        self.add_to_sets(reference, 0)
        self.add_to_sets(decoded, 1)

    def add_pair(self, reference: Tensor, decoded: Tensor) -> None:
        """As add, for the metrics that compare picture with picture only."""
        for meter in self.meters.values():
            meter.add(reference, decoded)

    def add_to_sets(self, pictures: Tensor, side: int) -> None:
        """Pictures for the set metrics only; side: 0 for reference, 1 for decoded."""
        for pair in self.sides:
            pair[side].add(pictures)

    def distances(self) -> dict[str, dict[str, Any]]:
        """By set metric: value and the number of decoded pictures, or words."""
        found: dict[str, dict[str, Any]] = {}
        for name, (ours, theirs) in self.features.items():
            metric = self.metrics[name]
            if isinstance(metric, SetMetric):
                try:
                    value = metric.distance(ours.tensor(), theirs.tensor())
                    found[name] = {"value": value, "pictures": theirs.seen, "words": ""}
                except GenvcError as error:
                    found[name] = {"value": None, "words": str(error)}
        return found

    def readings(self) -> dict[str, dict[str, Any]]:
        """By metric: value, worst (mean of the worst 5 % of the pictures), worst_picture, words."""
        found = {name: _entry(meter.reading(), self.metrics[name]) for name, meter in self.meters.items()}
        found.update({name: {"value": None, "words": words} for name, words in self.words.items()})
        found.update(
            {name: {"value": None, "words": "over the whole suite, see sets"} for name in self.features}
        )
        return found

    def about(self) -> dict[str, dict[str, str]]:
        """What each metric says of itself, with its direction."""
        return {
            name: {
                **metric.about(),
                "unit": metric.unit,
                "better": "higher" if metric.higher_is_better else "lower",
            }
            for name, metric in self.metrics.items()
        }

    def save_features(self, folder: Path) -> list[str]:
        """Writes the features of the set metrics; returns those metrics' names."""
        for name, sides in self.features.items():
            folder.mkdir(parents=True, exist_ok=True)
            for side, features in zip(("reference", "decoded"), sides, strict=True):
                torch.save(features.tensor(), feature_file(folder, name, side))
        return list(self.features)


def _entry(reading: Reading, metric: Metric | SetMetric) -> dict[str, Any]:
    entry: dict[str, Any] = {"value": reading.value, "words": reading.words}
    values = reading.per_picture
    if len(values) > 1:
        ranked = sorted(range(len(values)), key=values.__getitem__, reverse=not metric.higher_is_better)
        worst = ranked[: max(1, round(len(values) * _WORST))]
        entry["worst"] = sum(values[place] for place in worst) / len(worst)
        entry["worst_picture"] = worst[0]
    return entry
