"""The command `bench-loss`: measure what losses do to calls, and what mends them."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["bench_loss"]


@dataclass(frozen=True, slots=True)
class Way:
    """A codec and what mends its losses; copies, repair: of loss.Sender; delay: pictures shown later."""

    codec: str
    options: dict[str, Any]
    copies: int = 0
    repair: float = 0
    delay: int = 0


_REPAIR = 0.75
_KEYPOINTS = {"bitrate": 12_000, "live": True}
_WAYS = {
    "keypoints, key picture on request": Way("keypoints", _KEYPOINTS),
    "keypoints, 2 copies": Way("keypoints", _KEYPOINTS, 2),
    "keypoints, 2 copies and repair": Way("keypoints", _KEYPOINTS, 2, _REPAIR),
    "keypoints, mended, 80 ms": Way("keypoints", _KEYPOINTS, 2, _REPAIR, 2),
    "x264, key picture on request": Way("x264-live", {"bitrate": 30_000}),
    "x264, mended, 80 ms": Way("x264-live", {"bitrate": 10_000}, 2, _REPAIR, 2),
    "x265, mended, 80 ms": Way("x265-live", {"bitrate": 10_000}, 2, _REPAIR, 2),
    "predictive, key picture on request": Way("predictive", {"quality": 20}),
    "predictive, mended, 80 ms": Way("predictive", {"quality": 20}, 2, _REPAIR, 2),
}
_OTHERS = {"late": "late", "double": "double", "bits": "bit_errors"}


def bench_loss(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIPS", help="Talking heads.")],
    json_file: Annotated[Path, typer.Option("--json", metavar="OUT", help="The figures.")],
    losses: Annotated[
        str,
        typer.Option(
            "--losses",
            metavar="S[xB],...",
            help="Shares in %, x mean burst: 0,10,10x4; late10, double10: % that arrive late or twice; "
            "bits0.001: % of bits that are flipped.",
        ),
    ] = "0,2,5,10,20,10x4",
    frames: Annotated[int, typer.Option("--frames", min=2, help="Of each clip.")] = 100,
    size: Annotated[int, typer.Option("--size", min=16, help="Pixels of the short side.")] = 256,
    seed: Annotated[int, typer.Option("--seed", help="Of the channel.")] = 1,
    every: Annotated[int, typer.Option("--every", min=1, help="Measure every so many pictures.")] = 4,
    ways: Annotated[
        str, typer.Option("--ways", help="Only those whose name begins so, with ; between.")
    ] = "",
) -> None:
    """Quality against packet loss: low-delay codecs over a channel that loses datagrams."""
    from genvc.errors import BadInput

    conditions = [_losses(text) for text in losses.split(",")]
    asked = tuple(text.strip() for text in ways.split(";"))
    chosen = {name: way for name, way in _WAYS.items() if name.startswith(asked)}
    if not chosen:
        raise BadInput(f"no way begins with '{ways}'; there are: {'; '.join(_WAYS)}")
    about = f"genvc bench-loss CLIPS --losses {losses} --frames {frames} --size {size} --seed {seed}"
    result: dict[str, Any] = {
        "command": f"{about} --every {every}" + f" --ways '{ways}'" * bool(ways),
        "clips": [clip.name for clip in clips],
        "round_trip_seconds": 0.2,
        "cells": [],
    }
    known: dict[str, Any] = {}
    for name, way in chosen.items():
        for text, condition in conditions:
            found = [
                _one(clip, way, condition, frames, size, seed + place, every, known)
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

    try:
        for word, name in _OTHERS.items():
            if text.startswith(word):
                other: dict[str, Any] = {name: float(text.removeprefix(word)) / 100}
                return text, Losses(**other)
        share, _, burst = text.partition("x")
        return text, Losses(float(share) / 100, float(burst or 1))
    except ValueError as error:
        raise typer.BadParameter(f"--losses is like 0,5,10x4,late10, not '{text}'") from error


def _one(
    clip: Path,
    way: Way,
    losses: Any,
    frames: int,
    size: int,
    seed: int,
    every: int,
    known: dict[str, Any],
) -> dict[str, float]:
    """The figures of one call. known: clips and their codecs, which remember."""
    from itertools import islice

    import genvc
    from genvc import media
    from genvc.compare.measure import measure

    from .call import call
    from .remembered import Remembered

    if str(clip) not in known:
        info, source = media.frames(os.fspath(clip), size)
        known[str(clip)] = [frame.rgb for frame in islice(source, frames)], info.fps
    pictures, fps = known[str(clip)]
    name = f"{clip} {way.codec} {way.options}"
    if name not in known:
        known[name] = Remembered(genvc.create(way.codec, **way.options))
    made = call(
        known[name],
        pictures,
        fps,
        losses,
        copies=way.copies,
        repair=way.repair,
        delay=way.delay,
        seed=seed,
    )
    places = range(0, len(pictures), every)
    figures = measure(
        (genvc.Frame(pictures[place], place) for place in places),
        (genvc.Frame(made.shown[place], place) for place in places),
        ("psnr", "lpips_alex"),
    )
    seconds = len(pictures) / float(fps)
    return {
        "kbps": made.bytes * 8 / 1000 / seconds,
        **{name: figure.mean for name, figure in figures.items() if figure.mean is not None},
        "held_share": made.held / len(pictures),
        "keys": float(made.keys),
        "lost_share": made.lost,
        "undecodable": float(made.undecodable),
        "datagrams_per_second": made.datagrams / seconds,
    }


def _write(path: Path, result: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(result, indent=2) + "\n")
    os.replace(part, path)
