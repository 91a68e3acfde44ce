"""Packs: clips coded by the codec itself, with what the generator is given and what it should show.

A pack is one file of arrays, so that training, on whatever machine, needs neither videos nor detectors.
"""

import os
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import islice, pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt
from rich.progress import track

from genvc import media
from genvc.codec import create
from genvc.errors import BadInput
from genvc.types import Frame, Packet, Picture

from ..build import build
from ..codec import KeyPoints
from ..detector import Points
from ..maps import Outlines, drawn
from ..scene import Shown

__all__ = ["SIDE", "Pack", "load", "made"]

SIDE = 256
_FRAMES = 150
_BITRATES = (1500.0, 8000.0)
_EVERY = 10  # frames between two pairs of neighbours
_MOST_PAIRS = 14
_QUALITIES = (3, 12, 25, 45)  # of the further versions of each reference
_VIDEOS = (".mp4", ".mkv", ".webm", ".y4m")


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """A clip. references: (r, versions, side, side, 3) uint8, and what each took: bpp (r, versions).

    sources: (r, side, side, 3), the references before they were coded. reference_maps: (r, 6, side / 4,
    side / 4). pictures: (n, side, side, 3), what is to be shown, pairs of neighbours; field: (n, high, wide,
    2) in pixels, float16; maps: of each picture; slot: (n,) its reference. person: who is shown, by the name
    of the file: clips NAME_a, NAME_b, ... are of one.
    """

    references: npt.NDArray[np.uint8]
    bpp: npt.NDArray[np.float32]
    sources: npt.NDArray[np.uint8]
    reference_maps: npt.NDArray[np.uint8]
    pictures: npt.NDArray[np.uint8]
    field: npt.NDArray[np.float16]
    maps: npt.NDArray[np.uint8]
    slot: npt.NDArray[np.int64]
    person: str = ""


_ARRAYS = [field.name for field in fields(Pack) if field.name != "person"]


def load(path: Path) -> Pack:
    """A pack from its file; raises BadInput."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            person = re.sub(r"(_[a-z])?-\d+$", "", path.stem)
            return Pack(**{name: arrays[name] for name in _ARRAYS}, person=person)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise BadInput(
            f"{path} is not a pack of this version of genvc: {error}; delete it to have it made again"
        ) from error


def made(data: Path, out: Path, kind: str, split: str, rounds: int, jobs: int) -> list[Path]:
    """Packs of all clips of data/KIND/SPLIT, each coded `rounds` times in another way; those there are kept.

    Raises BadInput where there are neither clips nor packs.
    """
    clips = sorted(
        path
        for path in (data / kind / split).glob("*")
        if path.suffix.lower() in _VIDEOS and path.name[0] != "."
    )
    folder = out / split
    if not clips:
        there = sorted(folder.glob("*.npz"))
        if not there:
            raise BadInput(f"no clips in {data / kind / split}")
        return there
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [
        (clip, folder / f"{clip.stem}-{turn}.npz", turn, split != "train")
        for turn in range(rounds)
        for clip in clips
    ]
    missing = [task for task in tasks if not task[1].exists()]
    if missing:
        # spawned: a detector's threads do not survive a fork
        with get_context("spawn").Pool(jobs) as pool:
            for _ in track(pool.imap_unordered(_made, missing), f"packs of {split}", len(missing)):
                pass
    return [path for _, path, *_ in tasks if path.exists()]


def _made(task: tuple[Path, Path, int, bool]) -> None:
    clip, path, turn, plain = task
    cv2.setNumThreads(1)
    import torch

    torch.set_num_threads(1)
    dice = random.Random(f"{clip.name} {turn}")
    stream, frames = media.frames(str(clip))
    pictures = _varied(frames, dice, plain)
    if len(pictures) < 2:
        return
    bitrate = dice.uniform(np.log(_BITRATES[0]), np.log(_BITRATES[1]))
    found = _coded(pictures, stream.fps, float(np.exp(bitrate)))
    if found is None:
        return
    # several processes may be at it
    new = path.with_name(f".{path.stem}.{os.getpid()}.new")
    with new.open("wb") as file:
        np.savez(file, **{name: getattr(found, name) for name in _ARRAYS})
    new.replace(path)


def _varied(frames: Iterable[Frame], dice: random.Random, plain: bool) -> list[Picture]:
    """A run of a clip: where it starts, how much of the picture is taken, and mirrored or not, by chance."""
    start = 0 if plain else dice.choice((0, 0, 50, 100))
    held = [frame.rgb for frame in islice(frames, start + _FRAMES)]
    run = held[start:] if len(held) > start + 2 else held
    height, width = run[0].shape[:2]
    zoom = 1.0 if plain else dice.choice((1.0, dice.uniform(0.7, 1.0)))
    side = round(min(height, width) * zoom)
    top, left = round((height - side) * dice.random()), round((width - side) * dice.random())
    turned = not plain and dice.random() < 0.5
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    found = []
    for rgb in run:
        part: Any = rgb[top : top + side, left : left + side]
        if side != SIDE:
            part = cv2.resize(part, (SIDE, SIDE), interpolation=way)
        found.append(np.ascontiguousarray(part[:, ::-1] if turned else part))
    return found


class _Watched(KeyPoints):
    """Remembers which pictures became references, in the order in which they are sent."""

    def __init__(self, codec: KeyPoints) -> None:
        super().__init__(codec.basis, codec.mesh, codec.model, codec.device, codec.options)
        self.sources: list[Picture] = []

    def _write(self, frames: Sequence[Frame], plan: Any, pixels: Sequence[bytes], grid: Any) -> Any:
        if all(pixels):
            order = np.argsort(plan.first_use, kind="stable")
            self.sources += [frames[plan.sources[slot]].rgb for slot in order]
        return super()._write(frames, plan, pixels, grid)


def _coded(pictures: list[Picture], fps: Fraction, bitrate: float) -> Pack | None:
    from ..detector import outlines

    rings = Outlines.of(outlines())
    codec = _Watched(build("face-basis", "cpu", {"bitrate": bitrate}))
    info = codec.describe(SIDE, SIDE, fps)
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(pictures)], info))
    seen: dict[int, int] = {}
    shown: list[Shown] = []
    kept: list[tuple[int, npt.NDArray[np.float16], Points | None, int]] = []
    last = -1
    every = max(_EVERY, len(pictures) // _MOST_PAIRS)
    for index, scene in enumerate(codec.scenes(packets, info)):
        if id(scene.reference) not in seen:
            seen[id(scene.reference)] = len(shown)
            shown.append(scene.reference)
        slot = seen[id(scene.reference)]
        if index % every == 0 or (index % every == 1 and slot == last):
            kept.append((index, scene.field.astype(np.float16), scene.points, slot))
        last = slot
    pairs = [pair for pair in pairwise(kept) if pair[1][0] == pair[0][0] + 1]
    flat = [one for pair in pairs for one in pair]
    if not flat or len(shown) != len(codec.sources):
        return None
    versions = [_versions(source, reference) for source, reference in zip(codec.sources, shown, strict=True)]
    return Pack(
        np.stack([np.stack([rgb for rgb, _ in ways]) for ways in versions]),
        np.array([[bpp for _, bpp in ways] for ways in versions], np.float32),
        np.stack(codec.sources),
        np.stack([drawn(reference.points, rings, SIDE, SIDE) for reference in shown]),
        np.stack([pictures[index] for index, *_ in flat]),
        np.stack([field for _, field, *_ in flat]),
        np.stack([drawn(points, rings, SIDE, SIDE) for _, _, points, _ in flat]),
        np.array([slot for *_, slot in flat], np.int64),
    )


def _versions(source: Picture, reference: Shown) -> list[tuple[Picture, float]]:
    """The reference as it was coded, then at other qualities: decoded pixels and bits a pixel."""
    own = reference.pixels[0].permute(1, 2, 0).cpu().numpy()
    found: list[tuple[Picture, float]] = [(own, reference.bpp)]
    for quality in _QUALITIES:
        codec = create("avif", quality=quality)
        info = codec.describe(SIDE, SIDE, Fraction(1))
        packets: list[Packet] = list(codec.encode([Frame(source, 0)], info))
        (frame,) = codec.decode(packets, info)
        found.append((frame.rgb, 8 * len(packets[0].payload) / SIDE**2))
    return found
