"""A training run: learning rate, running average of the weights, checkpoints, validation, progress."""

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from ..errors import BadInput
from . import several

__all__ = ["Run", "perform", "saved"]

B = TypeVar("B")
_WARM = 100  # steps until the rate is reached
_LAST = 0.02  # share of the rate at the end
_AVERAGED = 0.998


class Run(ABC, Generic[B]):
    """What is trained and how far it is. A codec says what its loss is.

    stage: a dataclass with at least `name`, `steps` and `seed`. model and average: two of the same class.
    groups: of parameters, as optimisers take them, each with its highest rate as "peak".
    """

    def __init__(
        self, stage: Any, checkpoint: Path, model: nn.Module, average: nn.Module, groups: list[dict[str, Any]]
    ) -> None:
        self.stage, self.checkpoint = stage, checkpoint
        self.model, self.average = model, average
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=1e-4)
        self.done = 0

    def begin(self, weights: Callable[[], dict[str, Tensor]] | None, device: torch.device) -> None:
        """Go on from the checkpoint where there is one, else from the weights; raises BadInput."""
        if self.checkpoint.exists():
            held = saved(self.checkpoint, device)
            # what a stage could not be told when the checkpoint was written was as it is by default
            if _defaults(self.stage) | held["stage"] != _plain(self.stage):
                raise BadInput(f"{self.checkpoint} is of another stage: {held['stage']}")
            try:
                for name, part in self._parts().items():
                    part.load_state_dict(held[name])
            except (KeyError, ValueError, TypeError, RuntimeError) as error:
                raise BadInput(f"{self.checkpoint} is of a model that is made otherwise") from error
            self.done = held["done"]
            return
        if weights is not None:
            try:
                self.model.load_state_dict(weights())
            except (KeyError, TypeError, RuntimeError) as error:
                raise BadInput("the weights to start from are of a model that is made otherwise") from error
        self.average.load_state_dict(self.model.state_dict())

    @abstractmethod
    def loss(self, batch: B) -> Tensor:
        """Of one batch, to be descended."""

    @abstractmethod
    def validated(self) -> dict[str, Any]:
        """What the averaged weights give on the validation split, for the curve."""

    def after(self) -> None:
        """What else is to be learnt from the batch of the last loss."""

    def others(self) -> dict[str, Any]:
        """What else belongs into a checkpoint, by name: modules and optimisers."""
        return {}

    def step(self, batch: B) -> float:
        """One step; returns its loss."""
        share = self.done / self.stage.steps
        factor = _LAST + (1 - _LAST) * 0.5 * (1 + math.cos(math.pi * share))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor * min(1.0, (self.done + 1) / _WARM)
        loss = self.loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        several.average_gradients(self.model.parameters())
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
            self.after()
        self.done += 1
        self._follow(min(_AVERAGED, self.done / (self.done + 19)))
        return float(loss.detach())

    def save(self) -> None:
        """The checkpoint, whole or not at all."""
        state = {"stage": _plain(self.stage), "done": self.done}
        for name, part in self._parts().items():
            state[name] = part.state_dict()
        new = self.checkpoint.with_suffix(".new")
        torch.save(state, new)
        new.replace(self.checkpoint)

    def _parts(self) -> dict[str, Any]:
        own = {"model": self.model, "average": self.average, "optimizer": self.optimizer}
        return {**own, **self.others()}

    @torch.no_grad()
    def _follow(self, share: float) -> None:
        for kept, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
            kept.lerp_(new, 1 - share)
        for held, now in zip(self.average.buffers(), self.model.buffers(), strict=True):
            held.copy_(now)


def perform(run: Run[B], batches: Iterator[B], out: Path, every: int, leads: bool = True) -> None:
    """Train to the last step. The process that leads shows, validates and saves, the others only train.

    out: the folder of checkpoint and curve; it is made here, when all that is read has been found.
    """
    if not leads:
        while run.done < run.stage.steps:
            run.step(next(batches))
        return
    out.mkdir(parents=True, exist_ok=True)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    name = run.stage.name
    with Progress(*columns) as progress:
        task = progress.add_task(name, total=run.stage.steps, completed=run.done)
        recent: list[float] = []
        while run.done < run.stage.steps:
            recent.append(run.step(next(batches)))
            progress.update(task, completed=run.done, description=f"{name} {np.mean(recent[-50:]):.3f}")
            if run.done % every == 0 or run.done == run.stage.steps:
                line = {"step": run.done, "loss": float(np.mean(recent)), "time": time.time()}
                line |= run.validated()
                recent = []
                with (out / "curve.jsonl").open("a", encoding="utf-8") as curve:
                    curve.write(json.dumps(line) + "\n")
                progress.console.print(json.dumps(line))
                run.save()


def saved(checkpoint: Path | str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What Run.save() wrote; raises BadInput for another file."""
    try:
        held = torch.load(checkpoint, map_location=device, weights_only=True)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except OSError as error:
        raise BadInput(f"cannot read {checkpoint}: {error.strerror or error}") from error
    except Exception as error:  # whatever unpickling of other bytes ends in
        raise BadInput(f"{checkpoint} is no checkpoint of a training") from error
    kinds = {"stage": dict, "average": dict, "done": int}
    if not isinstance(held, dict) or not all(isinstance(held.get(key), kind) for key, kind in kinds.items()):
        raise BadInput(f"{checkpoint} is no checkpoint of a training")
    return held


def _defaults(stage: Any) -> dict[str, Any]:
    """Of the fields of a stage that have one."""
    found = {field.name: field.default for field in fields(stage) if field.default is not MISSING}
    return dict(json.loads(json.dumps(found)))


def _plain(stage: Any) -> Any:
    """As it comes back from a checkpoint."""
    return json.loads(json.dumps(asdict(stage)))
