"""Train the predictive codec's networks."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folders KIND/train and KIND/val.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Checkpoint and validation curve; resumed.")
    ],
    stage: Annotated[str, typer.Option("--stage", help="intra, inter, joint or perceptual.")] = "intra",
    steps: Annotated[int, typer.Option("--steps", min=1)] = 2000,
    batch: Annotated[int, typer.Option("--batch", min=1)] = 16,
    crop: Annotated[int, typer.Option("--crop", min=64, help="A multiple of 16.")] = 128,
    pictures: Annotated[
        int,
        typer.Option("--pictures", min=1, max=16, help="Of a run; 1: stage perceptual of single pictures."),
    ] = 3,
    rate: Annotated[float, typer.Option("--rate", help="The highest learning rate.")] = 5e-4,
    critic: Annotated[
        float, typer.Option("--critic", min=0, help="Share of the adversarial loss of stage perceptual.")
    ] = 0.0,
    most: Annotated[
        int, typer.Option("--most", min=2, max=63, help="The highest grade trained; see docs/predictive.md.")
    ] = 52,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Ablation: prior, scales or steps; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    start: Annotated[
        str, typer.Option("--start", help="Checkpoint of an earlier stage, or a model's name.")
    ] = "",
    threads: Annotated[int, typer.Option("--threads", min=1)] = 2,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
) -> None:
    """Train the predictive codec, one stage at a time."""
    if stage not in ("intra", "inter", "joint", "perceptual"):
        raise typer.BadParameter(f"--stage is intra, inter, joint or perceptual, not '{stage}'")
    if critic and stage != "perceptual":
        raise typer.BadParameter("--critic goes with --stage perceptual")
    if pictures == 1 and stage in ("inter", "joint"):
        raise typer.BadParameter(f"stage {stage} takes runs of 2 pictures and more")
    if crop % 16:
        raise typer.BadParameter("--crop is a multiple of 16")
    import torch

    from ...device import pick
    from ..model import PARTS
    from .loop import Stage
    from .loop import train as run

    parts = tuple(without or ())
    if not set(parts) <= set(PARTS):
        raise typer.BadParameter(f"--without takes {', '.join(PARTS)}, not {' and '.join(parts)}")
    torch.set_num_threads(threads)
    # gradients far out in a distribution's tail are denormal, and a CPU is slow with those
    torch.set_flush_denormal(True)
    length = 1 if stage == "intra" else pictures
    settings = Stage(stage, steps, batch, crop, length, rate, (min(2, most), most), seed, critic, parts)
    try:
        run(settings, data, out, start, pick(device))
    finally:
        torch.set_flush_denormal(False)
    print(f"{out / 'checkpoint.pt'}: {steps} steps of stage {stage}", file=sys.stderr)
