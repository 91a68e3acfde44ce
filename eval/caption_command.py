"""Score captions in streams: what pictures become as text, against what people say of them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genvc.types import Picture

__all__ = ["caption_score"]

_COLUMNS = 4
_TILE = 240


def caption_score(
    data: Annotated[
        Path,
        typer.Option(
            "--data", envvar="GENVC_DATA", metavar="DIR", help="Has captions/captions.csv and SPLIT."
        ),
    ],
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    codec: Annotated[str, typer.Option("--codec", help="One whose streams have words.")] = "crossmodal",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the codec; may be repeated."),
    ] = None,
    square: Annotated[
        int,
        typer.Option("--square", metavar="N", help="Scale and crop pictures to NxN first; 0 leaves them."),
    ] = 0,
    model: Annotated[str, typer.Option("--model", help="Name of the weights; default: the codec's.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Take so many pictures only; 0 takes all.")
    ] = 0,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the figures there.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="PNG", help="Pictures and what was decoded, side by side."),
    ] = None,
) -> None:
    """Code captioned pictures, and measure words (BLEU, CIDEr-D), pictures (LPIPS, CLIP score) and bytes."""
    from genvc import models
    from genvc.cli.transcode import codec_options
    from genvc.codec import create

    from .captioned import Coded, coded, figures, pictures
    from .run import command, write_json
    from .versions import versions

    made = create(codec, model, "cpu", **codec_options(None, None, option))
    done: list[Coded] = []
    for name, rgb, references in pictures(data, split, square)[: limit or None]:
        done.append(coded(made, name, rgb, references))
        print(f"{name}: {done[-1].bytes} bytes: {done[-1].text}", file=sys.stderr)
    found = figures(done)
    for key, value in found["means"].items():
        print(f"{key:<28} {value if value is not None else ''}")
    for line in found["words"]:
        print(f"genvc: {line}", file=sys.stderr)
    if json is not None:
        here = [name for name, one in models.models().items() if one.codec == codec]
        about = {"command": command(), "versions": versions(), "models": here, "split": split}
        write_json(json, {**about, **found})
    if sheet is not None:
        _write_sheet(sheet, [(one.rgb, one.shown) for one in done])


def _write_sheet(path: Path, pairs: "Sequence[tuple[Picture, Picture]]") -> None:
    """Each picture beside what was decoded, in rows."""
    from fractions import Fraction

    import cv2
    import numpy as np

    from genvc import media
    from genvc.types import Frame

    def tile(rgb: "Picture") -> Any:
        scale = _TILE / max(rgb.shape[:2])
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        page = np.full((_TILE, _TILE, 3), 255, np.uint8)
        page[: size[1], : size[0]] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        return page

    tiles = [np.hstack([tile(one), tile(other)]) for one, other in pairs]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[at : at + _COLUMNS]) for at in range(0, len(tiles), _COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    media.write(path, [Frame(np.vstack(rows), 0)], Fraction(1))
