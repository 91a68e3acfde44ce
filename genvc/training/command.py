"""What the commands that train are called with, and how torch is set up while they do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import torch

__all__ = [
    "Batch",
    "Critic",
    "Data",
    "Device",
    "Out",
    "Packs",
    "Rate",
    "Seed",
    "Start",
    "Steps",
    "Threads",
    "training",
]

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folders KIND/train and KIND/val.")]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Checkpoint, validation curve and what else is made; resumed."),
]
Steps = Annotated[
    int, typer.Option("--steps", min=1, help="Of the whole run, with those before it was resumed.")
]
Batch = Annotated[int, typer.Option("--batch", min=1, help="Examples of a step.")]
Rate = Annotated[float, typer.Option("--rate", min=0, help="The highest learning rate.")]
Critic = Annotated[
    float, typer.Option("--critic", min=0, help="Share of the adversarial loss in the stages that have one.")
]
Packs = Annotated[
    Path | None,
    typer.Option("--packs", metavar="DIR", help="Examples, kept for other runs; in --out if not said."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of all that is drawn at random.")]
Start = Annotated[str, typer.Option("--start", help="Checkpoint of an earlier stage, or a model's name.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Of the processor.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")]


@contextmanager
def training(out: Path, threads: int, device: str, what: str) -> "Iterator[torch.device]":
    """While a run lasts: torch with so many threads and without denormal numbers; gives the device.

    Afterwards one line names the checkpoint in `out`, and `what` was done. Raises BadInput for a device that
    is not here.
    """
    import torch

    from ..device import pick

    torch.set_num_threads(threads)
    # gradients far out in a distribution's tail are denormal, and a CPU is slow with those
    torch.set_flush_denormal(True)
    try:
        yield pick(device)
    finally:
        torch.set_flush_denormal(False)
    print(f"{out / 'checkpoint.pt'}: {what}", file=sys.stderr)
