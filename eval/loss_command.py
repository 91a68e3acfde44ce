"""The command `bench-loss`: quality of calls against losses, with what mends them."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["bench_loss"]

# name of a way, codec, options, copies of small packets
_WAYS: list[tuple[str, str, dict[str, Any], int]] = [
    ("keypoints, key picture on request", "keypoints", {"bitrate": 12_000, "live": True}, 0),
    ("keypoints, 3 copies", "keypoints", {"bitrate": 12_000, "live": True}, 3),
    ("predictive, key picture on request", "predictive", {"quality": 20}, 0),
    ("predictive, 2 copies", "predictive", {"quality": 20}, 2),
]


def bench_loss(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIPS", help="Talking heads.")],
    json_file: Annotated[Path, typer.Option("--json", metavar="OUT", help="The figures.")],
    losses: Annotated[
        str, typer.Option("--losses", metavar="S[xB],...", help="Shares in %, x mean burst: 0,5,10,10x4.")
    ] = "0,2,5,10,20,10x4",
    frames: Annotated[int, typer.Option("--frames", min=2, help="Of each clip.")] = 100,
    size: Annotated[int, typer.Option("--size", min=16, help="Pixels of the short side.")] = 256,
    seed: Annotated[int, typer.Option("--seed", help="Of the channel.")] = 1,
    every: Annotated[int, typer.Option("--every", min=1, help="Measure every so many pictures.")] = 4,
    ways: Annotated[str, typer.Option("--ways", help="Only those whose name begins so.")] = "",
) -> None:
    """Quality against packet loss: low-delay codecs over a channel that loses datagrams."""
    from genvc.errors import BadInput

    conditions = [_losses(text) for text in losses.split(",")]
    chosen = [way for way in _WAYS if way[0].startswith(ways)]
    if not chosen:
        raise BadInput(f"no way begins with '{ways}'; there are: {'; '.join(way[0] for way in _WAYS)}")
    about = f"genvc bench-loss CLIPS --losses {losses} --frames {frames} --size {size} --seed {seed}"
    result: dict[str, Any] = {
        "command": f"{about} --every {every}" + f" --ways '{ways}'" * bool(ways),
        "clips": [clip.name for clip in clips],
        "round_trip_seconds": 0.2,
        "cells": [],
    }
    for name, codec, options, copies in chosen:
        for text, condition in conditions:
            found = [
                _one(clip, codec, options, copies, condition, frames, size, seed + place, every)
                for place, clip in enumerate(clips)
            ]
            cell: dict[str, Any] = {"way": name, "losses": text}
            for key in found[0]:
                cell[key] = round(sum(one[key] for one in found) / len(found), 4)
            result["cells"].append(cell)
            typer.echo(", ".join(f"{key} {value}" for key, value in cell.items()))
            _write(json_file, result)


def _losses(text: str) -> tuple[str, Any]:
    from genvc.loss import Losses

    share, _, burst = text.partition("x")
    try:
        return text, Losses(float(share) / 100, float(burst or 1))
    except ValueError as error:
        raise typer.BadParameter(f"--losses is like 0,5,10x4, not '{text}'") from error


def _one(
    clip: Path,
    codec: str,
    options: dict[str, Any],
    copies: int,
    losses: Any,
    frames: int,
    size: int,
    seed: int,
    every: int,
) -> dict[str, float]:
    from itertools import islice

    import genvc
    from genvc import media
    from genvc.compare.measure import measure

    from .call import call

    info, source = media.frames(os.fspath(clip), size)
    pictures = [frame.rgb for frame in islice(source, frames)]
    made = call(genvc.create(codec, **options), pictures, info.fps, losses, copies=copies, seed=seed)
    places = range(0, len(pictures), every)
    figures = measure(
        (genvc.Frame(pictures[place], place) for place in places),
        (genvc.Frame(made.shown[place], place) for place in places),
        ("psnr", "lpips_alex"),
    )
    seconds = len(pictures) / float(info.fps)
    return {
        "kbps": made.bytes * 8 / 1000 / seconds,
        **{name: figure.mean for name, figure in figures.items() if figure.mean is not None},
        "held_share": made.held / len(pictures),
        "keys": float(made.keys),
        "lost_share": made.lost,
        "undecodable": float(made.undecodable),
    }


def _write(path: Path, result: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(result, indent=2) + "\n")
    os.replace(part, path)
