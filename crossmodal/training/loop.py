"""Training of the painter: from what is sent back to the picture, by LPIPS and the difference of colours."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from genvc.training.likeness import Likeness
from genvc.training.run import Run, perform, saved

from ..decoder import Network, Size, bag_of
from ..index import terms
from .pack import Pack

__all__ = ["Stage", "train", "vocabulary"]

_EVERY = 100
_SEEN = 8  # times that a word is said in training before the network learns it
_JUDGED = 48
_COLOURS = 0.5  # share of the mean absolute error
_FLAT = 1.0  # share of the error of colours over _FIELD pixels, which the eye sees first
_FIELD = 8
_PART = 96

Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run is; words: the network's vocabulary."""

    name: str
    steps: int
    batch: int
    rate: float
    channels: int
    blocks: int
    words: tuple[str, ...]
    seed: int


def vocabulary(pack: Pack) -> tuple[str, ...]:
    """The words that its texts say often enough, sorted."""
    counts: dict[str, int] = {}
    for text in pack.texts:
        for word in set(terms(text)):
            counts[word] = counts.get(word, 0) + 1
    return tuple(sorted(word for word, count in counts.items() if count >= _SEEN))


def train(
    stage: Stage, pack: Pack, val: Pack, out: Path, device: torch.device, start: Path | None = None
) -> None:
    """Train to the last step, going on from OUT/checkpoint.pt where there is one.

    start: another run's checkpoint, whose averaged weights are begun with. Raises BadInput.
    """
    torch.manual_seed(stage.seed)
    run = _Painting(stage, val, out / "checkpoint.pt", device)
    run.begin(None if start is None else lambda: saved(start)["average"], device)
    perform(run, _batches(pack, stage, run.done), out, _EVERY)


class _Painting(Run[Batch]):
    def __init__(self, stage: Stage, val: Pack, checkpoint: Path, device: torch.device) -> None:
        size = Size(stage.channels, stage.blocks, stage.words)
        model, average = Network(size).to(device), Network(size).to(device)
        groups = [{"params": list(model.parameters()), "peak": stage.rate}]
        super().__init__(stage, checkpoint, model, average, groups)
        self._likeness = Likeness(device)
        self._device = device
        places = np.linspace(0, len(val.texts) - 1, min(_JUDGED, len(val.texts))).astype(int).tolist()
        words = {word: place for place, word in enumerate(stage.words)}
        self._val = _tensors(val, places, words, np.random.default_rng(0))

    def loss(self, batch: Batch) -> Tensor:
        planes, bag, picture = (one.to(self._device) for one in batch)
        made = self.model(planes, bag)
        error = made - picture
        flat = F.avg_pool2d(error, _FIELD).abs().mean()
        # LPIPS takes more time than the network: a part of each picture is enough
        top, left = (int(torch.randint(0, size - _PART + 1, ())) for size in made.shape[2:])
        part = (..., slice(top, top + _PART), slice(left, left + _PART))
        like = self._likeness(made[part], picture[part]).mean()
        total: Tensor = like + _COLOURS * error.abs().mean() + _FLAT * flat
        return total

    @torch.no_grad()
    def validated(self) -> dict[str, Any]:
        before, after, error = [], [], []
        for batch in zip(*(torch.split(one, 8) for one in self._val), strict=True):
            one, said, real = (part.to(self._device) for part in batch)
            made = self.average(one, said).clamp(0, 1)
            before.append(self._likeness(one[:, :3], real))
            after.append(self._likeness(made, real))
            error.append((made - real).square().mean((1, 2, 3)))
        return {
            "lpips_squeeze": float(torch.cat(after).mean()),
            "lpips_squeeze_of_colours": float(torch.cat(before).mean()),
            "psnr": float(-10 * torch.cat(error).log10().mean()),
        }


def _batches(pack: Pack, stage: Stage, done: int) -> Iterator[Batch]:
    """Endless, mirrored at times."""
    dice = random.Random(stage.seed * 1000003 + done)
    noise = np.random.default_rng(stage.seed + done)
    words = {word: place for place, word in enumerate(stage.words)}
    while True:
        places = [dice.randrange(len(pack.texts)) for _ in range(stage.batch)]
        planes, bag, picture = _tensors(pack, places, words, noise)
        if dice.random() < 0.5:
            planes, picture = planes.flip(3), picture.flip(3)
        yield planes, bag, picture


def _tensors(pack: Pack, places: list[int], words: dict[str, int], noise: np.random.Generator) -> Batch:
    planes = pack.planes[places].astype(np.float32) / 255
    grain = noise.random((len(places), 1, *planes.shape[2:]), dtype=np.float32)
    bag = np.stack([bag_of(pack.texts[place], words) for place in places])
    picture = np.moveaxis(pack.pictures[places], 3, 1).astype(np.float32) / 255
    return (
        torch.from_numpy(np.concatenate([planes, grain], 1)),
        torch.from_numpy(bag),
        torch.from_numpy(np.ascontiguousarray(picture)),
    )
