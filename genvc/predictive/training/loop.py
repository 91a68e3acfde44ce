"""The stages of training, their loss and their validation."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...learned.quality import lagrangian, log_step
from ...models import load
from ...training import data, several
from ...training.critic import Critic
from ...training.data import Batch
from ...training.likeness import Likeness
from ...training.precision import autocast
from ...training.run import Run, perform, saved
from ..model import Predictive, Reference
from ..motion import measure

__all__ = ["Stage", "train"]

VALIDATED = (8, 20, 32, 44)  # grades
_ERROR_SHARE = 0.4  # of the squared error in a perceptual loss
_ALONE = 200  # steps that the critic learns before it is heard


@dataclass(frozen=True, slots=True)
class Stage:
    """name: "intra" (intra networks alone), "inter" (all others), "joint" (all), or "perceptual" (all, for
    LPIPS as well as error). pictures: of a run (1: single pictures, photos too). crop: samples a side.

    grades: lowest and highest quality grade trained. rate: the highest learning rate. critic: share of the
    adversarial loss, in LPIPS, of a perceptual stage; 0 for none. without: see model.PARTS.
    """

    name: str
    steps: int
    batch: int = 8
    crop: int = 256
    pictures: int = 1
    rate: float = 5e-4
    grades: tuple[int, int] = (2, 52)
    seed: int = 1
    critic: float = 0.0
    without: tuple[str, ...] = ()

    @property
    def between(self) -> bool:
        """Whether pictures between two others are trained too, in every second batch."""
        return self.pictures > 2 and self.name in ("joint", "perceptual")


@dataclass(frozen=True, slots=True)
class _Seen:
    """starts: how many pictures this one starts from. bpp to lpips: (n,), bpp and motion in bits a pixel.

    decoded, picture: (n, 3, height, width). log_step: (n,).
    """

    starts: int
    bpp: Tensor
    error: Tensor
    motion: Tensor
    lpips: Tensor
    decoded: Tensor
    picture: Tensor
    log_step: Tensor


def train(stage: Stage, folder: Path, out: Path, start: str, device: torch.device, every: int = 250) -> None:
    """Trains one stage into out/checkpoint.pt, from there if it exists, else from the weights of `start`.

    start: a checkpoint, a model's name, or "" for none.
    folder: laid out as KIND/{train,val}/files. Writes out/curve.jsonl, a line each validation. Raises
    BadInput for a checkpoint of another stage.
    """
    rank, device = several.begin(device)
    try:
        run = _Run(stage, out / "checkpoint.pt", start, device)
        torch.manual_seed(stage.seed + 1000 * rank)
        batches = _batches(stage, folder, "train", stage.seed + run.done + 1000 * rank)
        if rank == 0:
            run.held = _held(stage, folder)
        perform(run, batches, out, every, rank == 0)
    finally:
        several.end()


class _Run(Run[Batch]):
    """The state of a stage's training."""

    def __init__(self, stage: Stage, checkpoint: Path, start: str, device: torch.device) -> None:
        torch.manual_seed(stage.seed)
        self.device = device
        self.net = Predictive(stage.without).to(device).to(memory_format=torch.channels_last)
        self.mean = Predictive(stage.without).to(device)
        super().__init__(stage, checkpoint, self.net, self.mean, _groups(self.net, stage))
        self.like = Likeness(device) if stage.name == "perceptual" else None
        self.critic = Critic().to(device) if stage.critic else None
        self.held: list[Batch] = []
        self._last: _Seen | None = None
        self.begin((lambda: _weights(start, device)) if start else None, device)

    def loss(self, batch: Batch) -> Tensor:
        """See _loss()."""
        between = self.stage.between and self.done % 2 == 1
        heard = self.critic if self.done >= _ALONE else None
        loss, found = _loss(self.net, self.stage, batch, self.device, None, self.like, between, heard)
        self._last = found[-1]
        return loss

    def after(self) -> None:
        """The critic learns from the last picture of the runs."""
        if self.critic is not None and self._last is not None:
            self.critic.learn(self._last.decoded, self._last.picture, _grade(self._last.log_step))

    def validated(self) -> dict[str, Any]:
        """See _validated()."""
        return _validated(self.mean, self.stage, self.held, self.device, self.like)

    def others(self) -> dict[str, Any]:
        """The critic, where there is one."""
        if self.critic is None:
            return {}
        return {"critic": self.critic, "critic_optimizer": self.critic.optimizer}


def _weights(start: str, device: torch.device) -> dict[str, Tensor]:
    """Of a checkpoint or of a model."""
    if Path(start).is_file():
        found: dict[str, Tensor] = saved(start, device)["average"]
        return found
    return {key: value.float() for key, value in load(start, "predictive")[1].items()}


def _groups(model: Predictive, stage: Stage) -> list[dict[str, Any]]:
    """The transforms start where they are good: they move slowly. Stage inter leaves intra networks alone."""
    slow: list[nn.Parameter] = []
    fast: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        own = name.startswith("intra.")
        parameter.requires_grad_(own == (stage.name == "intra") or stage.name in ("joint", "perceptual"))
        if parameter.requires_grad:
            (slow if name.endswith("_transform") else fast).append(parameter)
    return [
        {"params": fast, "lr": stage.rate, "peak": stage.rate},
        {"params": slow, "lr": stage.rate / 20, "peak": stage.rate / 20, "weight_decay": 0.0},
    ]


def _batches(stage: Stage, folder: Path, split: str, seed: int) -> Iterator[Batch]:
    if stage.pictures == 1:
        for batch in data.crops(data.load_pictures(folder, split, 160), stage.crop, stage.batch, seed):
            yield batch[:, None]
    else:
        clips = data.load_runs(folder, split, 160, 48)
        yield from data.runs(clips, stage.crop, stage.pictures, stage.batch, seed)


def _held(stage: Stage, folder: Path) -> list[Batch]:
    """Validation batches, the same ones each time."""
    batches = _batches(stage, folder, "val", 7)
    return [next(batches) for _ in range(2 if stage.pictures > 1 else 3)]


def _loss(
    model: Predictive,
    stage: Stage,
    batch: Batch,
    device: torch.device,
    grade: int | None,
    like: Likeness | None,
    between: bool,
    critic: Critic | None = None,
) -> tuple[Tensor, list[_Seen]]:
    """Bits a pixel plus distortion in bits a pixel, and what each picture gave.

    grade: of all pictures, or None for random ones. between: the run's last picture is coded before the one
    in its middle, and so on into the halves; otherwise each is predicted from the one before.
    """
    count, pictures, high, wide = batch.shape[:4]
    rgb = torch.from_numpy(batch).to(device).permute(0, 1, 4, 2, 3).float() / 255
    total, counted = torch.zeros((), device=device), 0
    found = []
    done: dict[int, Reference] = {}
    base = torch.randint(stage.grades[0], stage.grades[1] + 1, (count,))
    # Some runs only roll their first pictures out, without gradients: errors that build up are met, and paid
    # for, at a third of the time.
    rolled = 0 if between or grade is not None else int(torch.randint(0, max(1, pictures - 2), ()))
    for place, (number, starts) in enumerate(_order(pictures) if between else _chain(pictures)):
        if grade is not None:
            grades = torch.full((count,), grade)
        else:
            # pictures that others start from are finer
            lower = torch.randint(0, 7, (count,)) + 4 * max(0, len(starts) - 1)
            grades = (base - (lower if starts else 0)).clamp_min(0)
        logs = [log_step(int(g)) for g in grades]
        steps = torch.tensor(logs, device=device, dtype=torch.float32)
        picture = rgb[:, number].contiguous(memory_format=torch.channels_last)
        references = [done[start] for start in starts]
        worth = [lagrangian(2**log) for log in logs]
        flows = [
            torch.from_numpy(_flows(batch[:, number], done[start], batch[:, start], worth)).to(device)
            for start in starts
        ]
        learning = torch.is_grad_enabled() and place >= rolled
        with torch.set_grad_enabled(learning), autocast(device):
            if not references:
                coded = model.code_intra(picture, steps)
            else:
                coded = model.code_predicted(picture, flows, references, steps)
        done[number] = coded.reference
        error = (coded.reference.picture - picture).square().mean((1, 2, 3)) * 255**2
        bpp = coded.bits / (high * wide)
        distortion = 3 * error / torch.tensor(worth, device=device)
        lpips = torch.zeros_like(error)
        if like is not None:
            with torch.set_grad_enabled(learning), autocast(device):
                lpips = like(coded.reference.picture, picture)
                unlike = lpips
                if critic is not None:
                    unlike = lpips - stage.critic * critic(coded.reference.picture, _grade(steps)).mean(
                        (1, 2, 3)
                    )
            distortion = _ERROR_SHARE * distortion + _lpips_worth(grades).to(device) * unlike
        found.append(
            _Seen(
                len(starts),
                bpp.detach(),
                error.detach(),
                coded.motion_bits.detach() / (high * wide),
                lpips.detach(),
                coded.reference.picture.detach(),
                picture,
                steps,
            )
        )
        if learning == torch.is_grad_enabled() and (starts or stage.name != "inter"):
            total, counted = total + (bpp + distortion).mean(), counted + 1
    return total / max(1, counted), found


def _flows(
    pictures: Batch, reference: Reference, sources: Batch, worth: list[float]
) -> npt.NDArray[np.float32]:
    """Motion measured as the encoder does it."""
    shown = (reference.picture.detach().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return np.stack([measure(*each) for each in zip(pictures, shown, sources, worth, strict=True)])


def _chain(pictures: int) -> list[tuple[int, tuple[int, ...]]]:
    return [(number, (number - 1,) if number else ()) for number in range(pictures)]


def _order(pictures: int) -> list[tuple[int, tuple[int, ...]]]:
    """Pictures in coding order and those that each starts from: first, last, the middle, the halves."""
    order: list[tuple[int, tuple[int, ...]]] = [(0, ()), (pictures - 1, (0,))]
    spans = [(0, pictures - 1)]
    while spans:
        low, high = spans.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append((middle, (low, high)))
            spans += [(low, middle), (middle, high)]
    return order


def _grade(log_steps: Tensor) -> Tensor:
    """The quality as the critic is told it."""
    return (log_steps - 5) / 2


def _lpips_worth(grades: Tensor) -> Tensor:
    """Bits a pixel that 1 of LPIPS is worth: about the slope of rate against LPIPS of intra pictures."""
    return torch.exp2((grades.float() - 10) / 9)


@torch.no_grad()
def _validated(
    model: Predictive, stage: Stage, held: list[Batch], device: torch.device, like: Likeness | None
) -> dict[str, Any]:
    """By grade the _means() of intra and predicted pictures; below "between" those of pictures between."""
    line: dict[str, Any] = {"between": {}}
    chance = torch.get_rng_state()
    for grade in VALIDATED:
        torch.manual_seed(grade)
        chain = [one for batch in held for one in _loss(model, stage, batch, device, grade, like, False)[1]]
        line[str(grade)] = _means([one for one in chain if one.starts or stage.name != "inter"])
        if stage.between:
            whole = [
                one for batch in held for one in _loss(model, stage, batch, device, grade, like, True)[1]
            ]
            line["between"][str(grade)] = _means([one for one in whole if one.starts == 2])
    torch.set_rng_state(chance)
    return line


def _means(seen: list[_Seen]) -> list[float]:
    """Bits a pixel, PSNR, bits a pixel of motion, LPIPS."""
    rows = [
        (one.bpp.mean(), (10 * torch.log10(255**2 / one.error)).mean(), one.motion.mean(), one.lpips.mean())
        for one in seen
    ]
    return [round(float(value), 4) for value in np.mean(np.array(rows, dtype=float), 0)]
