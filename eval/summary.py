"""What the cells say together: BD-rates of each clip and their means, means by setting, set metrics."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genvc.errors import GenvcError

from .bd import Curve, bd_rate, quality_at

__all__ = ["bd_table", "damaged_metrics", "mean_speed", "means", "rate_of", "set_metrics", "set_table"]

Row = Mapping[str, Any]
_DAMAGED = ("weights damaged", "not a number")


def rate_of(row: Row) -> float:
    """kbit/s of a clip, bits per pixel of a picture."""
    return float(row["bpp"] if "bpp" in row else row["kbps"])


def bd_table(rows: Sequence[Row], anchor: str, better: Mapping[str, str]) -> list[dict[str, Any]]:
    """BD-rates against the anchor codec: for each codec and metric a row a clip, then one "mean".

    better: "higher" or "lower" by metric. The mean is over the clips that have a number, and says how
    many of how many they are. at_lowest compares the qualities at the anchor's lowest rate.
    """
    good = [row for row in rows if "error" not in row]
    clips = list(dict.fromkeys(row["clip"] for row in good))
    codecs = [codec for codec in dict.fromkeys(row["codec"] for row in good) if codec != anchor]
    table: list[dict[str, Any]] = []
    for metric in better:
        for codec in codecs:
            entries = []
            for clip in clips:
                first, second = _curve(good, clip, anchor, metric), _curve(good, clip, codec, metric)
                if first and second:
                    entries.append(_entry(clip, first, second, better[metric] == "higher"))
            head = {"codec": codec, "anchor": anchor, "metric": metric}
            table.extend({**head, **entry} for entry in entries)
            if entries:
                table.append({**head, **_mean(entries)})
    return table


def means(rows: Sequence[Row], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """By codec and setting, over the clips that have it: mean rate, bytes, metrics, speeds; n clips.

    A speed is None where the stream was stored before.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if "error" not in row:
            groups.setdefault((row["codec"], row["setting"]), []).append(row)
    table = []
    for (codec, setting), members in groups.items():
        entry: dict[str, Any] = {"codec": codec, "setting": setting, "clips": len(members)}
        entry["bpp" if "bpp" in members[0] else "kbps"] = _average([rate_of(row) for row in members])
        entry["bytes"] = _average([row["bytes"] for row in members])
        for part in ("metrics", "worst"):
            found = {name: [row[part].get(name) for row in members] for name in metrics}
            entry[part] = {name: _average(values) for name, values in found.items() if None not in values}
        for name in ("encode_fps", "decode_fps"):
            entry[name] = mean_speed(members, name)
        table.append(entry)
    order = list(dict.fromkeys(codec for codec, _ in groups))
    return sorted(table, key=lambda entry: (order.index(entry["codec"]), entry["bytes"]))


def damaged_metrics(rows: Sequence[Row]) -> list[str]:
    """A line for each metric that could not be right: its weights are damaged or its figure is no number.

    Weights that are missing are no damage: such a metric is left out by name.
    """
    said = {(name, words) for row in rows for name, words in row.get("words", {}).items()}
    return sorted(f"{name}: {words}" for name, words in said if words.startswith(_DAMAGED))


def set_metrics(rows: Sequence[Row], cache: Path, names: Sequence[str]) -> list[str]:
    """Those of the metrics that left features of sets of pictures in the cache."""
    from .metering import feature_file

    places = [cache / row["stream"] for row in rows if "error" not in row]
    return [name for name in names if any(feature_file(p, name, "decoded").is_file() for p in places)]


def set_table(rows: Sequence[Row], cache: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Set metrics (FID, KID) by codec and setting, over the pictures of all the clips together."""
    if not names:
        return []
    import torch

    from .metering import feature_file
    from .metrics import create_metric
    from .metrics.sets import SetMetric

    table: list[dict[str, Any]] = []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if "error" not in row:
            groups.setdefault((row["codec"], row["setting"]), []).append(row)
    for name in names:
        try:
            metric = create_metric(name)
        except GenvcError as error:
            table.append({"metric": name, "value": None, "words": str(error)})
            continue
        if not isinstance(metric, SetMetric):
            continue
        for (codec, setting), members in groups.items():
            entry: dict[str, Any] = {"metric": name, "codec": codec, "setting": setting, "value": None}
            sides = []
            try:
                for side in ("reference", "decoded"):
                    files = [feature_file(cache / row["stream"], name, side) for row in members]
                    sides.append(torch.cat([torch.load(file, weights_only=True) for file in files]))
                entry["value"] = metric.distance(*sides)
                entry["pictures"] = len(sides[0])
            except (OSError, RuntimeError, GenvcError) as error:
                entry["words"] = f"not computed: {error}"
            table.append(entry)
    return table


def _curve(rows: Sequence[Row], clip: str, codec: str, metric: str) -> Curve:
    return [
        (rate_of(row), row["metrics"][metric])
        for row in rows
        if row["clip"] == clip and row["codec"] == codec and row["metrics"].get(metric) is not None
    ]


def _entry(clip: str, first: Curve, second: Curve, higher: bool) -> dict[str, Any]:
    found = bd_rate(first, second, higher_is_better=higher)
    entry: dict[str, Any] = {
        "clip": clip,
        "rate_percent": found.rate_percent,
        "quality": found.quality,
        "words": found.words,
        "overlap": round(found.overlap, 3),
        "at_lowest": _at_lowest(first, second),
    }
    if found.rate_percent is None:
        entry["equal_rate"] = found.equal_rate
        entry["equal_quality"] = found.equal_quality
    return entry


def _at_lowest(first: Curve, second: Curve) -> dict[str, float] | None:
    """Both qualities at the anchor's lowest rate; the test's nearest cheaper point where it ends before."""
    rate, quality = min(first)
    cheaper = [point for point in second if point[0] <= rate]
    if not cheaper:
        return None
    other = quality_at(second, rate)
    return {"rate": rate, "anchor": quality, "test": max(cheaper)[1] if other is None else other}


def _mean(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    numbers = [entry["rate_percent"] for entry in entries if entry["rate_percent"] is not None]
    deltas = [entry["quality"] for entry in entries if entry["quality"] is not None]
    low = [entry["at_lowest"] for entry in entries if entry["at_lowest"] is not None]
    ratios = [pair["test"] / pair["anchor"] for pair in low if pair["anchor"]]
    return {
        "clip": "mean",
        "rate_percent": _average(numbers),
        "quality": _average(deltas),
        "words": "" if numbers else "no overlap",
        "clips": len(entries),
        "clips_with_rate": len(numbers),
        "at_lowest": {
            "clips": len(low),
            "anchor": _average([pair["anchor"] for pair in low]),
            "test": _average([pair["test"] for pair in low]),
            "mean_ratio": _average(ratios),
            "highest_ratio": max(ratios, default=None),
        },
    }


def mean_speed(rows: Sequence[Row], name: str) -> float | None:
    """The harmonic mean of a speed; None when a row has none, as of streams that were stored before."""
    values = [row[name] for row in rows]
    return None if None in values else len(values) / sum(1 / value for value in values)


def _average(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
