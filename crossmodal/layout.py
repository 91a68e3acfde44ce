"""Boxes of people and faces, two to three bytes each."""

from typing import Final

from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.errors import BadInput, CorruptStream

from .representation import KINDS, MAX_BOXES, UNITS, Box

__all__ = ["get", "put"]

_COUNT: Final = (16, 24, 8, 6, 4, 3, 2, 2, 2)  # of 0 .. MAX_BOXES boxes


def put(encoder: SymbolEncoder, boxes: tuple[Box, ...]) -> None:
    """Write the boxes; BadInput for too many, or for one that is not inside the picture."""
    if len(boxes) > MAX_BOXES:
        raise BadInput(f"a layout has at most {MAX_BOXES} boxes, not {len(boxes)}")
    encoder.put(len(boxes), AdaptiveModel(_COUNT))
    kinds = AdaptiveModel(len(KINDS), 1, 64)
    for box in boxes:
        if not (0 <= box.left < box.right <= UNITS and 0 <= box.top < box.bottom <= UNITS):
            raise BadInput("a box of the layout is empty or outside of the picture")
        encoder.put(box.kind, kinds)
        for low, high in ((box.left, box.right), (box.top, box.bottom)):
            encoder.put(low, AdaptiveModel(UNITS))
            encoder.put(high - low - 1, AdaptiveModel(UNITS))


def get(decoder: SymbolDecoder) -> tuple[Box, ...]:
    """The mirror of put; raises CorruptStream."""
    count = decoder.get(AdaptiveModel(_COUNT))
    kinds = AdaptiveModel(len(KINDS), 1, 64)
    boxes = []
    for _ in range(count):
        kind = decoder.get(kinds)
        sides = []
        for _ in range(2):
            low = decoder.get(AdaptiveModel(UNITS))
            span = decoder.get(AdaptiveModel(UNITS)) + 1
            if span > UNITS - low:
                raise CorruptStream("a box of the layout lies outside of the picture")
            sides.append((low, low + span))
        (left, right), (top, bottom) = sides
        boxes.append(Box(kind, left, top, right, bottom))
    return tuple(boxes)
