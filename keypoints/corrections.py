"""What later references cost as stills, and as corrections of what the decoder would generate there.

    python -m keypoints.corrections CLIP... --bitrate 12000 --json out.json

A group of each clip is coded. Its second reference and those after it are then coded again in four ways, each
at several qualities: as AVIF stills, which is what the codec does; as predicted pictures of `predictive` that
start from the generated picture; as AVIF stills of half the difference to it, at its size and half of that.
The LPIPS (alex) is that of the pictures that are shown from the reference. docs/keypoints.md has the outcome.
"""

import json
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer

from genvc import media
from genvc.codec import create
from genvc.learned.picture import WIDTH
from genvc.models import full_name
from genvc.predictive.build import networks_of
from genvc.predictive.model import STATE, Reference
from genvc.predictive.networks import Made, Networks
from genvc.types import Frame, Packet, Picture

from .codec import KeyPoints
from .field import smooth_field, total_field
from .group import analysed
from .moments import Moment, read
from .motion import Grid, carried, measure, project, texture
from .scale import resized
from .scene import Scene, Shown
from .warp import to_tensor

__all__ = ["as_many_bytes", "begun"]

_MODEL = "predictive-lpips"
_QUALITIES, _GRADES = (5, 20, 35, 50, 65), (0, 12, 24, 36, 46)
_DIFFERENCE, _HALF_DIFFERENCE = (0, 20, 40, 60), (20, 50)
_SHOWN = 3  # pictures of each reference that are looked at
_BLOCK = 16

Loss = Callable[[Picture, Picture], float]
Point = tuple[int, float]


def begun(networks: Networks, picture: Picture) -> Made:
    """A picture of a multiple of 16 pixels each way that no packet brought, for a predicted picture to start
    from. Nothing is known of how it came to be: no features, and states of 0, so that the integers of what
    starts from it depend on the packet alone.
    """
    samples = to_tensor(picture, networks.device).float() / 255
    high, wide = samples.shape[2] // _BLOCK, samples.shape[3] // _BLOCK
    features = torch.zeros((1, WIDTH, 4 * high, 4 * wide), device=networks.device)
    state = torch.zeros((1, STATE, high, wide), dtype=torch.float64)
    return Made(b"\0", Reference(samples, features, state, torch.zeros_like(state)), picture, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """A reference that is not the first one. source: number of the picture that it is of. users: numbers of
    pictures shown from it. size: bytes of its pixels. shown: as decoded. before: scenes of earlier sources.
    """

    source: int
    users: Sequence[int]
    size: int
    shown: Shown
    before: Sequence[tuple[int, Moment]]


def later(moments: Sequence[Moment], scenes: Sequence[Scene]) -> Iterator[Later]:
    """Those of a group."""
    found: list[tuple[int, Moment]] = []
    for moment in moments:
        record = moment.reference
        if record is None:
            continue
        users = [n for n, one in enumerate(moments) if one.picture.slot == record.slot]

        def away(number: int, record: Any = record) -> float:
            # the picture that a reference is of is shown from it without any motion
            shown = moments[number].picture
            face = (
                0
                if shown.structure is None or record.structure is None
                else shown.structure - record.structure.motion
            )
            return float(np.abs(shown.motion).sum() + np.abs(face).sum())

        source = min(users, key=away)
        if found:
            yield Later(source, users, len(moment.pixels), scenes[source].reference, list(found))
        found.append((source, moment))


class Trial:
    """One clip, coded once at a rate; what each way of coding a later reference gives."""

    def __init__(self, pictures: Sequence[Picture], fps: Fraction, bitrate: float, loss: Loss) -> None:
        codec = create("keypoints", device="cpu", bitrate=bitrate, seconds=60)
        assert isinstance(codec, KeyPoints)
        self.codec, self.pictures, self.loss = codec, pictures, loss
        self.high, self.wide = pictures[0].shape[:2]
        self.grid = Grid(self.wide, self.high)
        self.networks = networks_of(full_name(_MODEL), torch.device("cpu"))
        info = codec.describe(self.wide, self.high, fps)
        packets = list(codec.encode([Frame(rgb, number) for number, rgb in enumerate(pictures)], info))
        self.scenes = list(codec.scenes(packets, info))
        self.later = list(later(list(read(packets, info, codec.basis)), self.scenes))

    def generated(self, one: Later) -> tuple[Picture, Shown]:
        """The best picture that an earlier reference gives for this one, and that reference."""
        truth = self.pictures[one.source]
        tried = [
            (self._from(one.source, *earlier), self.scenes[earlier[0]].reference) for earlier in one.before
        ]
        return min(tried, key=lambda pair: self.loss(truth, pair[0]))

    def _from(self, number: int, source: int, moment: Moment) -> Picture:
        assert moment.reference is not None
        grey, other = analysed(self.pictures[number]), analysed(self.pictures[source])
        here, there = self.scenes[number].points, self.scenes[source].points
        scale = grey.shape[0] / self.high
        guess = None if here is None or there is None else carried(here, there, grey.shape, scale)
        flow = measure(grey, other, self.grid, guess) * 256 / min(grey.shape)
        size = (self.grid.wide, self.grid.high)
        weight = np.asarray(cv2.resize(texture(other), size, interpolation=cv2.INTER_AREA), np.float64)
        numbers = np.rint(
            project(flow[None], weight + 0.3 * weight.mean(), moment.reference.basis, self.grid)[0]
        )
        reference = self.scenes[source].reference
        spectrum = np.tensordot(numbers, reference.fields, 1)
        field = smooth_field(self.grid, spectrum, self.wide, self.high)
        if here is not None and reference.points is not None:
            field = total_field(
                field, self.codec.mesh, here, reference.points, self.wide, self.high, (True, True)
            )
        return self.codec.painter.painted(Scene(reference, field, here, 0), OrderedDict())

    def ways(self, one: Later) -> dict[str, list[Point]]:
        """Bytes and loss, at several qualities of each way."""
        truth = self.pictures[one.source]
        start, earlier = self.generated(one)
        found: dict[str, list[Point]] = {
            "still": [],
            "predicted": [],
            "difference": [],
            "half difference": [],
        }
        for quality in _QUALITIES:
            shown, size = _still(truth, quality)
            found["still"].append((size, self.lost(one, shown, self._bpp(size))))
        for grade in _GRADES:
            made = self.networks.encode_predicted(truth, grade, begun(self.networks, start))
            shown, size = self.networks.rgb(made.reference, self.wide, self.high), len(made.payload)
            found["predicted"].append((size, self.lost(one, shown, self._bpp(size) + earlier.bpp)))
        apart = (128 + (truth.astype(int) - start) / 2).round().clip(0, 255).astype(np.uint8)
        for name, qualities, part in (
            ("difference", _DIFFERENCE, 1),
            ("half difference", _HALF_DIFFERENCE, 2),
        ):
            for quality in qualities:
                small, size = _still(resized(apart, self.wide // part, self.high // part), quality)
                added = 2 * (resized(small, self.wide, self.high).astype(int) - 128)
                shown = (start + added).clip(0, 255).astype(np.uint8)
                found[name].append((size, self.lost(one, shown, self._bpp(size) + earlier.bpp)))
        return found

    def lost(self, one: Later, rgb: Picture, bpp: float) -> float:
        """By pictures that are shown from the reference when it looks so."""
        reference = replace(one.shown, pixels=to_tensor(rgb, torch.device("cpu")), bpp=bpp)
        places = np.unique(np.linspace(0, len(one.users) - 1, _SHOWN).round().astype(int))
        known: OrderedDict[int, tuple[Shown, Any]] = OrderedDict()
        losses = []
        for number in [one.users[place] for place in places]:
            scene = replace(self.scenes[number], reference=reference)
            losses.append(self.loss(self.pictures[number], self.codec.painter.painted(scene, known)))
        return float(np.mean(losses))

    def _bpp(self, size: int) -> float:
        return 8 * size / (self.wide * self.high)


def _still(rgb: Picture, quality: int) -> tuple[Picture, int]:
    """An AVIF still as decoded, and its bytes."""
    codec = create("avif", device="cpu", quality=quality)
    info = codec.describe(rgb.shape[1], rgb.shape[0], Fraction(1))
    (packet,) = codec.encode([Frame(rgb, 0)], info)
    (frame,) = codec.decode([Packet(packet.payload, 0, True)], info)
    return frame.rgb, len(packet.payload)


def as_many_bytes(points: Sequence[Point], loss: float) -> float | None:
    """For which a way has so much loss, between its points; None below its best or above its worst."""
    ordered = sorted(points)
    for (less, worse), (more, better) in pairwise(ordered):
        if better <= loss <= worse:
            share = (worse - loss) / max(worse - better, 1e-9)
            return float(less * (more / less) ** share)
    return None


def compared(
    clips: Sequence[Path], bitrates: Sequence[float], frames: int, loss: Loss
) -> list[dict[str, Any]]:
    """A row for each later reference of each clip at each rate."""
    rows = []
    for clip in clips:
        stream, source = media.frames(clip)
        pictures = [frame.rgb for frame in islice(source, frames)]
        for bitrate in bitrates:
            trial = Trial(pictures, Fraction(stream.fps), bitrate, loss)
            for one in trial.later:
                points = trial.ways(one)
                now = trial.lost(one, picture_of(one.shown), one.shown.bpp)
                row: dict[str, Any] = {"clip": clip.stem, "bitrate": bitrate, "picture": one.source}
                row |= {"bytes": one.size, "lpips_alex": round(now, 4)}
                row["bytes_for_as_much"] = {
                    name: None if (found := as_many_bytes(some, now)) is None else round(found)
                    for name, some in points.items()
                }
                row["ways"] = {
                    name: [[size, round(lost, 4)] for size, lost in some] for name, some in points.items()
                }
                print(json.dumps(row), file=sys.stderr)
                rows.append(row)
    return rows


def picture_of(shown: Shown) -> Picture:
    """A reference's pixels."""
    found: Picture = shown.pixels[0].permute(1, 2, 0).cpu().numpy()
    return found


def _loss() -> Loss:
    import lpips

    network = lpips.LPIPS(net="alex", verbose=False).eval()

    def loss(one: Picture, other: Picture) -> float:
        with torch.no_grad():
            return float(
                network(*(to_tensor(rgb, torch.device("cpu")).float() / 127.5 - 1 for rgb in (one, other)))
            )

    return loss


def _main(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIP...", help="Sides of multiples of 16 pixels.")],
    json_file: Annotated[Path, typer.Option("--json", metavar="OUT", help="The figures.")],
    bitrate: Annotated[str, typer.Option("--bitrate", help="Bit/s, with commas between.")] = "12000,20000",
    frames: Annotated[int, typer.Option("--frames", min=2, help="Of each clip.")] = 75,
) -> None:
    """Write what each way of coding later references costs."""
    rows = compared(clips, [float(one) for one in bitrate.split(",")], frames, _loss())
    command = f"python -m keypoints.corrections CLIPS --bitrate {bitrate} --frames {frames}"
    json_file.write_text(json.dumps({"command": command, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command()(_main)
    app()
