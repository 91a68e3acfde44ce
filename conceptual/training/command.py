"""Train the networks of the conceptual codec."""

import sys
from typing import Annotated

import typer

from genvc.training.command import (
    Batch,
    Critic,
    Data,
    Device,
    Out,
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
    stage: Annotated[str, typer.Option("--stage", help="fit, perceptual, flow or tables.")] = "perceptual",
    steps: Steps = 2000,
    batch: Batch = 2,
    crop: Annotated[int, typer.Option("--crop", min=128, help="A multiple of 128.")] = 256,
    rate: Rate = 4e-4,
    critic: Critic = 0.0,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", help="Ablation: structure, texture, regions, channels or alignment; repeatable."
        ),
    ] = None,
    texture: Annotated[
        str, typer.Option("--texture", help="What the texture layer is coded by: latents or still (AV1).")
    ] = "still",
    codec: Annotated[
        str, typer.Option("--codec", help="Of stage flow: the model whose pictures it takes further.")
    ] = "",
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Of stage tables.")] = 60.0,
    seed: Seed = 1,
    start: Start = "",
    threads: Threads = 2,
    device: Device = "auto",
) -> None:
    """Train the conceptual codec: its networks (fit, perceptual), or what predicts its lines (tables).

    Stage flow trains what may take the generator's pictures further (decoder=flow).
    """
    from ..textures import KINDS

    if stage not in ("fit", "perceptual", "flow", "tables"):
        raise typer.BadParameter(f"--stage is fit, perceptual, flow or tables, not '{stage}'")
    if texture not in KINDS:
        raise typer.BadParameter(f"--texture is {' or '.join(KINDS)}, not '{texture}'")
    if critic and stage != "perceptual":
        raise typer.BadParameter("--critic goes with --stage perceptual")
    if crop % 128:
        raise typer.BadParameter("--crop is a multiple of 128")
    import torch

    from genvc.training.data import load_pictures

    from ..generator import PARTS
    from .line_model import fit
    from .loop import Stage
    from .loop import train as run
    from .tables import FILE, save

    parts = tuple(without or ())
    if not set(parts) <= set(PARTS):
        raise typer.BadParameter(f"--without takes {', '.join(PARTS)}, not {' and '.join(parts)}")
    if stage == "tables":
        torch.set_num_threads(threads)
        out.mkdir(parents=True, exist_ok=True)
        save(fit(load_pictures(data, "train", 128), seconds, seed), out / FILE)
        print(f"{out / FILE}: {seconds:g} seconds of stage tables", file=sys.stderr)
        return
    if codec and stage != "flow":
        raise typer.BadParameter("--codec goes with --stage flow")
    what = f"{steps} steps of stage {stage}"
    if stage == "flow":
        if texture != "still" or parts or critic:
            raise typer.BadParameter("--texture, --without and --critic do not go with --stage flow")
        from ..build import MODEL
        from .flow import FlowStage, train_flow

        flow = FlowStage(stage, steps, batch, crop, rate, seed, codec or MODEL)
        with training(out, threads, device, what) as place:
            train_flow(flow, data, out, start, place)
        return
    settings = Stage(stage, steps, batch, crop, rate, seed, critic, parts, texture)
    with training(out, threads, device, what) as place:
        run(settings, data, out, start, place)
