"""Train the networks of the conceptual codec."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folders KIND/train and KIND/val.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Checkpoint, validation curve, preview; resumed.")
    ],
    stage: Annotated[str, typer.Option("--stage", help="fit, perceptual or tables.")] = "perceptual",
    steps: Annotated[int, typer.Option("--steps", min=1)] = 2000,
    batch: Annotated[int, typer.Option("--batch", min=1)] = 2,
    crop: Annotated[int, typer.Option("--crop", min=128, help="A multiple of 128.")] = 256,
    rate: Annotated[float, typer.Option("--rate", help="The highest learning rate.")] = 4e-4,
    critic: Annotated[
        float, typer.Option("--critic", min=0, help="Share of the adversarial loss of stage perceptual.")
    ] = 0.0,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", help="Ablation: structure, texture, regions, channels or alignment; repeatable."
        ),
    ] = None,
    texture: Annotated[
        str, typer.Option("--texture", help="What the texture layer is coded by: latents or still (AV1).")
    ] = "still",
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Of stage tables.")] = 60.0,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    start: Annotated[
        str, typer.Option("--start", help="Checkpoint of an earlier stage, or a model's name.")
    ] = "",
    threads: Annotated[int, typer.Option("--threads", min=1)] = 2,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
) -> None:
    """Train the conceptual codec: its networks (fit, perceptual), or what predicts its lines (tables)."""
    from ..textures import KINDS

    if stage not in ("fit", "perceptual", "tables"):
        raise typer.BadParameter(f"--stage is fit, perceptual or tables, not '{stage}'")
    if texture not in KINDS:
        raise typer.BadParameter(f"--texture is {' or '.join(KINDS)}, not '{texture}'")
    if texture == "still" and stage == "fit":
        raise typer.BadParameter("--stage fit trains latents: --texture latents")
    if critic and stage != "perceptual":
        raise typer.BadParameter("--critic goes with --stage perceptual")
    if crop % 128:
        raise typer.BadParameter("--crop is a multiple of 128")
    import torch

    from genvc.device import pick
    from genvc.training.data import load_pictures

    from ..generator import PARTS
    from .line_model import fit
    from .loop import Stage
    from .loop import train as run
    from .tables import FILE, save

    parts = tuple(without or ())
    if not set(parts) <= set(PARTS):
        raise typer.BadParameter(f"--without takes {', '.join(PARTS)}, not {' and '.join(parts)}")
    torch.set_num_threads(threads)
    if stage == "tables":
        out.mkdir(parents=True, exist_ok=True)
        save(fit(load_pictures(data, "train", 128), seconds, seed), out / FILE)
        print(f"{out / FILE}: {seconds:g} seconds of stage tables", file=sys.stderr)
        return
    # gradients far out in a distribution's tail are denormal, and a CPU is slow with those
    torch.set_flush_denormal(True)
    settings = Stage(stage, steps, batch, crop, rate, seed, critic, parts, texture)
    try:
        run(settings, data, out, start, pick(device))
    finally:
        torch.set_flush_denormal(False)
    print(f"{out / 'checkpoint.pt'}: {steps} steps of stage {stage}", file=sys.stderr)
