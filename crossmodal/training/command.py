"""Train the painter of crossmodal."""

from pathlib import Path
from typing import Annotated

import typer

from genvc.training.command import Batch, Device, Out, Packs, Rate, Seed, Steps, Threads, training

__all__ = ["train"]


def train(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="Folders photos, captions, video, each with train and val."
        ),
    ],
    out: Out,
    steps: Steps = 900,
    batch: Batch = 12,
    rate: Rate = 1e-3,
    channels: Annotated[int, typer.Option("--channels", min=8)] = 64,
    blocks: Annotated[int, typer.Option("--blocks", min=1)] = 4,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="At how many rates each picture is packed.")
    ] = 2,
    packs: Packs = None,
    start: Annotated[
        Path | None, typer.Option("--start", metavar="FILE", help="Checkpoint of an earlier run.")
    ] = None,
    seed: Seed = 1,
    threads: Threads = 1,
    device: Device = "auto",
    packs_only: Annotated[
        bool, typer.Option("--packs-only", help="Describe and pack the pictures, no more.")
    ] = False,
) -> None:
    """Train the painter that ships with crossmodal. Pictures are described once, into packs."""
    from . import pack
    from .loop import Stage, vocabulary
    from .loop import train as run

    made = {split: (packs or out / "packs") / f"{split}.npz" for split in ("val", "train")}
    for split, path in made.items():
        if not path.exists():
            pack.made(data, split, path, rounds if split == "train" else 1, seed)
    if packs_only:
        return
    read = {split: pack.load(path) for split, path in made.items()}
    stage = Stage("painter", steps, batch, rate, channels, blocks, vocabulary(read["train"]), seed)
    with training(out, threads, device, f"{steps} steps") as place:
        run(stage, read["train"], read["val"], out, place, start)
