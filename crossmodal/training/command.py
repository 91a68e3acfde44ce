"""Train the painter of crossmodal."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="Folders photos, captions, video, each with train and val."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Checkpoint and validation curve; resumed.")
    ],
    steps: Annotated[int, typer.Option("--steps", min=1)] = 900,
    batch: Annotated[int, typer.Option("--batch", min=1)] = 12,
    rate: Annotated[float, typer.Option("--rate", help="The highest learning rate.")] = 1e-3,
    channels: Annotated[int, typer.Option("--channels", min=8)] = 64,
    blocks: Annotated[int, typer.Option("--blocks", min=1)] = 4,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="At how many rates each picture is packed.")
    ] = 2,
    packs: Annotated[
        Path | None, typer.Option("--packs", metavar="DIR", help="Described pictures; in --out if not said.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option("--start", metavar="FILE", help="Checkpoint of an earlier run.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    threads: Annotated[int, typer.Option("--threads", min=1)] = 1,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
    packs_only: Annotated[
        bool, typer.Option("--packs-only", help="Describe and pack the pictures, no more.")
    ] = False,
) -> None:
    """Train the painter that ships with crossmodal. Pictures are described once, into packs."""
    import torch

    from genvc.device import pick

    from . import pack
    from .loop import Stage, vocabulary
    from .loop import train as run

    torch.set_num_threads(threads)
    made = {split: (packs or out / "packs") / f"{split}.npz" for split in ("val", "train")}
    for split, path in made.items():
        if not path.exists():
            pack.made(data, split, path, rounds if split == "train" else 1, seed)
    if packs_only:
        return
    read = {split: pack.load(path) for split, path in made.items()}
    stage = Stage("painter", steps, batch, rate, channels, blocks, vocabulary(read["train"]), seed)
    torch.set_flush_denormal(True)
    try:
        run(stage, read["train"], read["val"], out, pick(device), start)
    finally:
        torch.set_flush_denormal(False)
    print(f"{out / 'checkpoint.pt'}: {steps} steps", file=sys.stderr)
