"""From a quality to what is coded: sizes, grades and lines that go together; the search for a size."""

import math
from collections.abc import Callable
from typing import Final

from genvc.errors import BadInput
from genvc.learned.quality import GRADES

from .engine import Plan
from .textures import thrift_of

__all__ = ["RUNGS", "plan", "rung_of", "within"]

RUNGS: Final = 128
_LEAST, _OCTAVE = 0.008, 22.0  # bits a pixel of rung 0, and rungs to twice as many
# up to so many bits a pixel: eighths of the size, share of lines; chosen on the validation photos
_CHOSEN = ((0.014, 2, 0.003), (0.021, 3, 0.003), (0.04, 4, 0.003), (0.085, 6, 0.003), (math.inf, 8, 0.003))
# of stills: eighths of the size, from and up to how many bits a pixel, and the grades; as the validation
# photos are coded, of which a larger size is the better one on average wherever it goes so low; the full size
# begins at grade 1, since at 0 it takes fewer bytes on smooth pictures than the size before, and shows less
_STILLS: Final = (
    (3, 0.016, 0.0226, 0, 2),
    (4, 0.0226, 0.044, 0, 5),
    (6, 0.044, 0.078, 0, 4),
    (8, 0.078, 0.116, 1, 3),
    (8, 0.116, 0.168, 3, 8),
    (8, 0.168, 0.3, 8, 20),
    (8, 0.3, 0.437, 20, 63),
)
# lines cost more than they bring: as few as still say what a picture shows when they are searched
_STILL_LINES = 0.0015
# bits a pixel of grade 0 at half size; of rungs a grade; how they grow with the size; beyond half size, where
# the encoder rounds to the nearest, so much more
_GRADE_0, _GRADES_AN_OCTAVE, _POWER, _NEAREST = 0.0185, 10.0, 1.8, 1.14


def rung_of(quality: float) -> int:
    """Quality 0 to 100 as a rung."""
    return max(0, min(RUNGS - 1, round(quality / 100 * (RUNGS - 1))))


def plan(texture: str, rung: int, lines: float | None = None, regions: int = 1) -> Plan:
    """What a rung codes. texture: of textures.KINDS. lines: share of the line map's samples, None for what
    suits the rate.
    """
    bpp = _LEAST * 2 ** (rung / _OCTAVE)
    if texture == "still":
        return Plan(*_still(bpp), _STILL_LINES if lines is None else lines, regions)
    eighths, share = next((size, share) for most, size, share in _CHOSEN if bpp <= most)
    least = _GRADE_0 * (eighths / 4) ** _POWER * (_NEAREST if thrift_of(eighths) == 0 else 1)
    grade = _GRADES_AN_OCTAVE * math.log2(bpp / least)
    return Plan(eighths, max(0, min(GRADES - 1, round(grade))), share if lines is None else lines, regions)


def _still(bpp: float) -> tuple[int, int]:
    """The size, and the grade between those of the ends of its range."""
    eighths, low, high, first, last = next((one for one in _STILLS if bpp <= one[2]), _STILLS[-1])
    share = math.log2(min(max(bpp, low), high) / low) / math.log2(high / low)
    return eighths, round(first + share * (last - first))


def within(encode: Callable[[int], bytes], limit: int) -> bytes:
    """The packet of the best rung of at most `limit` bytes; raises BadInput if the smallest one is larger.

    encode: rung to packet. Sizes do not always rise from rung to rung: a bisection finds a good one, and
    what it returns is never too large.
    """
    low, high = 0, RUNGS - 1
    best: bytes | None = None
    least = 0
    while low <= high:
        middle = (low + high) // 2
        made = encode(middle)
        if len(made) <= limit:
            best, low = made, middle + 1
        else:
            high, least = middle - 1, len(made)
    if best is None:
        raise BadInput(f"the smallest packet of this picture has {least} bytes, not {limit}")
    return best
