"""A suite: which clips, which codecs, at which rates; a small TOML file."""

import csv
import glob
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from genvc.errors import BadInput

from .clip import Clip

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Suite", "load_suite", "of_files", "shipped"]

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".ppm"}
_KEYS = {
    "title", "kind", "root", "files", "manifest", "block_above", "seconds_below", "frames_below", "frames",
    "size", "codecs", "anchor", "metrics", "rates",
}  # fmt: skip
DEFAULT_METRICS = ("psnr", "ssim", "msssim", "lpips_alex")


@dataclass(frozen=True, slots=True)
class Suite:
    """clips: in order. left_out: file names with the reason. rates: by codec, "default" for the others.

    codecs, anchor, metrics: what is run unless the caller says otherwise.
    """

    name: str
    title: str
    clips: tuple[Clip, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    codecs: tuple[str, ...] = ()
    anchor: str = ""
    metrics: tuple[str, ...] = DEFAULT_METRICS
    rates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def shipped() -> dict[str, str]:
    """The suites that come with the package: name and title."""
    found = {}
    for file in files("eval").joinpath("suites").iterdir():
        if file.name.endswith(".toml"):
            found[file.name[:-5]] = str(_parse(file.read_text("utf-8"), file.name).get("title", ""))
    return dict(sorted(found.items()))


def load_suite(name: str) -> Suite:
    """A shipped suite by its name, or a .toml file by its path.

    Raises BadInput when there is none, it makes no sense, or its clips are not on this machine.
    """
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                f"cannot read the suite '{name}': {getattr(error, 'strerror', None) or error}"
            ) from error
        return _suite(Path(name).stem, _parse(text, name))
    if name not in shipped():
        raise BadInput(f"no suite '{name}'; shipped: {', '.join(shipped())}; or name a .toml file, or clips")
    return _suite(
        name, _parse(files("eval").joinpath("suites").joinpath(f"{name}.toml").read_text("utf-8"), name)
    )


def of_files(names: Sequence[str], frames: int | None = None) -> Suite:
    """A suite of the named files; raises BadInput when one is missing or they mix pictures and clips."""
    for name in names:
        if not Path(name).exists():
            raise BadInput(f"no file '{name}'")
    kinds = {Path(name).suffix.lower() in _PICTURES for name in names}
    if len(kinds) > 1:
        raise BadInput("pictures and clips in one run: their rates are not in one unit; run them apart")
    stems = [Path(name).stem for name in names]
    clips = tuple(
        Clip(name, stem if stems.count(stem) == 1 else name, picture=kinds == {True}, frames=frames)
        for name, stem in zip(names, stems, strict=True)
    )
    return Suite("files", "", clips)


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"the suite '{name}' is not TOML: {error}") from error
    for key in parsed:
        if key not in _KEYS:
            raise BadInput(
                f"the suite '{name}' has an unknown key '{key}'; known: {', '.join(sorted(_KEYS))}"
            )
    return parsed


def _suite(name: str, said: Mapping[str, Any]) -> Suite:
    _check_types(name, said)
    kind = said.get("kind", "video")
    if kind not in ("video", "picture"):
        raise BadInput(f"the suite '{name}': kind is video or picture, not '{kind}'")
    root = _root(name, str(said.get("root", "GENVC_DATA")))
    patterns = _strings(name, said, "files")
    if not patterns or any(Path(pattern).is_absolute() for pattern in patterns):
        raise BadInput(f"the suite '{name}': files are patterns below {said.get('root', 'GENVC_DATA')}")
    paths = sorted(
        {path for pattern in patterns for path in glob.glob(str(root / pattern), recursive=True)},
        key=_natural,
    )
    if not paths:
        raise BadInput(
            f"the suite '{name}' finds no clips: "
            f"nothing like {patterns[0]} under {said.get('root', 'GENVC_DATA')}"
        )
    left_out = _left_out(root, said)
    clips = []
    skipped = {}
    for path in paths:
        inside = Path(path).relative_to(root).as_posix()
        if inside in left_out:
            skipped[inside] = left_out[inside]
            continue
        clips.append(Clip(path, Path(path).stem, kind == "picture", said.get("frames"), said.get("size")))
    if len({clip.name for clip in clips}) < len(clips):
        clips = [
            Clip(c.path, Path(c.path).relative_to(root).as_posix(), c.picture, c.frames, c.size)
            for c in clips
        ]
    rates = {codec: tuple(map(str, values)) for codec, values in said.get("rates", {}).items()}
    return Suite(
        name,
        str(said.get("title", name)),
        tuple(clips),
        skipped,
        tuple(_strings(name, said, "codecs", ())),
        str(said.get("anchor", "")),
        tuple(_strings(name, said, "metrics", DEFAULT_METRICS)),
        rates,
    )


def _check_types(name: str, said: Mapping[str, Any]) -> None:
    """Raises BadInput for a value of another kind than its key's; _strings looks at lists of words."""
    for key in ("frames", "size"):
        value = said.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BadInput(f"the suite '{name}': {key} is a whole number above 0, not {value!r}")
    for key in ("block_above", "seconds_below", "frames_below"):
        value = said.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(f"the suite '{name}': {key} is a number, not {value!r}")
    for key in ("title", "root", "manifest", "anchor"):
        if not isinstance(said.get(key, ""), str):
            raise BadInput(f"the suite '{name}': {key} is a word, not {said[key]!r}")
    rates = said.get("rates", {})
    if not isinstance(rates, dict) or not all(isinstance(values, list) for values in rates.values()):
        raise BadInput(f"the suite '{name}': rates are a table with a list for each codec")


def _root(name: str, variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        raise BadInput(f"the suite '{name}' reads its clips from the folder in {variable}, which is not set")
    if not Path(folder).is_dir():
        raise BadInput(f"{variable} is not a folder")
    return Path(folder)


def _strings(
    name: str, said: Mapping[str, Any], key: str, default: Sequence[str] | None = None
) -> Sequence[str]:
    value = said.get(key, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"the suite '{name}': {key} is a list of words")
    return value


def _left_out(root: Path, said: Mapping[str, Any]) -> dict[str, str]:
    """The files that the manifest calls blocky or too short, with the reason."""
    if "manifest" not in said:
        return {}
    reasons: dict[str, str] = {}
    try:
        with (root / said["manifest"]).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                block, seconds = float(row.get("block") or 0), float(row.get("seconds") or 1e9)
                frames = float(row.get("frames") or 1e9)
                if block > said.get("block_above", 1e9):
                    reasons[row["file"]] = f"blocky ({block:g} in the manifest)"
                elif seconds < said.get("seconds_below", 0):
                    reasons[row["file"]] = f"short ({seconds:g} s)"
                elif frames < said.get("frames_below", 0):
                    reasons[row["file"]] = f"short ({frames:g} frames)"
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise BadInput(f"the manifest {said['manifest']} cannot be read: {error}") from error
    return reasons


def _natural(path: str) -> list[tuple[int, str]]:
    """Numbers by their value, and the digit of .mp4 is none."""
    stem = os.path.splitext(path)[0]
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", stem)]
