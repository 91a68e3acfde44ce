"""The stages of training, their loss and their validation."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from genvc import media
from genvc.models import load
from genvc.training.critic import Critic
from genvc.training.likeness import Likeness
from genvc.training.precision import autocast
from genvc.training.run import Run, saved
from genvc.types import Frame

from ..model import Coded, Conceptual
from ..textures import StillFeatures
from .alignment import contrast
from .examples import Sample, passed, stilled, train_over

__all__ = ["Stage", "train"]

VALIDATED = {  # by texture: eighths and grade
    "latents": ((3, 16), (4, 8), (4, 16), (6, 6), (6, 14), (8, 8)),
    "still": ((4, 4), (6, 0), (6, 4), (8, 0), (8, 4), (8, 10)),
}
# by texture: weights of LPIPS at each size, and of the squared error. With more of LPIPS on SqueezeNet stills
# get fine dots, which neither LPIPS on AlexNet nor the eye likes
_WEIGHTS = {"latents": (1 / 1.5, 20.0), "still": (1.2, 20.0)}
_SMALL_ERROR = 4.0
_RATE = 0.12  # what e times the bits may cost: LPIPS falls by so much for that from 0.03 to 0.2 bits a pixel
_ALIGN = 0.01
_ALONE = 150  # steps that the critic learns before it is heard


@dataclass(frozen=True, slots=True)
class Stage:
    """name: "fit" (squared error and rate) or "perceptual" (LPIPS too). crop: samples a side, of 128.

    rate: the highest learning rate; critic: share of the adversarial loss. without: see generator.PARTS.
    texture: see textures.KINDS.
    """

    name: str
    steps: int
    batch: int = 2
    crop: int = 256
    rate: float = 4e-4
    seed: int = 1
    critic: float = 0.0
    without: tuple[str, ...] = ()
    texture: str = "latents"


def train(stage: Stage, folder: Path, out: Path, start: str, device: torch.device, every: int = 250) -> None:
    """Trains one stage into out/checkpoint.pt, from there if it exists, else from the weights of `start`.

    start: a checkpoint, the name of a model of this codec or of `predictive`, or "" for none. folder: laid
    out as KIND/{train,val}/files. Writes out/curve.jsonl, a line each validation, and out/preview.png.
    Raises BadInput for a checkpoint of another stage.
    """
    train_over(lambda place: _Run(stage, out, start, place), stage.texture, folder, out, device, every)


class _Run(Run[Sample]):
    """The state of a stage's training."""

    def __init__(self, stage: Stage, out: Path, start: str, device: torch.device) -> None:
        torch.manual_seed(stage.seed)
        self.device = device
        self.net = Conceptual(stage.without, stage.texture).to(device).to(memory_format=torch.channels_last)
        self.mean = Conceptual(stage.without, stage.texture).to(device)
        super().__init__(stage, out / "checkpoint.pt", self.net, self.mean, _groups(self.net, stage))
        self.like = Likeness(device) if stage.name == "perceptual" else None
        self.critic = Critic().to(device) if stage.critic else None
        self.held: list[Sample] = []
        self.preview = out / "preview.png"
        self._last: tuple[Tensor, Tensor, Tensor] | None = None
        self.begin((lambda: _weights(self.net, start, device)) if start else None, device)

    def loss(self, batch: Sample) -> Tensor:
        """Distortion, rate and alignment."""
        picture, logs, coded = passed(self.net, batch, self.device)
        pixels = picture.shape[2] * picture.shape[3]
        like, error = _WEIGHTS[self.stage.texture]
        distortion = error * _error(coded.picture, picture)
        if self.like is not None:
            distortion = distortion + like * self.like.varied(coded.picture, picture)
        if self.critic is not None:
            if self.done >= _ALONE:
                with autocast(self.device):
                    verdict = self.critic(coded.picture, _grade(batch, logs)).mean((1, 2, 3))
                distortion = distortion - self.stage.critic * verdict
            self._last = (coded.picture.detach(), picture, _grade(batch, logs))
        means = [_RATE / rate for rate in batch.rates()]
        rate = torch.tensor(means, device=self.device) * coded.bits / pixels
        loss = (distortion + rate).mean()
        if batch.stills is None:
            small = interpolate(coded.small, picture.shape[2:])
            loss = loss + _SMALL_ERROR * _error(small, picture).mean()
        if "alignment" not in self.stage.without:
            loss = loss + _ALIGN * contrast(self.net, picture, batch.labels, batch.count, coded)
        return loss

    def after(self) -> None:
        """The critic learns from the last batch, every second time: it is as dear as the generator."""
        if self.critic is not None and self._last is not None and self.done % 2 == 0:
            self.critic.learn(*self._last)

    @torch.no_grad()
    def validated(self) -> dict[str, Any]:
        """Of each size and grade: bits a pixel, PSNR, LPIPS-squeeze."""
        found: dict[str, Any] = {}
        for number, (eighths, grade) in enumerate(VALIDATED[self.stage.texture]):
            sums = []
            for sample in self.held:
                chosen = replace(sample, eighths=eighths, grades=(grade,) * len(sample.pictures))
                if self.stage.texture == "still":
                    chosen = stilled(chosen)
                picture, _, coded = passed(self.mean, chosen, self.device)
                shown = coded.picture.clamp(0, 1)
                bpp = coded.bits / (picture.shape[2] * picture.shape[3])
                if chosen.stills is not None:
                    bpp = bpp + torch.tensor(chosen.rates(), device=self.device)
                psnr = -10 * torch.log10(_error(shown, picture))
                unlike = self.like(shown, picture) if self.like is not None else torch.zeros_like(psnr)
                sums.append(torch.stack([bpp, psnr, unlike]).mean(1))
                if number == 1 and sample is self.held[0]:
                    _show(self.preview, picture, coded)
            found[f"{eighths}/8 {grade}"] = [round(x, 4) for x in torch.stack(sums).mean(0).tolist()]
        return found

    def others(self) -> dict[str, Any]:
        """The critic, where there is one."""
        if self.critic is None:
            return {}
        return {"critic": self.critic, "critic_optimizer": self.critic.optimizer}


def _weights(model: Conceptual, start: str, device: torch.device) -> dict[str, Tensor]:
    """Of a checkpoint, or of a model; one of `predictive` gives the texture layer its intra pictures."""
    if Path(start).is_file():
        found: dict[str, Tensor] = saved(start, device)["average"]
        return _fitting(model, found)
    if start.startswith("predictive"):
        intra = {
            "texture." + name.removeprefix("intra."): value.float()
            for name, value in load(start, "predictive")[1].items()
            if name.startswith("intra.")
        }
        return _fitting(model, model.state_dict() | intra)
    shipped = load(start, "conceptual")[1]
    # a model that ships also holds the network of the lines, which is trained by stage tables
    return _fitting(model, {key: value.float() for key, value in shipped.items()})


def _fitting(model: Conceptual, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights that the model has. One over stills may start from one of latents: what takes features from
    a picture starts as what did so beside latents, further blocks add nothing at first.
    """
    if not isinstance(model.texture, StillFeatures) or "texture.latents_in.weight" not in weights:
        return {key: weights[key] for key in model.state_dict()}
    made = model.state_dict()
    for key, value in made.items():
        if key in weights and weights[key].shape == value.shape:
            made[key] = weights[key]
        elif ".two." in key:
            made[key] = torch.zeros_like(value)
    seen = weights["texture.merge.weight"][:, -48:]
    made["texture.merge.weight"] = torch.cat([seen, torch.zeros_like(seen[:, :1])], 1)
    made["texture.merge.bias"] = weights["texture.merge.bias"]
    return made


def _groups(model: Conceptual, stage: Stage) -> list[dict[str, Any]]:
    """What starts trained moves slowly, its block transforms more so."""
    groups: dict[float, list[Tensor]] = {1.0: [], 0.25: [], 0.02: []}
    for name, parameter in model.named_parameters():
        if name.endswith("_transform"):
            groups[0.02].append(parameter)
        else:
            trained = name.startswith("texture.") and stage.texture == "latents"
            groups[0.25 if trained else 1.0].append(parameter)
    return [
        {"params": part, "lr": stage.rate * share, "peak": stage.rate * share}
        | ({"weight_decay": 0.0} if share < 0.1 else {})
        for share, part in groups.items()
    ]


def _error(decoded: Tensor, picture: Tensor) -> Tensor:
    return (decoded.float() - picture).square().mean((1, 2, 3))


def _grade(batch: Sample, logs: Tensor) -> Tensor:
    """The quality as the critic is told it, about -2 to 2."""
    return torch.log2(torch.tensor(batch.rates(), device=logs.device) / 0.06)


def _show(file: Path, picture: Tensor, coded: Coded) -> None:
    """Pictures, what the texture layer shows alone, and what is painted, side by side."""
    small = interpolate(coded.small, picture.shape[2:])
    rows = [torch.cat(list(part), 2) for part in (picture, small, coded.picture)]
    shown = torch.cat(rows, 1).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    media.write(file, iter([Frame(np.rint(shown * 255).astype(np.uint8), 0)]), Fraction(1))
