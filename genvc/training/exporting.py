"""The command line that turns a checkpoint into a model; what a model holds is each codec's own."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from .. import models

__all__ = ["Export", "command"]


Export = Callable[..., models.Model]
"""Adds a checkpoint's averaged weights to the collection of models below `root`.

(checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str), and settings.
"""


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
