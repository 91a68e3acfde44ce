"""What line maps cost as PNG, WebP and JBIG2, beside the line coder's own bytes.

    python -m conceptual.line_formats FOLDER --json out.json

For JBIG2 the coder of its generic regions is computed here: template 0 with its nominal adaptive samples, the
MQ coder's states, typical prediction where it helps (ITU-T T.88, 6.2 and annex E). Its bits are counted
without stuffing, segments and page, so a file of it is larger by 60 bytes or so.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import cv2
import numpy as np
import torch
import typer

from genvc import media
from genvc.entropy import SymbolEncoder
from genvc.errors import BadInput
from genvc.models import full_name

from .build import MODEL, engine_of
from .line_model import LineNetwork, write_lines
from .lines import Lines, drawn

__all__ = ["compared", "jbig2_bytes", "own_bytes", "png_bytes", "webp_bytes"]

_SHARES: Final = (0.003, 0.01, 0.03, 0.06)

# (Qe, next state after the likelier symbol, after the other, whether the likelier one changes): table E.1
_STATES: Final = (
    (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0), (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0), (0x5601, 7, 6, 1), (0x5401, 8, 14, 0), (0x4801, 9, 14, 0), (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0), (0x2401, 12, 18, 0), (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0), (0x5101, 17, 15, 0), (0x4801, 18, 16, 0), (0x3801, 19, 17, 0), (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0), (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0), (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0), (0x1601, 27, 24, 0), (0x1401, 28, 25, 0), (0x1201, 29, 26, 0), (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0), (0x09C1, 32, 29, 0), (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0), (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0), (0x0025, 42, 39, 0), (0x0015, 43, 40, 0), (0x0009, 44, 41, 0), (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0),
)  # fmt: skip
_TEMPLATE: Final = (
    *((0, -x) for x in range(1, 5)),
    *((-1, x) for x in range(-3, 4)),
    *((-2, x) for x in range(-2, 3)),
)
_TYPICAL: Final = 1 << len(_TEMPLATE)  # the context of "this row is the one above"


def own_bytes(network: LineNetwork, lines: Lines) -> int:
    """Of the line coder."""
    coder = SymbolEncoder()
    write_lines(coder, network, lines)
    return len(coder.finish())


def png_bytes(lines: Lines) -> int:
    """Of the smallest PNG of one bit a sample, all of zlib's strategies tried."""
    fixed = [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY]
    return min(len(cv2.imencode(".png", _grey(lines), [*fixed, one])[1]) for one in range(5))


def webp_bytes(lines: Lines) -> int:
    """Of lossless WebP."""
    rgb = np.repeat(_grey(lines)[..., None], 3, 2)
    return len(cv2.imencode(".webp", rgb, [cv2.IMWRITE_WEBP_QUALITY, 101])[1])


def jbig2_bytes(lines: Lines) -> int:
    """Of a generic region of JBIG2, with or without typical prediction."""
    return min(-(-_mq_bits(_symbols(lines, typical)) // 8) for typical in (False, True))


def compared(pictures: Iterable[Path], network: LineNetwork, shares: Sequence[float] = _SHARES) -> Any:
    """Bytes of the line maps of each picture, and their sums, for each share of lines."""
    files: dict[str, Any] = {}
    sums = {f"{share:g}": dict.fromkeys(("own", "png", "webp", "jbig2"), 0) for share in shares}
    for file in pictures:
        rgb = next(iter(media.frames(file)[1])).rgb
        files[file.name] = {}
        for share in shares:
            lines = drawn(rgb, share)
            sizes = {
                "own": own_bytes(network, lines),
                "png": png_bytes(lines),
                "webp": webp_bytes(lines),
                "jbig2": jbig2_bytes(lines),
            }
            files[file.name][f"{share:g}"] = sizes
            for name, size in sizes.items():
                sums[f"{share:g}"][name] += size
    return {"sums": sums, "pictures": files}


def _grey(lines: Lines) -> Any:
    return lines.astype(np.uint8) * 255


def _symbols(lines: Lines, typical: bool) -> Iterable[tuple[int, int]]:
    """(context, flag) in the order in which they are coded."""
    high, wide = lines.shape
    padded = np.zeros((high + 2, wide + 8), np.int64)
    padded[2:, 4:-4] = lines
    context = np.zeros((high, wide), np.int64)
    for bit, (row, column) in enumerate(_TEMPLATE):
        context |= padded[2 + row : 2 + row + high, 4 + column : 4 + column + wide] << bit
    same = (padded[2:] == padded[1:-1]).all(1).tolist()
    before = False
    for row, (contexts, flags) in enumerate(zip(context.tolist(), lines.tolist(), strict=True)):
        if typical:
            yield _TYPICAL, same[row] != before
            before = same[row]
            if before:
                continue
        yield from zip(contexts, flags, strict=True)


def _mq_bits(symbols: Iterable[tuple[int, int]]) -> int:
    """How many bits the MQ coder shifts out: annex E's encoder without its code register."""
    states, likelier = [0] * (_TYPICAL + 1), [0] * (_TYPICAL + 1)
    interval, bits = 0x8000, 0
    for context, flag in symbols:
        share, after, otherwise, turns = _STATES[states[context]]
        interval -= share
        if flag == likelier[context]:
            if interval >= 0x8000:
                continue
            interval = max(interval, share)
            states[context] = after
        else:
            interval = min(interval, share)
            likelier[context] ^= turns
            states[context] = otherwise
        shift = 16 - interval.bit_length()
        interval <<= shift
        bits += shift
    return bits + 16  # what is left in the register at the end


def _main(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Pictures, as PNG.")],
    target: Annotated[Path, typer.Option("--json", metavar="FILE", help="Where the figures go.")],
    most: Annotated[int, typer.Option("--most", min=1, help="At most so many pictures.")] = 1000,
) -> None:
    files = sorted(folder.glob("*.png"))[:most]
    if not files:
        raise BadInput(f"there are no PNGs in {folder}")
    name = full_name(MODEL)
    found = compared(files, engine_of(name, torch.device("cpu")).lines)
    about = {
        "command": f"python -m conceptual.line_formats {folder.name} --json {target.name}",
        "model": name,
    }
    target.write_text(json.dumps({**about, **found}, indent=1) + "\n", encoding="utf-8")
    for share, sizes in found["sums"].items():
        means = ", ".join(f"{name} {size / len(files):.0f}" for name, size in sizes.items())
        print(f"share {share}: {means} bytes a picture", file=sys.stderr)


if __name__ == "__main__":
    typer.run(_main)
