"""Checkpoints: where a training goes on, and what it refuses to begin with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genvc.errors import BadInput
from genvc.training.run import Run, saved


@dataclass(frozen=True)
class Stage:
    name: str = "line"
    steps: int = 10
    seed: int = 1
    wide: int = 2


class Line(Run[Tensor]):
    """A straight line through a batch."""

    def __init__(
        self, folder: Path, stage: Stage, start: Callable[[], dict[str, Tensor]] | None = None
    ) -> None:
        model, average = nn.Linear(stage.wide, 1), nn.Linear(stage.wide, 1)
        groups: list[dict[str, Any]] = [{"params": list(model.parameters()), "peak": 0.1}]
        super().__init__(stage, folder / "checkpoint.pt", model, average, groups)
        self.begin(start, torch.device("cpu"))

    def loss(self, batch: Tensor) -> Tensor:
        found: Tensor = self.model(batch).square().mean()
        return found

    def validated(self) -> dict[str, Any]:
        return {}


def trained(folder: Path) -> Path:
    run = Line(folder, Stage())
    for _ in range(3):
        run.step(torch.ones(1, 2))
    run.save()
    return run.checkpoint


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    held = saved(trained(tmp_path))
    again = Line(tmp_path, Stage())
    assert again.done == 3
    for name, value in again.average.state_dict().items():
        torch.testing.assert_close(value, held["average"][name])


def test_a_run_goes_on_from_before_a_setting_was_there(tmp_path: Path) -> None:
    file = trained(tmp_path)
    held = saved(file)
    del held["stage"]["wide"]
    torch.save(held, file)
    assert Line(tmp_path, Stage()).done == 3


@pytest.mark.parametrize("stage", [Stage(seed=2), Stage(wide=3)])
def test_a_checkpoint_of_another_stage_is_refused(tmp_path: Path, stage: Stage) -> None:
    trained(tmp_path)
    with pytest.raises(BadInput, match="another stage"):
        Line(tmp_path, stage)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    file = trained(tmp_path)
    with pytest.raises(BadInput, match="made otherwise"):
        Line(tmp_path / "new", Stage(wide=3), lambda: saved(file)["average"])
    held = saved(file)
    held["average"]["weight"] = torch.zeros(1, 5)
    torch.save(held, file)
    with pytest.raises(BadInput, match="made otherwise"):
        Line(tmp_path, Stage())


@pytest.mark.parametrize("content", [b"", b"a photo", None])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "checkpoint.pt"
    if content is None:
        torch.save({"weights": torch.zeros(2)}, file)
    else:
        file.write_bytes(content)
    with pytest.raises(BadInput, match="no checkpoint"):
        saved(file)
    with pytest.raises(BadInput, match="cannot read"):
        saved(tmp_path / "nowhere.pt")
