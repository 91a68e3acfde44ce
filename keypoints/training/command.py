"""Train the generator of keypoints."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folders KIND/train and KIND/val.")],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Checkpoint, validation curve, preview; resumed."),
    ],
    domain: Annotated[str, typer.Option("--domain", help="face or body.")] = "face",
    stage: Annotated[str, typer.Option("--stage", help="restore, warp or perceptual.")] = "warp",
    size: Annotated[str, typer.Option("--size", help="small, deep or large.")] = "small",
    steps: Annotated[int, typer.Option("--steps", min=1)] = 4000,
    batch: Annotated[int, typer.Option("--batch", min=1, help="References of a step.")] = 4,
    rate: Annotated[float, typer.Option("--rate", help="The highest learning rate.")] = 5e-4,
    critic: Annotated[
        float, typer.Option("--critic", min=0, help="Share of the adversarial loss; none in stage warp.")
    ] = 0.1,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often each clip is coded, each time otherwise.")
    ] = 1,
    packs: Annotated[
        Path | None,
        typer.Option(
            "--packs", metavar="DIR", help="Clips once coded, kept for other runs; in --out if not said."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    start: Annotated[
        str, typer.Option("--start", help="Checkpoint of an earlier stage, or a model's name.")
    ] = "",
    threads: Annotated[int, typer.Option("--threads", min=1)] = 2,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
) -> None:
    """Train the generator of keypoints, one stage at a time.

    Clips are coded once by the codec itself, into packs. With packs of all clips no detector is needed.
    """
    if domain not in ("face", "body"):
        raise typer.BadParameter(f"--domain is face or body, not '{domain}'")
    if stage not in ("restore", "warp", "perceptual"):
        raise typer.BadParameter(f"--stage is restore, warp or perceptual, not '{stage}'")
    import torch

    from genvc.device import pick
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
    torch.set_num_threads(threads)
    share = 0.0 if stage == "warp" else critic
    settings = Stage(stage, size, steps, batch, rate, share, seed)
    read = {split: [pack.load(path) for path in paths] for split, paths in made.items()}
    photos = []
    if stage == "restore":
        # packs are enough; photos make what is learnt more general
        with suppress(BadInput):
            photos = load_pictures(data, "train", pack.SIDE)
    torch.set_flush_denormal(True)
    try:
        run(settings, read["train"], read["val"], out, start, pick(device), photos)
    finally:
        torch.set_flush_denormal(False)
    print(f"{out / 'checkpoint.pt'}: {steps} steps of stage {stage}", file=sys.stderr)
