"""The command line that turns a checkpoint into a model; what a model holds is each codec's own."""

import argparse
from pathlib import Path
from typing import Protocol

from .. import models

__all__ = ["Export", "command"]


class Export(Protocol):
    """Adds a checkpoint's averaged weights to the collection of models below `root`."""

    def __call__(
        self, checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str
    ) -> models.Model: ...


def command(export: Export, about: str) -> None:
    """Parse the call, export, and print the model's full name."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", required=True, help="below weights/, another one for each version")
    parser.add_argument("--stage", action="append", required=True, help="a command that trained it, in order")
    parser.add_argument("--trained-on", required=True)
    parser.add_argument("--out", type=Path, required=True, help="the collection of models to add to")
    chosen = parser.parse_args()
    made = export(chosen.checkpoint, chosen.out, chosen.name, chosen.folder, chosen.stage, chosen.trained_on)
    print(made.full_name)
