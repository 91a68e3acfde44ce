"""The pictures of a report: for each clip one frame of every codec, near the same number of bytes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genvc import container
from genvc.codec import create
from genvc.errors import GenvcError
from genvc.types import Frame, Picture

from .clip import Clip
from .summary import rate_of

__all__ = ["Shot", "shots"]

SIDE = 320
CLOSE = 1.15
MOST_CLIPS = 16


@dataclass(frozen=True, slots=True)
class Shot:
    """label: the codec, or "original". caption: setting, bytes, rate. rgb: the crop."""

    label: str
    caption: str
    rgb: Picture


def shots(document: Mapping[str, Any], clips: Sequence[Clip], cache: Path) -> dict[str, list[Shot]]:
    """By clip: the original's crop and each codec's, from the middle frame.

    Bytes: the least at which every codec of the clip has a cell, within CLOSE of each other if there is
    such a size, else the size at which they come nearest to each other. A
    stream that is not in the cache or does not decode is left out.
    """
    found = {}
    for clip in clips[:MOST_CLIPS]:
        rows = [row for row in document["cells"] if row["clip"] == clip.name and "error" not in row]
        if not rows:
            continue
        place = rows[0]["frames"] // 2
        try:
            original = _frame(clip.open()[1], place)
        except GenvcError:
            continue
        found[clip.name] = [Shot("original", f"frame {place}", _crop(original))]
        for row in _at_equal_bytes(rows):
            try:
                decoded = _decoded(cache / row["stream"] / "stream.gvc", place)
            except (GenvcError, OSError):
                continue
            unit = "bpp" if "bpp" in row else "kbit/s"
            lpips = row["metrics"].get("lpips_alex")
            figure = "" if lpips is None else f", LPIPS {lpips:.3f}"
            caption = f"{row['setting']}: {row['bytes']} bytes, {rate_of(row):.3g} {unit}{figure}"
            found[clip.name].append(Shot(row["codec"], caption, _crop(decoded)))
    return found


def _at_equal_bytes(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    codecs: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        codecs.setdefault(row["codec"], []).append(row)

    def at(target: int) -> list[Mapping[str, Any]]:
        """Each codec's cell that is nearest to so many bytes."""
        return [
            min(members, key=lambda row: abs(math.log(row["bytes"] / target))) for members in codecs.values()
        ]

    def apart(target: int) -> float:
        sizes: list[int] = [row["bytes"] for row in at(target)]
        return max(sizes) / min(sizes)

    targets = sorted({row["bytes"] for row in rows})
    close = [target for target in targets if apart(target) <= CLOSE]
    return at(close[0] if close else min(targets, key=apart))


def _frame(frames: Any, place: int) -> Picture:
    for number, frame in enumerate(frames):
        if number == place:
            shown: Frame = frame
            return shown.rgb
    raise GenvcError("the clip ends before its middle frame")


def _decoded(stream: Path, place: int) -> Picture:
    reader = container.Reader(stream)
    try:
        codec = create(reader.info.codec, reader.info.model)
        packets = (packet for packet in reader.packets() if packet.track == 0)
        return _frame(codec.decode(packets, reader.info), place)
    finally:
        reader.close()


def _crop(rgb: Picture) -> Picture:
    """The middle, at most SIDE pixels each way."""
    top, left = (max(0, (side - SIDE) // 2) for side in rgb.shape[:2])
    return np.ascontiguousarray(rgb[top : top + SIDE, left : left + SIDE])
