"""The stages of training the generator, their loss and their validation."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genvc import models
from genvc.codec import create
from genvc.errors import BadInput
from genvc.training import several
from genvc.training.critic import Critic
from genvc.training.likeness import Likeness
from genvc.training.precision import autocast
from genvc.training.run import Run, perform, saved
from genvc.types import Frame, Picture

from ..generator import SIZES, Analysed, Generator, quality_of, seen_through
from ..maps import MAPS, Maps
from ..scale import resized, scaled_size
from ..syntax import TEXTURE_SPREAD
from .contrast import Queue
from .pack import SIDE, Pack

__all__ = ["Batch", "Single", "Stage", "batches", "singles", "train"]

_ALONE = 200  # steps that the critics learn before they are heard
_NEAR = 4.0  # what the absolute error is worth, samples 0 to 1, in LPIPS
_LIVELY = 4.0  # how much more it counts in mouth and eyes
_STEADY = 4.0  # what is lost when the error changes from a picture to the next
_TEXTURE = "texture."
_OF_REFERENCES = ("reference_", "restore.", _TEXTURE)
_HELD_QUALITIES = (0, 10, 25)
_MATCHED = 0.5  # what the critics' features count, where they are heard
# What a bit of texture codes costs: at 2 to 4.5 kbit/s LPIPS falls by 0.07 when a reference's 12,000 bits
# become e times as many, and the loss holds 2.3 times that. A code one further from 0 takes so many more.
_BIT = 2.3 * 0.07 / 12000
_BITS_A_STEP, _DEAREST = -math.log2(TEXTURE_SPREAD), 5.0
_SILENT = 0.2  # of the references come without codes, as in streams that have none
_EAGER = 3.0  # the texture's network begins from nothing and learns faster than the rest


@dataclass(frozen=True, slots=True)
class Stage:
    """name: "restore" (references alone), "warp" (error and LPIPS) or "perceptual" (and two critics).

    size: a key of SIZES. batch: of references; each is shown as two neighbouring pictures, but in stage
    restore. critic: share of the adversarial loss, in LPIPS. texture: parts and numbers of texture codes;
    contrast: share of their contrastive loss.
    """

    name: str
    size: str = "small"
    steps: int = 4000
    batch: int = 4
    rate: float = 5e-4
    critic: float = 0.0
    seed: int = 1
    texture: tuple[int, int] | None = None
    contrast: float = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Single:
    """A picture of SIDE pixels a side or more, and the parts of its face, None where nobody looked."""

    rgb: Picture
    maps: Maps | None = None

    def varied(self, dice: random.Random) -> tuple[Picture, Maps]:
        """A square of SIDE, mirrored or not, colours at times in another order."""
        rgb, maps = self.rgb, self.maps
        if maps is None:
            high, wide = rgb.shape[:2]
            side = min(high, wide, SIDE + dice.randrange(1 + min(high, wide) - SIDE))
            top, left = dice.randrange(high - side + 1), dice.randrange(wide - side + 1)
            rgb = resized(np.ascontiguousarray(rgb[top : top + side, left : left + side]), SIDE, SIDE)
            maps = np.zeros((MAPS, SIDE // 4, SIDE // 4), np.uint8)
        if dice.random() < 0.5:
            rgb, maps = rgb[:, ::-1], maps[..., ::-1]
        if dice.random() < 0.2:
            rgb = rgb[..., dice.sample(range(3), 3)]
        return np.ascontiguousarray(rgb), maps


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """b references and 2 b pictures, those of a reference next to each other. reference, picture: 0 to 1.

    source: the references before they were coded. field: (2 b, 2, high, wide) in pixels. bpp: (b,). clip:
    (b,), equal for clips of one person. In stage restore b pictures, what the references show, and no field.
    """

    reference: Tensor
    source: Tensor
    reference_maps: Tensor
    bpp: Tensor
    picture: Tensor
    field: Tensor
    maps: Tensor
    clip: Tensor

    def to(self, device: torch.device) -> "Batch":
        """On a device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


def batches(packs: Sequence[Pack], count: int, seed: int, varied: bool) -> Iterator[Batch]:
    """Endless batches of `count` references; varied: mirrored, colours turned, any version of a reference."""
    dice = random.Random(seed)
    people = {person: number for number, person in enumerate(sorted({pack.person for pack in packs}))}
    while True:
        chosen = []
        for _ in range(count):
            pack = dice.choice(packs)
            pair = 2 * dice.randrange(len(pack.pictures) // 2)
            version = dice.choice((0, 0, *range(1, pack.references.shape[1]))) if varied else 0
            chosen.append(_example(pack, pair, version, people[pack.person], dice if varied else None))
        yield Batch(*(torch.cat(parts) for parts in zip(*chosen, strict=True)))


def singles(pictures: Sequence[Single], count: int, seed: int) -> Iterator[Batch]:
    """Endless batches of `count` pictures, coded as references at low rates, mirrored and recoloured."""
    dice = random.Random(seed)
    while True:
        yield Batch(*(torch.cat(parts) for parts in zip(*_coded(pictures, count, dice), strict=True)))


def _coded(pictures: Sequence[Single], count: int, dice: random.Random) -> Iterator[tuple[Tensor, ...]]:
    for _ in range(count):
        one = dice.choice(pictures)
        rgb, maps = one.varied(dice)
        scale = dice.choice((0, 0, 0, 0, 0, 0, 1, 2, 3))
        quality = dice.randrange(12) if scale else int(60 * dice.random() ** 2)
        yield _single(rgb, maps, quality, scale)


def _single(rgb: Picture, maps: Maps, quality: int, scale: int) -> tuple[Tensor, ...]:
    """As a Batch has them: coded by AVIF at one of SCALES, what that took, and as it should be."""
    high, wide = rgb.shape[:2]
    size = scaled_size(wide, high, scale)
    # seven times as fast as the encoder's own speed, for a tenth more bytes
    codec = create("avif", quality=quality, speed=6)
    info = codec.describe(*size, Fraction(1))
    packets = list(codec.encode([Frame(resized(rgb, *size), 0)], info))
    (frame,) = codec.decode(packets, info)
    both = np.stack([resized(frame.rgb, wide, high), rgb])
    pair = torch.from_numpy(both).permute(0, 3, 1, 2).float() / 255
    drawn = torch.from_numpy(np.ascontiguousarray(maps))[None].float() / 255
    bpp = torch.tensor([8 * len(packets[0].payload) / (high * wide)])
    clip = torch.zeros(1, dtype=torch.long)
    return pair[:1], pair[1:], drawn, bpp, pair[1:], torch.zeros(1, 2, 8, 8), drawn, clip


def _example(
    pack: Pack, pair: int, version: int, clip: int, dice: random.Random | None
) -> tuple[Tensor, ...]:
    slot = int(pack.slot[pair])
    both = np.stack([pack.references[slot, version], pack.sources[slot]])
    pixels = np.concatenate([both, pack.pictures[pair : pair + 2]])
    maps = np.concatenate([pack.reference_maps[slot][None], pack.maps[pair : pair + 2]])
    field = pack.field[pair : pair + 2].astype(np.float32)
    if dice is not None and dice.random() < 0.5:
        pixels, maps, field = pixels[:, :, ::-1], maps[..., ::-1], field[:, :, ::-1] * (-1, 1)
    if dice is not None and dice.random() < 0.2:
        pixels = pixels[..., dice.sample(range(3), 3)]
    rgb = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
    if dice is not None and dice.random() < 0.4:
        low, high = dice.uniform(-0.15, 0.15), dice.uniform(0.8, 1.15)
        rgb = (rgb * high + low).clamp(0, 1)
    drawn = torch.from_numpy(np.ascontiguousarray(maps)).float() / 255
    moved = torch.from_numpy(np.ascontiguousarray(field, dtype=np.float32)).permute(0, 3, 1, 2)
    bpp = torch.from_numpy(pack.bpp[slot, version : version + 1])
    return rgb[:1], rgb[1:2], drawn[:1], bpp, rgb[2:], moved, drawn[1:], torch.tensor([clip])


def train(
    stage: Stage,
    packs: Sequence[Pack],
    held: Sequence[Pack],
    out: Path,
    start: str,
    device: torch.device,
    photos: Sequence[Picture] = (),
    every: int = 500,
) -> None:
    """Trains one stage into out/checkpoint.pt, from there if it exists, else from the weights of `start`.

    start: a checkpoint, a model's name, or "" for none; fewer residual blocks than the size has are enough.
    photos: for stage restore, a third of its pictures. Writes out/curve.jsonl and out/preview.png at each
    validation. Raises BadInput for a checkpoint of another stage.
    """
    rank, device = several.begin(device)
    try:
        run = _Run(stage, out, start, device, held)
        torch.manual_seed(stage.seed + 1000 * rank)
        seed = stage.seed + run.done + 1000 * rank
        if stage.name == "restore":
            source = singles(_mixed(packs, photos, seed), stage.batch, seed)
        else:
            source = batches(packs, stage.batch, seed, True)
        perform(run, source, out, every, rank == 0)
    finally:
        several.end()


def _mixed(packs: Sequence[Pack], photos: Sequence[Picture], seed: int) -> list[Single]:
    """All pictures of the packs, and of the photos, again and again, half as many."""
    faces = [Single(rgb, maps) for pack in packs for rgb, maps in zip(pack.pictures, pack.maps, strict=True)]
    dice = random.Random(seed)
    return faces + [Single(dice.choice(photos)) for _ in range(len(faces) // 2 if photos else 0)]


class _Run(Run[Batch]):
    """The state of a stage's training."""

    def __init__(
        self, stage: Stage, out: Path, start: str, device: torch.device, held: Sequence[Pack]
    ) -> None:
        torch.manual_seed(stage.seed)
        self.device, self.held, self.out = device, held, out
        self.net = Generator(SIZES[stage.size], stage.texture).to(device)
        self.net = self.net.to(memory_format=torch.channels_last)
        self.mean = Generator(SIZES[stage.size], stage.texture).to(device)
        self.queue = None if stage.texture is None else Queue(*stage.texture).to(device)
        alone = stage.name == "restore"
        trained: dict[float, list[Any]] = {stage.rate: []}
        for name, parameter in self.net.named_parameters():
            parameter.requires_grad_(not alone or name.startswith(_OF_REFERENCES))
            if parameter.requires_grad:
                rate = stage.rate * (_EAGER if name.startswith(_TEXTURE) else 1.0)
                trained.setdefault(rate, []).append(parameter)
        groups = [{"params": some, "lr": rate, "peak": rate} for rate, some in trained.items()]
        super().__init__(stage, out / "checkpoint.pt", self.net, self.mean, groups)
        self.like = Likeness(device)
        # two critics, of the picture and of the picture at half its size (Wang et al., pix2pixHD, 2018)
        self.critics = [Critic().to(device), Critic().to(device)] if stage.critic else []
        self._last: tuple[Tensor, Tensor, Tensor] | None = None
        self.begin((lambda: _grown(weights(start, device), self.net)) if start else None, device)

    def loss(self, batch: Batch) -> Tensor:
        """LPIPS, absolute error and its change in time, and what the critics think."""
        batch = batch.to(self.device)
        with autocast(self.device):
            known, shown, codes = self._shown(self.net, batch)
            lively = F.interpolate(
                batch.maps[:, 1:4].amax(1, keepdim=True), scale_factor=4.0, mode="bilinear"
            )
            error = (shown - batch.picture).float()
            near = (error.abs() * (1 + _LIVELY * lively)).mean()
            total = self.like.varied(shown, batch.picture).mean() + _NEAR * near
            if self.stage.name != "restore":
                total = total + _STEADY * (error[::2] - error[1::2]).abs().mean()
            if codes is not None:
                total = total + _BIT * _BITS_A_STEP * codes.abs().clamp(max=_DEAREST).sum((1, 2)).mean()
                total = total + self._contrast(codes, batch)
            if self.critics and self.done >= _ALONE:
                total = total + self._judged(shown, batch.picture, known.quality)
        quality = known.quality.detach()
        self._last = (shown.detach(), batch.picture, quality)
        return total

    def _contrast(self, codes: Tensor, batch: Batch) -> Tensor:
        """The codes of references against those of a picture that is shown from each."""
        if self.queue is None or not self.stage.contrast or self.stage.name == "restore":
            return torch.zeros((), device=self.device)
        assert self.mean.texture is not None
        with torch.no_grad():
            others = self.mean.texture.codes(batch.picture[::2], batch.maps[::2])
        found: Tensor = self.stage.contrast * self.queue.loss(codes, others, batch.clip)
        return found

    def _judged(self, shown: Tensor, picture: Tensor, quality: Tensor) -> Tensor:
        total = torch.zeros((), device=self.device)
        for critic in self.critics:
            seen = critic.features(shown, quality)
            with torch.no_grad():
                real = critic.features(picture, quality)
            total = total - self.stage.critic * seen[-1].float().mean() / len(self.critics)
            alike = [(one - other).abs().float().mean() for one, other in zip(seen, real, strict=True)]
            total = total + self.stage.critic * _MATCHED * torch.stack(alike[:-1]).mean()
            shown, picture = F.avg_pool2d(shown, 2), F.avg_pool2d(picture, 2)
        return total

    def after(self) -> None:
        """The critics learn from the same pictures."""
        if self._last is None:
            return
        shown, picture, quality = self._last
        for critic in self.critics:
            critic.learn(shown, picture, quality)
            shown, picture = F.avg_pool2d(shown, 2), F.avg_pool2d(picture, 2)

    def others(self) -> dict[str, Any]:
        """The critics, where there are any."""
        found: dict[str, Any] = {} if self.queue is None else {"queue": self.queue}
        for number, critic in enumerate(self.critics):
            found |= {f"critic{number}": critic, f"critic{number}_optimizer": critic.optimizer}
        return found

    @torch.no_grad()
    def validated(self) -> dict[str, Any]:
        """LPIPS (squeeze) and PSNR of pictures as they are warped, and as they are generated."""
        rows = []
        sheet = []
        for pack in self.held:
            for example in self._examples(pack):
                batch = example.to(self.device)
                with autocast(self.device):
                    _, shown, _ = self._shown(self.mean, batch)
                    references = batch.reference.repeat_interleave(len(shown) // len(batch.reference), 0)
                    warped = seen_through(references, batch.field)
                    scores = [self.like(one, batch.picture).float() for one in (warped, shown)]
                errors = [(one.float() - batch.picture).square().mean((1, 2, 3)) for one in (warped, shown)]
                rows.append(
                    [float(one.mean()) for one in scores]
                    + [float((-10 * torch.log10(one)).mean()) for one in errors]
                )
            sheet.append(torch.cat([batch.picture[:1], warped[:1], shown[:1].float()], 3))
        self._preview(sheet)
        means = np.mean(np.array(rows), 0)
        names = ("lpips_warped", "lpips", "psnr_warped", "psnr")
        return {name: round(float(value), 4) for name, value in zip(names, means, strict=True)}

    def _examples(self, pack: Pack) -> Iterator[Batch]:
        """What is validated of a clip, the same each time."""
        if self.stage.name == "restore":
            for quality in _HELD_QUALITIES:
                yield Batch(*_single(pack.pictures[0], pack.maps[0], quality, 0))
            return
        pairs = list(range(0, len(pack.pictures), 2))
        for pair in pairs[:: max(1, len(pairs) // 4)][:4]:
            yield Batch(*_example(pack, pair, 0, 0, None))

    def _shown(self, net: Generator, batch: Batch) -> tuple[Analysed, Tensor, Tensor | None]:
        """The references, one for each picture, the pictures, and the texture codes before rounding."""
        codes = whole = None
        if net.texture is not None:
            codes = net.texture.codes(batch.source, batch.reference_maps)
            # rounded for the generator, and for its gradients not (Bengio et al., 2013)
            whole = codes + (codes.round() - codes).detach()
            if net is self.net:
                whole = whole * (torch.rand(len(codes), 1, 1, device=codes.device) >= _SILENT)
        known = net.analyse(batch.reference, batch.reference_maps, quality_of(batch.bpp), whole)
        if self.stage.name == "restore":
            return known, known.picture, codes
        twice = torch.arange(len(batch.bpp), device=batch.bpp.device).repeat_interleave(2)
        known = known.taken(twice)
        return known, net(known, batch.field, batch.maps), codes

    def _preview(self, sheet: list[Tensor]) -> None:
        """Source, warped and generated, a row for each of the first held packs."""
        rows = torch.cat(sheet[:6], 2)[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        path = self.out / "preview.png"
        cv2.imwrite(str(path), cv2.cvtColor(np.rint(rows * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))


def weights(start: str, device: torch.device) -> dict[str, Tensor]:
    """A generator's, from a checkpoint or a model's name; raises BadInput."""
    if Path(start).is_file():
        averaged: dict[str, Tensor] = saved(start, device)["average"]
        return averaged
    prefix = "generator."
    tensors = models.load(start, "keypoints")[1]
    found = {key[len(prefix) :]: one.float() for key, one in tensors.items() if key.startswith(prefix)}
    if not found:
        raise BadInput(f"the model '{start}' has no generator to start from")
    return found


def _grown(found: dict[str, Tensor], net: Generator) -> dict[str, Tensor]:
    """Weights for a generator of more residual blocks, or with texture codes: both add nothing at first.

    Raises BadInput where the rest is of another size.
    """
    own = net.state_dict()
    lost = sorted(found.keys() - own.keys())
    if lost:
        raise BadInput(f"the weights to start from are of a larger generator: {lost[0]}")
    for key, one in own.items():
        if key in found and found[key].shape != one.shape:
            raise BadInput(f"the weights to start from are of another size: {key}")
        if key in found:
            own[key] = found[key]
        elif ".second." in key and not key.startswith(_TEXTURE):
            own[key] = torch.zeros_like(one)
        elif ".first." not in key and not key.startswith(_TEXTURE):
            raise BadInput(f"the weights to start from have no {key}")
    return own
