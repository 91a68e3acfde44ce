"""Crops of pictures and of short runs of video, held as uint8 in memory."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import media
from ..errors import BadInput
from ..types import Picture

Batch = npt.NDArray[np.uint8]

__all__ = ["crops", "load_pictures", "load_runs", "runs"]

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_VIDEOS = (".mp4", ".mkv", ".webm", ".y4m")


def load_pictures(data: Path, split: str, least: int) -> list[Picture]:
    """Photos of the split, and of each clip a picture every two seconds; sides of at least `least`."""
    found = [frame for file in _files(data, split, _PICTURES) for frame in _frames(file, 1, 1)]
    for file in _files(data, split, _VIDEOS):
        found += _frames(file, 50, 3)
    found = [rgb for rgb in found if min(rgb.shape[:2]) >= least]
    if not found:
        raise BadInput(
            f"no pictures of {least} samples or more in the folders of split '{split}' below {data}"
        )
    return found


def load_runs(data: Path, split: str, least: int, longest: int, shortest: int = 9) -> list[list[Picture]]:
    """The clips of the split of `shortest` pictures or more, of each the first `longest`."""
    found = []
    for file in _files(data, split, _VIDEOS):
        run = _frames(file, 1, longest)
        if len(run) >= shortest and min(run[0].shape[:2]) >= least:
            found.append(run)
    if not found:
        raise BadInput(
            f"no clips of {least} samples and {shortest} pictures or more in the folders of split "
            f"'{split}' below {data}"
        )
    return found


def crops(pictures: list[Picture], size: int, count: int, seed: int) -> Iterator[Batch]:
    """Endless batches (count, size, size, 3): any place, mirrored, at times smaller, colours turned."""
    dice = random.Random(seed)
    while True:
        yield np.stack(
            [_varied(_cut(dice.choice(pictures)[None], size, dice), dice)[0] for _ in range(count)]
        )


def runs(
    clips: list[list[Picture]], size: int, length: int, count: int, seed: int, still: float = 0.0
) -> Iterator[Batch]:
    """Endless batches (count, length, size, size, 3), forwards or backwards, 1, 2 or 4 pictures apart.

    still: share of runs that stand still: what has not changed must cost nothing and stay as it is.
    """
    dice = random.Random(seed)
    while True:
        batch = []
        for _ in range(count):
            clip = dice.choice(clips)
            stride = dice.choice((1, 1, 1, 2, 2, 4)) if len(clip) > 4 * length else 1
            first = dice.randrange(len(clip) - stride * (length - 1))
            taken = np.stack(clip[first : first + stride * (length - 1) + 1 : stride])
            if still and dice.random() < still:
                taken = np.repeat(taken[:1], length, 0)
            if dice.random() < 0.5:
                taken = taken[::-1]
            batch.append(_varied(_cut(taken, size, dice), dice))
        yield np.stack(batch)


def _files(data: Path, split: str, kinds: tuple[str, ...]) -> list[Path]:
    return sorted(
        file
        for file in data.glob(f"*/{split}/*")
        if file.suffix.lower() in kinds and not file.name.startswith(".")
    )


def _frames(file: Path, every: int, most: int) -> list[Picture]:
    found: list[Picture] = []
    for number, frame in enumerate(media.frames(str(file))[1]):
        if number % every == 0:
            found.append(frame.rgb)
            if len(found) == most:
                break
    return found


def _cut(run: Batch, size: int, dice: random.Random) -> Batch:
    import cv2

    high, wide = run.shape[1:3]
    scale = dice.choice((1.0, 1.0, 1.0, dice.uniform(0.6, 1.0)))
    scale = max(scale, size / min(high, wide))
    if scale != 1.0:
        to = (max(size, round(wide * scale)), max(size, round(high * scale)))
        run = np.stack([cv2.resize(rgb, to, interpolation=cv2.INTER_AREA) for rgb in run])
        high, wide = run.shape[1:3]
    top, left = dice.randrange(high - size + 1), dice.randrange(wide - size + 1)
    return run[:, top : top + size, left : left + size]


def _varied(run: Batch, dice: random.Random) -> Batch:
    if dice.random() < 0.5:
        run = run[:, :, ::-1]
    if dice.random() < 0.2:
        run = run[..., list(dice.sample(range(3), 3))]
    if dice.random() < 0.3:
        low, high = dice.uniform(-30, 30), dice.uniform(225, 285)
        run = np.clip(run * ((high - low) / 255) + low, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(run)
