"""Train the generator of keypoints."""

import re
from contextlib import suppress
from pathlib import Path
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

_KINDS = {"face": ("faces",), "body": ("bodies",), "both": ("faces", "bodies")}


def train(
    data: Data,
    out: Out,
    domain: Annotated[str, typer.Option("--domain", help="face, body or both.")] = "face",
    stage: Annotated[str, typer.Option("--stage", help="restore, warp or perceptual.")] = "warp",
    size: Annotated[str, typer.Option("--size", help="small, deep or large.")] = "small",
    steps: Steps = 4000,
    batch: Batch = 4,
    rate: Rate = 5e-4,
    critic: Critic = 0.1,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often each clip is coded, each time otherwise.")
    ] = 1,
    texture: Annotated[
        str, typer.Option("--texture", help="Parts and numbers of texture codes, or 0 for none.")
    ] = "0",
    contrast: Annotated[
        float, typer.Option("--contrast", min=0, help="Share of the texture codes' contrastive loss.")
    ] = 0.02,
    packs: Packs = None,
    seed: Seed = 1,
    start: Start = "",
    threads: Threads = 2,
    device: Device = "auto",
) -> None:
    """Train the generator of keypoints, one stage at a time.

    Clips are coded once by the codec itself, into packs. With packs of all clips no detector is needed.
    """
    if domain not in _KINDS:
        raise typer.BadParameter(f"--domain is {', '.join(_KINDS)}, not '{domain}'")
    if stage not in ("restore", "warp", "perceptual"):
        raise typer.BadParameter(f"--stage is restore, warp or perceptual, not '{stage}'")
    from genvc.errors import BadInput
    from genvc.training.data import load_pictures

    from ..generator import SIZES
    from . import pack
    from .loop import Stage
    from .loop import train as run

    codes = _codes(texture)
    if size not in SIZES:
        raise typer.BadParameter(f"--size is {' or '.join(SIZES)}, not '{size}'")
    folder = packs or out / "packs"
    made: dict[str, list[Path]] = {"val": [], "train": []}
    for kind in _KINDS[domain]:
        for split, paths in made.items():
            turns = rounds if split == "train" else 1
            paths.extend(pack.made(data, folder / kind, kind, split, turns, threads))
    share = 0.0 if stage == "warp" else critic
    settings = Stage(stage, size, steps, batch, rate, share, seed, codes, contrast)
    read = {split: [pack.load(path) for path in paths] for split, paths in made.items()}
    photos = []
    if stage == "restore":
        # packs are enough; photos make what is learnt more general
        with suppress(BadInput):
            photos = load_pictures(data, "train", pack.SIDE)
    with training(out, threads, device, f"{steps} steps of stage {stage}") as place:
        run(settings, read["train"], read["val"], out, start, place, photos)


def _codes(text: str) -> tuple[int, int] | None:
    """Parts and numbers, as in 4x8; None for 0. Raises typer.BadParameter."""
    from ..texture import MOST_NUMBERS, MOST_PARTS

    if text == "0":
        return None
    found = re.fullmatch(r"(\d{1,2})x(\d{1,2})", text)
    parts, numbers = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1 <= parts <= MOST_PARTS and 1 <= numbers <= MOST_NUMBERS):
        raise typer.BadParameter(
            f"--texture is 0, or parts and numbers, 1x1 to {MOST_PARTS}x{MOST_NUMBERS}, not '{text}'"
        )
    return parts, numbers
