"""Pictures side by side, each under its title."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..types import Picture

__all__ = ["labelled_row", "labelled_sheet"]

_BAR = 18
_TEXT = 12
_GAP = 2
_INK, _PAPER = (255, 255, 255), (24, 24, 24)


def labelled_row(pictures: Sequence[Picture], titles: Sequence[str]) -> Picture:
    """Pictures of one size, uint8 (height, width, 3), left to right under their titles."""
    high = pictures[0].shape[0]
    gap = np.full((high, _GAP, 3), _PAPER, np.uint8)
    joined = [part for picture in pictures for part in (picture, gap)][:-1]
    body = np.concatenate(joined, axis=1)
    return np.concatenate([_bar(titles, pictures[0].shape[1] + _GAP, body.shape[1]), body])


def labelled_sheet(rows: Sequence[tuple[str, Sequence[Picture]]], titles: Sequence[str]) -> Picture:
    """Rows of pictures, top to bottom, each row with its own title before the others."""
    strips = [labelled_row(pictures, [f"{name}: {titles[0]}", *titles[1:]]) for name, pictures in rows]
    return np.concatenate(strips)


def _bar(titles: Sequence[str], pitch: int, width: int) -> Picture:
    bar = Image.new("RGB", (width, _BAR), _PAPER)
    pen = ImageDraw.Draw(bar)
    for place, title in enumerate(titles):
        font = ImageFont.load_default(_TEXT)
        # a title wider than its picture is set smaller rather than over its neighbour
        for points in range(_TEXT, 6, -1):
            font = ImageFont.load_default(points)
            if pen.textlength(title, font=font) <= pitch - 6:
                break
        pen.text((place * pitch + 3, 2), title, fill=_INK, font=font)
    return np.asarray(bar)
