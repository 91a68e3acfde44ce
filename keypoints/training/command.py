"""Train the generator of keypoints."""

from contextlib import suppress
from typing import Annotated

import typer

from genvc.training.command import (
    Batch,
    Critic,
    Data,
    Device,
    Out,
    Packs,
    Rate,
    Seed,
    Start,
    Steps,
    Threads,
    training,
)

__all__ = ["train"]


def train(
    data: Data,
    out: Out,
    domain: Annotated[str, typer.Option("--domain", help="face or body.")] = "face",
    stage: Annotated[str, typer.Option("--stage", help="restore, warp or perceptual.")] = "warp",
    size: Annotated[str, typer.Option("--size", help="small, deep or large.")] = "small",
    steps: Steps = 4000,
    batch: Batch = 4,
    rate: Rate = 5e-4,
    critic: Critic = 0.1,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often each clip is coded, each time otherwise.")
    ] = 1,
    packs: Packs = None,
    seed: Seed = 1,
    start: Start = "",
    threads: Threads = 2,
    device: Device = "auto",
) -> None:
    """Train the generator of keypoints, one stage at a time.

    Clips are coded once by the codec itself, into packs. With packs of all clips no detector is needed.
    """
    if domain not in ("face", "body"):
        raise typer.BadParameter(f"--domain is face or body, not '{domain}'")
    if stage not in ("restore", "warp", "perceptual"):
        raise typer.BadParameter(f"--stage is restore, warp or perceptual, not '{stage}'")
    from genvc.errors import BadInput
    from genvc.training.data import load_pictures

    from ..generator import SIZES
    from . import pack
    from .loop import Stage
    from .loop import train as run

    if size not in SIZES:
        raise typer.BadParameter(f"--size is {' or '.join(SIZES)}, not '{size}'")
    kind = "faces" if domain == "face" else "bodies"
    folder = packs or out / "packs"
    made = {
        split: pack.made(data, folder / kind, kind, split, rounds if split == "train" else 1, threads)
        for split in ("val", "train")
    }
    share = 0.0 if stage == "warp" else critic
    settings = Stage(stage, size, steps, batch, rate, share, seed)
    read = {split: [pack.load(path) for path in paths] for split, paths in made.items()}
    photos = []
    if stage == "restore":
        # packs are enough; photos make what is learnt more general
        with suppress(BadInput):
            photos = load_pictures(data, "train", pack.SIDE)
    with training(out, threads, device, f"{steps} steps of stage {stage}") as place:
        run(settings, read["train"], read["val"], out, start, place, photos)
