"""What the networks of conceptual are trained and validated on: crops with all that goes beside them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genvc.learned.quality import log_step
from genvc.training import data, several
from genvc.training.precision import autocast
from genvc.training.run import Run, perform

from ..lines import drawn
from ..model import Coded, Conceptual, reduced
from ..regions import parted
from ..textures import decoded_still, encoded_still, samples_of

__all__ = ["Sample", "expected", "held", "passed", "samples", "stilled", "train_over"]

# Sizes of the texture's picture in eighths: how often each is trained, and its grades.
_TRAINED = {2: (0.05, 10, 30), 3: (0.12, 6, 32), 4: (0.38, 2, 28), 6: (0.35, 0, 20), 8: (0.10, 0, 16)}
# of stills: how often each size is trained, and the highest grade; low ones are drawn more often
_STILLS = {3: (0.08, 30), 4: (0.17, 30), 6: (0.35, 24), 8: (0.40, 24)}
_MOST_LINES = 0.06


@dataclass(frozen=True, slots=True)
class Sample:
    """A batch, ready: pictures (n, height, width, 3), lines, labels, count of regions; eighths and grades.

    stills: the smaller pictures as their codec shows them, (n, height, width, 3); bytes: (n,), theirs.
    """

    pictures: data.Batch
    lines: Any
    labels: Any
    count: Any
    eighths: int
    grades: tuple[int, ...]
    stills: data.Batch | None = None
    bytes: tuple[int, ...] = ()

    def rates(self) -> list[float]:
        """Of each picture, about how many bits a pixel its texture takes."""
        if self.stills is None:
            return [expected(self.eighths, grade) for grade in self.grades]
        return [8 * size / (self.pictures.shape[1] * self.pictures.shape[2]) for size in self.bytes]


def expected(eighths: int, grade: float) -> float:
    """About how many bits a pixel a picture takes; measured with the weights that training starts from."""
    return float(0.0185 * 2 ** (grade / 10) * (eighths / 4) ** 1.8)


def samples(texture: str, pictures: list[Any], crop: int, count: int, seed: int) -> Iterator[Sample]:
    """Endless batches of `count` crops, each with a size, grades, lines and regions drawn at random.

    texture: of textures.KINDS.
    """
    dice = random.Random(seed)
    still = texture == "still"
    sizes = {size: one[0] for size, one in (_STILLS if still else _TRAINED).items()}
    for batch in data.crops(pictures, crop, count, seed):
        eighths = dice.choices(list(sizes), list(sizes.values()))[0]
        if still:
            grades = tuple(int(_STILLS[eighths][1] * dice.random() ** 2) for _ in batch)
        else:
            grades = tuple(dice.randint(*_TRAINED[eighths][1:]) for _ in batch)
        shares = [dice.choice((0.0, 1.0, 1.0)) * dice.random() * _MOST_LINES for _ in batch]
        counts = [dice.choice((1, 2, 3, 4, 6)) for _ in batch]
        sample = _sample(batch, eighths, grades, shares, counts)
        yield stilled(sample) if still else sample


def stilled(sample: Sample) -> Sample:
    """With what the still codec makes of the smaller pictures."""
    found, sizes = [], []
    for rgb, grade in zip(sample.pictures, sample.grades, strict=True):
        picture = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
        small = samples_of(reduced(picture, sample.eighths))
        coded, vivid = encoded_still(small, grade)
        found.append(decoded_still(coded, small.shape[1], small.shape[0], vivid))
        sizes.append(len(coded))
    return replace(sample, stills=np.stack(found), bytes=tuple(sizes))


def _sample(
    batch: data.Batch, eighths: int, grades: tuple[int, ...], shares: list[float], counts: list[int]
) -> Sample:
    lines = np.stack([drawn(rgb, share) for rgb, share in zip(batch, shares, strict=True)])
    labels = np.stack([parted(rgb, count) for rgb, count in zip(batch, counts, strict=True)])
    there = labels.reshape(len(batch), -1).max(1).astype(np.int64) + 1
    return Sample(
        batch,
        torch.from_numpy(lines[:, None].astype(np.float32)),
        torch.from_numpy(labels.astype(np.int64)),
        torch.from_numpy(np.where(there > 1, there, 0)),
        eighths,
        grades,
    )


def held(pictures: list[Any], crop: int) -> list[Sample]:
    """Validation batches, the same ones each time."""
    batches = data.crops(pictures, crop, 4, 7)
    return [_sample(next(batches), 4, (8,) * 4, [0.02] * 4, [4] * 4) for _ in range(4)]


def passed(model: Conceptual, batch: Sample, device: torch.device) -> tuple[Tensor, Tensor, Coded]:
    """The pictures, the logarithms of their steps, and what the model makes of them."""
    picture = torch.from_numpy(batch.pictures).to(device).permute(0, 3, 1, 2).float() / 255
    picture = picture.contiguous(memory_format=torch.channels_last)
    logs = torch.tensor([log_step(grade) for grade in batch.grades], device=device)
    lines, labels, count = (part.to(device) for part in (batch.lines, batch.labels, batch.count))
    with autocast(device):
        if batch.stills is None:
            return picture, logs, model(picture, lines, labels, count, batch.eighths, logs)
        still = torch.from_numpy(batch.stills).to(device).permute(0, 3, 1, 2).float() / 255
        still = still.contiguous(memory_format=torch.channels_last)
        return picture, logs, model(picture, lines, labels, count, batch.eighths, logs, still)


def train_over(
    make: Callable[[torch.device], Run[Sample]],
    texture: str,
    folder: Path,
    out: Path,
    device: torch.device,
    every: int,
) -> None:
    """Trains what `make` makes over examples of a folder, laid out as KIND/{train,val}/files.

    make: a run whose stage has a crop, a batch and a seed, and which has an attribute `held`, for validation
    batches, of the process that leads. texture: of textures.KINDS. Raises BadInput.
    """
    rank, device = several.begin(device)
    try:
        run: Any = make(device)
        stage = run.stage
        seed = stage.seed + run.done + 1000 * rank
        torch.manual_seed(seed)
        batches = samples(
            texture, data.load_pictures(folder, "train", stage.crop), stage.crop, stage.batch, seed
        )
        if rank == 0:
            run.held = held(data.load_pictures(folder, "val", stage.crop), stage.crop)
        perform(run, batches, out, every, rank == 0)
    finally:
        several.end()
