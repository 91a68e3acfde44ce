"""From a checkpoint to a model of the table; what a model holds is each codec's own."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import models

if TYPE_CHECKING:
    import torch

__all__ = ["Export", "command", "listed", "record"]


Export = Callable[..., models.Model]
"""Adds a checkpoint's averaged weights to the collection of models below `root`.

(checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str), and settings.
"""


def record(checkpoint: Path, saved: Mapping[str, Any], stages: list[str], trained_on: str) -> dict[str, Any]:
    """How a model came about, for its config. saved: the checkpoint, beside which its curve lies."""
    curve = (checkpoint.parent / "curve.jsonl").read_text(encoding="utf-8").splitlines()
    return {
        "commands": stages,
        "trained_on": trained_on,
        "stage": saved["stage"],
        "steps_of_last_stage": saved["done"],
        "validation": json.loads(curve[-1]),
    }


def listed(
    codec: str, config: dict[str, Any], tensors: "dict[str, torch.Tensor]", root: Path, name: str, folder: str
) -> models.Model:
    """Store a model in the collection below `root` and list it. config: a record(), and the codec's own."""
    models.save(root / "weights" / folder, config, tensors)
    return models.add(
        name,
        codec,
        licence="Apache-2.0",
        trained_on=config["trained_on"],
        command=config["commands"][-1],
        folder=folder,
        root=root,
    )


def command(export: Export, about: str, settings: Mapping[str, str] | None = None) -> None:
    """Parse the call, export, and print the model's full name.

    settings: further options that `export` takes, each with what it is.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", required=True, help="below weights/, another one for each version")
    parser.add_argument("--stage", action="append", required=True, help="a command that trained it, in order")
    parser.add_argument("--trained-on", required=True)
    parser.add_argument("--out", type=Path, required=True, help="the collection of models to add to")
    settings = settings or {}
    for key, what in settings.items():
        parser.add_argument(f"--{key}", default="", help=what)
    chosen = parser.parse_args()
    made = export(
        chosen.checkpoint,
        chosen.out,
        chosen.name,
        chosen.folder,
        chosen.stage,
        chosen.trained_on,
        **{key: getattr(chosen, key) for key in settings},
    )
    print(made.full_name)
