"""The cells of a benchmark: a clip, a codec, a setting; encoded, decoded and measured, or said why not."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from genvc.errors import GenvcError
from genvc.plugins import CODECS, installed

from .cache import Cache
from .clip import Clip, file_hash
from .fingerprint import of_codec, of_metric
from .process import call
from .setting import parse_codec, parse_setting
from .stage import Measuring, decode_stage, encode_stage, measure_stage

__all__ = ["Cell", "run_cells", "stored_streams_of"]

# Words of a metric that may be gone tomorrow: never kept.
_PASSING = ("weights", "not available", "metric ")


@dataclass(frozen=True, slots=True)
class Cell:
    """threads: what encoding and the timed decoding may use. cache: folder of what is already done."""

    clip: Clip
    codec: str
    setting: str
    metrics: tuple[str, ...]
    threads: int
    cache: str


def stored_streams_of(codec: str, clip: Clip) -> dict[int, Path] | None:
    """Streams of the clip that were made before, by quantiser; None for a codec that has no such thing."""
    point = installed(CODECS).get(parse_codec(codec)[0])
    if point is None:
        return None
    try:
        module = import_module(point.module)
    except Exception:  # a plug-in that cannot even be imported: its cells will say so
        return None
    find: Callable[[str], dict[int, Path]] | None = getattr(module, "stored_streams", None)
    return None if find is None else find(clip.path)


def run_cells(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """A row for each cell: figures, or {"clip", "codec", "setting", "error"}; never raises a GenvcError.

    All cells are of one clip, whose pictures the measuring reads once for all. Each stage runs in a
    process of its own; what is in the cache already is not run again.
    """
    works = [_Work(cell) for cell in cells]
    for work in works:
        work.prepare()
    waiting = [work for work in works if not work.error and work.missing()]
    if waiting:
        _measure(waiting)
    return [work.row() for work in works]


def _measure(works: Sequence["_Work"]) -> None:
    """Measures the works side by side; after a crash one by one, so that only the culprit fails."""
    try:
        results = call(measure_stage, works[0].cell.clip, [work.measuring() for work in works])
        for work, result in zip(works, results, strict=True):
            work.keep(result)
    except GenvcError as error:
        if len(works) == 1:
            works[0].error = str(error)
            return
        for work in works:
            _measure([work])


class _Work:
    """One cell on its way through the stages; the first error ends it and is kept."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.error = ""
        self.ready = False  # the stream was there before
        self.encoded: dict[str, Any] = {}
        self.decoded: dict[str, Any] = {}
        self.common: dict[str, Any] | None = None
        self.known: dict[str, dict[str, Any]] = {}

    def prepare(self) -> None:
        """Encodes and decodes, and looks up what was measured before."""
        cell = self.cell
        try:
            parse_setting(cell.setting)
            stored = stored_streams_of(cell.codec, cell.clip)
            self.ready = cell.setting in {f"q{step}" for step in stored or {}}
            streams = sorted(f"{step}:{file_hash(path)}" for step, path in (stored or {}).items())
            said = (
                cell.clip.identity(),
                cell.codec,
                cell.setting,
                of_codec(parse_codec(cell.codec)[0]),
                str(streams),
            )
            self.folder = Cache(Path(cell.cache)).folder(*said)
            self.stream = str(self.folder / "stream.gvc")
            arguments = (cell.clip, cell.codec, cell.setting, stored is not None, self.stream, cell.threads)
            self.encoded = self._once("encode", lambda: self._encode(arguments))
            self.decoded = self._once(
                "decode", lambda: call(decode_stage, self.stream, cell.threads, cell.codec, cell.setting)
            )
            self.files = {
                name: self.folder / f"metric-{name}-{of_metric(name)[:12]}.json" for name in cell.metrics
            }
        except GenvcError as error:
            self.error = str(error)
            return
        self.common = Cache.read(self.folder / "measure.json")
        found = {name: Cache.read(file) for name, file in self.files.items()}
        self.known = {name: record for name, record in found.items() if record is not None}

    def missing(self) -> tuple[str, ...]:
        """Metrics that are not known yet; all of them when nothing was measured."""
        if self.common is None:
            return self.cell.metrics or ("psnr",)
        return tuple(name for name in self.cell.metrics if name not in self.known)

    def measuring(self) -> Measuring:
        return Measuring(self.stream, self.missing(), str(self.folder), self.cell.codec, self.cell.setting)

    def keep(self, result: dict[str, Any]) -> None:
        """Takes what measure_stage gave back, and writes it to the cache."""
        if "error" in result:
            self.error = result["error"]
            return
        self.common = {"sha256": result["sha256"], "kmac_per_pixel": result["kmac_per_pixel"]}
        Cache.write(self.folder / "measure.json", self.common)
        for name, reading in result["metrics"].items():
            self.known[name] = {"reading": reading, "about": result["about"].get(name, {})}
            if name in self.files and not reading.get("words", "").startswith(_PASSING):
                Cache.write(self.files[name], self.known[name])

    def row(self) -> dict[str, Any]:
        cell = self.cell
        head = {"clip": cell.clip.name, "codec": cell.codec, "setting": cell.setting}
        if self.error or self.common is None:
            return {**head, "error": self.error or "not measured"}
        return {
            **head,
            **_figures(cell, self.encoded, self.decoded, self.common, self.known),
            # fetching a stored stream is no encoding
            **({"encode_fps": None} if self.ready else {}),
            **self._place(),
        }

    def _encode(self, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """What encode_stage says; what is known of another stream in the same place is forgotten."""
        stream = Path(self.stream)
        before = file_hash(stream) if stream.is_file() else ""
        record: dict[str, Any] = call(encode_stage, *arguments)
        # some codecs write other bits on another number of threads
        if file_hash(stream) != before:
            for path in self.folder.glob("*.json"):
                path.unlink(missing_ok=True)
        return record

    def _place(self) -> dict[str, str]:
        return {"stream": f"{self.folder.parent.name}/{self.folder.name}"}

    def _once(self, stage: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        path = self.folder / f"{stage}-{self.cell.threads}.json"
        record = Cache.read(path) if Path(self.stream).is_file() else None
        if record is None:
            record = make()
            Cache.write(path, record)
        return record


def _figures(
    cell: Cell,
    encoded: Mapping[str, Any],
    decoded: Mapping[str, Any],
    common: Mapping[str, Any],
    known: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    frames, pixels = encoded["frames"], encoded["width"] * encoded["height"]
    readings: dict[str, dict[str, Any]] = {name: known[name]["reading"] for name in cell.metrics}
    row: dict[str, Any] = {"bytes": encoded["bytes"], "counted": encoded["counted"]}
    if cell.clip.picture:
        row["bpp"] = encoded["bytes"] * 8 / pixels
    else:
        row["kbps"] = encoded["bytes"] * 8 / encoded["seconds"] / 1000
    row["metrics"] = {name: _finite(reading["value"]) for name, reading in readings.items()}
    row["worst"] = {name: reading["worst"] for name, reading in readings.items() if "worst" in reading}
    row["words"] = {name: reading["words"] for name, reading in readings.items() if reading.get("words")}
    row.update(
        frames=frames,
        width=encoded["width"],
        height=encoded["height"],
        fps=encoded["fps"],
        model=encoded["model"],
        encode_fps=round(frames / encoded["encode_seconds"], 3),
        decode_fps=round(decoded["decoded_frames"] / decoded["decode_seconds"], 3),
        latency_packets=decoded["latency_packets"],
        peak_memory_mb=max(encoded["encode_memory_mb"], decoded["decode_memory_mb"]),
        encode_memory_mb=encoded["encode_memory_mb"],
        decode_memory_mb=decoded["decode_memory_mb"],
        base_memory_mb=encoded["base_memory_mb"],
        parameters=max(encoded["parameters"], decoded["parameters"]),
        kmac_per_pixel=round(common["kmac_per_pixel"], 3),
        # two decodes in two processes, one of them on one thread
        exact_across_threads=decoded["sha256"] == common["sha256"] if cell.threads > 1 else None,
        codec_settings=encoded["about"],
        metric_settings={name: known[name]["about"] for name in cell.metrics if known[name]["about"]},
    )
    return row


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
