"""Pictures as the painter's training sees them: what is sent of each, and the picture itself, in arrays."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genvc import media
from genvc.errors import BadInput
from genvc.types import Picture

from .. import palette, sketch
from ..build import classifier
from ..decoder import PLANES, SIDE, inputs
from ..describe import describe
from ..detector import Detector
from ..representation import Representation

__all__ = ["COLUMNS", "ROWS", "Pack", "load", "made", "samples", "shown"]

COLUMNS: Final = SIDE
ROWS: Final = SIDE * 3 // 4
_EVERY: Final = 20  # frames of a clip
_MOST_FRAMES: Final = 3
_PICTURES: Final = {".png", ".jpg", ".jpeg", ".webp"}
_VIDEOS: Final = {".mp4", ".mkv", ".webm"}
_FOLDERS: Final = ("photos", "captions", "video")


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """planes: uint8 (n, PLANES - 1, ROWS, COLUMNS), the network's inputs without the noise, times 255.
    pictures: uint8 (n, ROWS, COLUMNS, 3). texts: n sentences."""

    planes: npt.NDArray[np.uint8]
    pictures: npt.NDArray[np.uint8]
    texts: tuple[str, ...]


def samples(data: Path, split: str) -> Iterator[Picture]:
    """Photos, captioned photos and frames of clips of a split; raises BadInput where there are none."""
    count = 0
    for folder in _FOLDERS:
        for file in sorted((data / folder / split).glob("*")):
            kind = file.suffix.lower()
            if kind not in _PICTURES | _VIDEOS:
                continue
            for number, frame in enumerate(media.frames(file)[1]):
                if number % _EVERY == 0:
                    count += 1
                    yield frame.rgb
                if kind in _PICTURES or number >= _EVERY * (_MOST_FRAMES - 1):
                    break
    if not count:
        raise BadInput(f"no pictures of split '{split}' in {', '.join(_FOLDERS)} below {data}")


def shown(rgb: Picture, texts: list[str], boxes: Representation, dice: random.Random) -> Representation:
    """What would be sent of a picture, at one of several rates."""
    level = dice.choice((3, 3, 4))
    lines = dice.choice((3, 4, 5, 5, 6, 6))
    drawn = sketch.drawn(rgb, lines, dice.choice((0.06, 0.09, 0.12)))
    colours = palette.measured(rgb, level, dice.choice((1, 1, 2)))
    return Representation(dice.choice(texts), colours, boxes.boxes, drawn, lines)


def made(data: Path, split: str, path: Path, rounds: int, seed: int) -> None:
    """Describe the pictures of a split and write them, each at `rounds` rates, to an .npz file."""
    dice = random.Random(seed)
    planes, pictures, texts = [], [], []
    with Detector() as detector:
        for whole in samples(data, split):
            rgb = _cut(whole)
            found = describe(rgb, detector, classifier())
            boxes = Representation(boxes=found.boxes)
            for _ in range(rounds):
                one = shown(rgb, found.texts, boxes, dice)
                seen = inputs(one, COLUMNS, ROWS)[:-1]
                planes.append(np.rint(seen * 255).clip(0, 255).astype(np.uint8))
                pictures.append(rgb)
                texts.append(one.text or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, planes=np.array(planes), pictures=np.array(pictures), texts=np.array(texts))
    part.replace(path)


def load(path: Path) -> Pack:
    """Read what made() wrote."""
    with np.load(path) as parts:
        found = Pack(parts["planes"], parts["pictures"], tuple(map(str, parts["texts"])))
    if found.planes.shape[1:] != (PLANES - 1, ROWS, COLUMNS):
        raise BadInput(f"{path} was packed for another network; remove it")
    return found


def _cut(rgb: Picture) -> Picture:
    """The middle of a picture in the shape of the pack, at its size."""
    import cv2

    height, width = rgb.shape[:2]
    wide, high = min(width, height * COLUMNS // ROWS), min(height, width * ROWS // COLUMNS)
    left, top = (width - wide) // 2, (height - high) // 2
    part = rgb[top : top + high, left : left + wide]
    return np.asarray(cv2.resize(part, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), dtype=np.uint8)
