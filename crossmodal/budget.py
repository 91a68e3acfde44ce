"""As much of a picture as so many bytes hold: what is worth least goes first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from genvc.errors import BadInput
from genvc.types import Picture

from . import palette, sketch
from .representation import Box, Representation
from .syntax import pack

__all__ = ["Rung", "best_packet", "shortened"]


@dataclass(frozen=True, slots=True)
class Rung:
    """palette: level and step. sketch: level and share of lines; None leaves that layer out."""

    palette: tuple[int, int] | None
    sketch: tuple[int, float] | None


# From best to least. Lines are worth more than finer colours: with a palette of 12 cells a side, 80 bytes
# of lines take LPIPS from 0.86 to 0.70, 80 bytes of further cells leave it where it is.
_LADDER: Final = (
    Rung((4, 1), (7, 0.12)),
    Rung((4, 1), (6, 0.12)),
    Rung((4, 1), (6, 0.09)),
    Rung((4, 1), (5, 0.12)),
    Rung((3, 1), (5, 0.12)),
    Rung((3, 1), (5, 0.09)),
    Rung((3, 1), (5, 0.06)),
    Rung((3, 1), (4, 0.06)),
    Rung((3, 2), (3, 0.06)),
    Rung((3, 2), (2, 0.06)),
    Rung((2, 2), (2, 0.06)),
    Rung((2, 2), (1, 0.06)),
    Rung((2, 2), (0, 0.06)),
    Rung((2, 2), None),
    Rung((1, 2), None),
    Rung((0, 3), None),
)
_COLOURS: Final = tuple(Rung((level, 1), None) for level in (7, 6, 5, 4, 3, 2, 1, 0))
_LINES: Final = tuple(
    Rung(None, (level, share)) for level in range(7, -1, -1) for share in (0.12, 0.09, 0.06)
)


def best_packet(
    rgb: Picture, texts: Sequence[str], boxes: tuple[Box, ...], layers: Sequence[str], most: int
) -> bytes:
    """The packet of at most `most` bytes that shows most of the picture.

    texts: what can be said of it, the longest first. layers: those that may be used. Text is kept as long
    as anything is; it is shortened only where it alone is too long. Raises BadInput where not even an
    empty text fits.
    """
    wanted = Representation(
        texts[0] if "text" in layers else None, boxes=boxes if "layout" in layers and boxes else None
    )
    for rung in _ladder(layers):
        packet = pack(_built(rgb, wanted, rung))
        if len(packet) <= most:
            return packet
    if wanted.boxes is not None:
        return best_packet(rgb, texts, (), layers, most)
    if wanted.text is not None:
        for text in [*texts, *shortened(texts[-1])]:
            packet = pack(Representation(text))
            if len(packet) <= most:
                return packet
    raise BadInput(f"codec 'crossmodal': no packet of {most} bytes shows this picture")


def shortened(text: str) -> list[str]:
    """The text with fewer and fewer words, and at last with none."""
    words = text.split()
    return [*(" ".join(words[:count]) for count in range(len(words) - 1, 0, -1)), ""]


def _ladder(layers: Sequence[str]) -> tuple[Rung, ...]:
    if "palette" in layers and "sketch" in layers:
        return _LADDER
    if "palette" in layers:
        return _COLOURS
    if "sketch" in layers:
        return _LINES
    return (Rung(None, None),)


def _built(rgb: Picture, wanted: Representation, rung: Rung) -> Representation:
    found = wanted
    if rung.palette is not None:
        found = replace(found, palette=palette.measured(rgb, *rung.palette))
    if rung.sketch is not None:
        level, share = rung.sketch
        found = replace(found, sketch=sketch.drawn(rgb, level, share), sketch_level=level)
    return found
