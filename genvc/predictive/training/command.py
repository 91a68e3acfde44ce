"""Train the predictive codec's networks."""

from typing import Annotated

import typer

from ...training.command import Batch, Critic, Data, Device, Out, Rate, Seed, Start, Steps, Threads, training

__all__ = ["train"]


def train(
    data: Data,
    out: Out,
    stage: Annotated[str, typer.Option("--stage", help="intra, inter, joint or perceptual.")] = "intra",
    steps: Steps = 2000,
    batch: Batch = 16,
    crop: Annotated[int, typer.Option("--crop", min=64, help="A multiple of 16.")] = 128,
    pictures: Annotated[
        int,
        typer.Option("--pictures", min=1, max=16, help="Of a run; 1: stage perceptual of single pictures."),
    ] = 3,
    rate: Rate = 5e-4,
    critic: Critic = 0.0,
    most: Annotated[
        int, typer.Option("--most", min=2, max=63, help="The highest grade trained; see docs/predictive.md.")
    ] = 52,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Ablation: prior, scales or steps; repeatable.")
    ] = None,
    seed: Seed = 1,
    start: Start = "",
    threads: Threads = 2,
    device: Device = "auto",
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
    from ..model import PARTS
    from .loop import Stage
    from .loop import train as run

    parts = tuple(without or ())
    if not set(parts) <= set(PARTS):
        raise typer.BadParameter(f"--without takes {', '.join(PARTS)}, not {' and '.join(parts)}")
    length = 1 if stage == "intra" else pictures
    settings = Stage(stage, steps, batch, crop, length, rate, (min(2, most), most), seed, critic, parts)
    with training(out, threads, device, f"{steps} steps of stage {stage}") as place:
        run(settings, data, out, start, place)
