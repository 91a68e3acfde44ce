"""How much worse than by one codec alone the pictures of another become, picture by picture.

    python -m eval.bound CLIP... --rates 10000,25000 --json out.json

For the bound of `auto`: on no picture is it worse in LPIPS than `predictive` alone at the same rate by more
than 0.05.
"""

import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from genvc import media
from genvc.codec import create
from genvc.errors import Notice
from genvc.types import Frame

from .metrics.lpips import lpips_alex

__all__ = ["Coded", "coded", "compared", "worse"]

_OVERHEAD = 1.02  # bytes of the container, a packet


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """kbps: of packets and their share of the container. losses: LPIPS of the pictures that are measured."""

    kbps: float
    losses: Sequence[float]


def coded(name: str, frames: Sequence[Frame], fps: Fraction, bitrate: float, every: int) -> Coded:
    """The clip through a codec at a rate; each `every`-th picture is measured."""
    codec = create(name, device="cpu", bitrate=bitrate)
    high, wide = frames[0].rgb.shape[:2]
    info = codec.describe(wide, high, fps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        packets = list(codec.encode(frames, info))
    shown = [frame.rgb for frame in codec.decode(packets, info)][::every]
    size = sum(len(packet.payload) + _OVERHEAD for packet in packets)
    losses = lpips_alex([frame.rgb for frame in frames[::every]], shown)
    return Coded(8 * size * float(fps) / len(frames) / 1000, losses)


def worse(one: Coded, other: Coded) -> dict[str, Any]:
    """How much worse `one` is than `other`: at its worst picture (of those measured), and on average."""
    by = np.array(one.losses) - np.array(other.losses)
    return {
        "kbps": [round(one.kbps, 2), round(other.kbps, 2)],
        "lpips_alex": [round(float(np.mean(coded.losses)), 4) for coded in (one, other)],
        "worst_by": round(float(by.max()), 4),
        "worst_picture": int(by.argmax()),
        "mean_by": round(float(by.mean()), 4),
    }


def compared(
    clips: Sequence[Path], rates: Sequence[float], frames: int, every: int, names: tuple[str, str]
) -> list[dict[str, Any]]:
    """A row for each clip and rate."""
    rows = []
    for clip in clips:
        stream, all_frames = media.frames(clip)
        some = [frame for frame, _ in zip(all_frames, range(frames), strict=False)]
        for rate in rates:
            one, other = (coded(name, some, Fraction(stream.fps), rate, every) for name in names)
            row = {"clip": clip.stem, "bitrate": rate, "pictures": len(some), **worse(one, other)}
            row["worst_picture"] = every * int(row["worst_picture"])
            print(f"{clip.stem} {rate / 1000:g} kbit/s: worse by {row['worst_by']}", file=sys.stderr)
            rows.append(row)
    return rows


def _main(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIP...")],
    json_file: Annotated[Path, typer.Option("--json", metavar="OUT", help="The figures.")],
    rates: Annotated[str, typer.Option("--rates", help="Bit/s, with commas between.")] = "10000,25000",
    frames: Annotated[int, typer.Option("--frames", min=1, help="Of each clip, its first ones.")] = 60,
    every: Annotated[int, typer.Option("--every", min=1, help="Measure every so many pictures.")] = 3,
    names: Annotated[str, typer.Option("--codecs", help="Two.")] = "auto,predictive",
) -> None:
    """Write how much worse the first codec is than the second, at its worst picture."""
    one, other = names.split(",")
    rows = compared(clips, [float(rate) for rate in rates.split(",")], frames, every, (one, other))
    result = {
        "command": f"python -m eval.bound CLIPS --rates {rates} --frames {frames} --every {every} "
        f"--codecs {names}",
        "codecs": [one, other],
        "worst_by": max(row["worst_by"] for row in rows),
        "rows": rows,
    }
    json_file.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command()(_main)
    app()
