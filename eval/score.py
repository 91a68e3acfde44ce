"""The command `score`: measure decoded pictures or a clip against the originals, without a codec."""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genvc.errors import BadInput
from genvc.types import Picture

if TYPE_CHECKING:
    from .metering import Metering

__all__ = ["score"]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".ppm"}
_BATCH = 8


def score(
    reference: Annotated[str, typer.Argument(metavar="REF", help="Folder of pictures, or a clip.")],
    decoded: Annotated[str, typer.Argument(metavar="DEC", help="Folder of pictures, or a clip.")],
    metrics: Annotated[
        str, typer.Option("--metrics", metavar="M,M", help="See docs/benchmarks.md.")
    ] = "psnr,ssim,msssim,lpips_alex,dists,fid,kid",
    json: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="Write the figures there.")
    ] = None,
) -> int:
    """Score decoded pictures against the originals: PSNR to LPIPS by pairs, FID and KID by sets.

    Pictures of two folders are paired by name without its ending; set metrics take all of each folder.
    """
    names = [name.strip() for name in metrics.split(",") if name.strip()]
    if not names:
        raise BadInput("name the metrics: --metrics psnr,fid")
    from .summary import damaged_metrics

    figures = _score(Path(reference), Path(decoded), names)
    found: dict[str, dict[str, Any]] = figures["metrics"]
    for name, entry in found.items():
        value = "" if entry["value"] is None else f"{entry['value']:.4f}"
        print(f"{name:<14} {value:>10}  {entry.get('words', '')}".rstrip())
    print(f"{figures['pairs']} pairs")
    if json is not None:
        from .run import command, write_json
        from .versions import versions

        write_json(Path(json), {"command": command(), "versions": versions(), **figures})
    damaged = damaged_metrics([{"words": {name: entry.get("words", "") for name, entry in found.items()}}])
    for line in damaged:
        print(f"genvc: {line}", file=sys.stderr)
    # A metric without its weights says so and is no failure; having none at all is.
    return 0 if not damaged and any(entry["value"] is not None for entry in found.values()) else 1


def _score(reference: Path, decoded: Path, names: Sequence[str]) -> dict[str, Any]:
    """Pairs, the reading of each metric, and what it says of itself; raises BadInput."""
    from .fingerprint import of_metric
    from .metering import Metering, MetricSet

    for path in (reference, decoded):
        if not path.exists():
            raise BadInput(f"no file or folder '{path}'")
    if reference.is_dir() != decoded.is_dir():
        raise BadInput("both are folders of pictures, or both are clips")
    for name in names:
        of_metric(name)
    metering = Metering(MetricSet(names), names)
    pairs = (_folders if reference.is_dir() else _clips)(reference, decoded, metering)
    found = {**metering.readings(), **metering.distances()}
    return {"pairs": pairs, "metrics": {name: found[name] for name in names}, "about": metering.about()}


def _clips(reference: Path, decoded: Path, metering: "Metering") -> int:
    """Measures two clips frame by frame; the number of frames."""
    from .clip import Clip
    from .metrics import pictures_to_tensor

    ours, theirs = Clip(str(reference), "").open()[1], Clip(str(decoded), "").open()[1]
    pairs = 0
    while batch := list(islice(ours, _BATCH)):
        others = list(islice(theirs, len(batch)))
        if len(others) < len(batch):
            raise BadInput(f"the decoded clip ends after {pairs + len(others)} frames, the reference goes on")
        pairs += len(batch)
        metering.add(*(pictures_to_tensor([frame.rgb for frame in some]) for some in (batch, others)))
    if next(theirs, None) is not None:
        raise BadInput(f"the decoded clip has more than the reference's {pairs} frames")
    return pairs


def _folders(reference: Path, decoded: Path, metering: "Metering") -> int:
    """Measures the pictures that both folders have by pairs, and all of them as sets; the number of pairs."""
    from .metrics import pictures_to_tensor

    ours, theirs = _pictures(reference), _pictures(decoded)
    common = [stem for stem in ours if stem in theirs]
    if metering.meters and not common:
        raise BadInput("no picture has the same name in both folders")
    for stem in common:
        pair = [pictures_to_tensor([_picture(files[stem])]) for files in (ours, theirs)]
        try:
            metering.add_pair(*pair)
        except BadInput as error:
            raise BadInput(f"'{stem}': {error}") from error
    if metering.sides:
        for side, files in enumerate((ours, theirs)):
            for path in files.values():
                metering.add_to_sets(pictures_to_tensor([_picture(path)]), side)
    return len(common)


def _pictures(folder: Path) -> dict[str, Path]:
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in _SUFFIXES}
    if not found:
        raise BadInput(f"no pictures in '{folder}'")
    return found


def _picture(path: Path) -> Picture:
    from genvc import media

    frame = next(media.frames(path)[1], None)
    if frame is None:
        raise BadInput(f"'{path.name}' holds no picture")
    return frame.rgb
