"""Trains the flow that takes the generator's pictures further; the codec's own networks stay as they are."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genvc.errors import BadInput
from genvc.models import full_name
from genvc.training.likeness import Likeness
from genvc.training.precision import autocast
from genvc.training.run import Run, saved

from ..build import engine_of
from ..flow import NOISE, flown, network, speed
from ..textures import StillFeatures
from .examples import Sample, passed, stilled, train_over

__all__ = ["FlowStage", "train_flow"]

_ERROR = 20.0  # weight of the squared error of the speed
_LIKE = 0.5  # weight of LPIPS of where one step would end
_AT = ((6, 0), (8, 2))  # eighths and grades of the validation
_STEPS = (1, 4)


@dataclass(frozen=True, slots=True)
class FlowStage:
    """As loop.Stage. codec: full name of the model over stills whose generator the flow goes on from."""

    name: str
    steps: int
    batch: int = 2
    crop: int = 256
    rate: float = 3e-4
    seed: int = 1
    codec: str = ""


def train_flow(
    stage: FlowStage, folder: Path, out: Path, start: str, device: torch.device, every: int = 250
) -> None:
    """Trains into out/checkpoint.pt, from there if it exists; start: a checkpoint of a flow, or "".

    folder: laid out as KIND/{train,val}/files. Writes out/curve.jsonl. Raises BadInput, ModelNotFound.
    """
    named = replace(stage, codec=full_name(stage.codec))
    train_over(
        lambda place: _FlowRun(named, out / "checkpoint.pt", start, place),
        "still",
        folder,
        out,
        device,
        every,
    )


class _FlowRun(Run[Sample]):
    """The state of a flow's training."""

    def __init__(self, stage: FlowStage, checkpoint: Path, start: str, device: torch.device) -> None:
        torch.manual_seed(stage.seed)
        self.device = device
        self.codec = engine_of(stage.codec, device).model
        if not isinstance(self.codec.texture, StillFeatures):
            raise BadInput(f"a flow goes on from a model over stills, and {stage.codec} is one over latents")
        self.net = network().to(device).to(memory_format=torch.channels_last)
        self.mean = network().to(device).eval()
        groups = [{"params": list(self.net.parameters()), "lr": stage.rate, "peak": stage.rate}]
        super().__init__(stage, checkpoint, self.net, self.mean, groups)
        self.like = Likeness(device)
        self.held: list[Sample] = []
        self.begin((lambda: dict(saved(start, device)["average"])) if start else None, device)

    def loss(self, batch: Sample) -> Tensor:
        """The speed's squared error at a random place of the way, and LPIPS of where one step would end."""
        picture, painted = self._ends(batch)
        begun = painted + NOISE * torch.randn_like(painted)
        # the beginning counts most: there the first step, and with one step the only one, is taken
        sigma = torch.rand(len(picture), device=self.device).sqrt()
        left = sigma[:, None, None, None]
        at = left * begun + (1 - left) * picture
        with autocast(self.device):
            said = speed(self.net, at, painted, sigma)
        error = (said - (begun - picture)).square().mean((1, 2, 3))
        return (_ERROR * error + _LIKE * self.like.varied(at - left * said, picture)).mean()

    @torch.no_grad()
    def validated(self) -> dict[str, Any]:
        """Of each size, grade and number of steps (0: the generator alone): PSNR, LPIPS-squeeze."""
        found: dict[str, Any] = {}
        for eighths, grade in _AT:
            sums: dict[int, list[Tensor]] = {}
            for sample in self.held:
                chosen = replace(sample, eighths=eighths, grades=(grade,) * len(sample.pictures))
                picture, painted = self._ends(stilled(chosen))
                for steps in (0, *_STEPS):
                    shown = self._shown(painted, steps)
                    psnr = -10 * torch.log10((shown - picture).square().mean((1, 2, 3)))
                    sums.setdefault(steps, []).append(torch.stack([psnr, self.like(shown, picture)]).mean(1))
            for steps, values in sums.items():
                means = torch.stack(values).mean(0).tolist()
                found[f"{eighths}/8 {grade}, {steps} steps"] = [round(x, 4) for x in means]
        return found

    def _ends(self, batch: Sample) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            picture, _, coded = passed(self.codec, batch, self.device)
        return picture, coded.picture.float().clamp(0, 1)

    def _shown(self, painted: Tensor, steps: int) -> Tensor:
        with autocast(self.device):
            return flown(self.mean, painted, steps, 0).clamp(0, 1) if steps else painted
