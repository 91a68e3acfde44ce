"""The bytes of a packet.

    packet  = empty, which shows the last scene once more, or
              layers (1 byte), [number(bytes of text)], text, symbols
    layers  = bits 1 text, 2 palette, 4 layout, 8 sketch; all others are 0
    number  = seven bits a byte, lowest first, at most 3 bytes; only where symbols follow
    symbols = palette, layout and sketch, those there are, as one run of the range coder

The text is crossmodal.text's. docs/crossmodal.md has the rest.
"""

from typing import Final

from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import BadInput, CorruptStream

from . import layout, palette, sketch, text
from .representation import LAYERS, MAX_TEXT, Representation

__all__ = ["TEXT_MODEL", "pack", "read_text", "sizes", "unpack"]

TEXT_MODEL: Final = "text-captions@3e8f0a5e"
"""The model of the text coder that packets of version 1 are written with."""

_MOST_TEXT_BYTES: Final = 1 << 16
_TEXT, _PALETTE, _LAYOUT, _SKETCH = (1 << place for place in range(len(LAYERS)))


def pack(shown: Representation) -> bytes:
    """A packet; BadInput for what no packet can hold."""
    flags = 0
    words = b""
    if shown.text is not None:
        if len(shown.text) > MAX_TEXT:
            raise BadInput(f"a caption has at most {MAX_TEXT} characters, not {len(shown.text)}")
        flags |= _TEXT
        words = text.encode(shown.text, model=TEXT_MODEL)
    encoder = SymbolEncoder()
    if shown.palette is not None:
        flags |= _PALETTE
        palette.put(encoder, shown.palette)
    if shown.boxes is not None:
        flags |= _LAYOUT
        layout.put(encoder, shown.boxes)
    if shown.sketch is not None:
        flags |= _SKETCH
        sketch.put(encoder, shown.sketch, shown.sketch_level)
    length = _number(len(words)) if flags & _TEXT and flags != _TEXT else b""
    return bytes([flags]) + length + words + encoder.finish()


def unpack(payload: bytes, width: int, height: int) -> Representation:
    """The mirror of pack, for a picture of that size; raises CorruptStream."""
    words, symbols, flags = _split(payload)
    said = None
    if flags & _TEXT:
        said = text.decode(words, model=TEXT_MODEL)
        if len(said) > MAX_TEXT:
            raise CorruptStream(f"a caption has at most {MAX_TEXT} characters, this one has {len(said)}")
    if not flags & ~_TEXT:
        return Representation(said)
    decoder = SymbolDecoder(symbols)
    grid = palette.get(decoder, width, height) if flags & _PALETTE else None
    boxes = layout.get(decoder) if flags & _LAYOUT else None
    lines, level = sketch.get(decoder, width, height) if flags & _SKETCH else (None, 0)
    decoder.finish()
    return Representation(said, grid, boxes, lines, level)


def read_text(payload: bytes) -> str:
    """The text of a packet that is not empty, "" where it has none; raises CorruptStream."""
    words, _, flags = _split(payload)
    return text.decode(words, model=TEXT_MODEL) if flags & _TEXT else ""


def sizes(payload: bytes) -> dict[str, int]:
    """Bytes of a packet by what they are for: text, symbols (all other layers), frame."""
    if not payload:
        return {"text": 0, "symbols": 0, "frame": 0}
    words, symbols, _ = _split(payload)
    return {
        "text": len(words),
        "symbols": len(symbols),
        "frame": len(payload) - len(words) - len(symbols),
    }


def _split(payload: bytes) -> tuple[bytes, bytes, int]:
    """The text's bytes, the range coder's, and which layers there are; raises CorruptStream."""
    if not payload:
        raise CorruptStream("a packet is empty where a scene has to begin")
    flags = payload[0]
    if flags >= 1 << len(LAYERS):
        raise CorruptStream(f"a packet begins with the byte {flags}, which nobody writes")
    if flags == _TEXT:
        words, symbols = payload[1:], b""
    elif flags & _TEXT:
        size, at = _read_number(payload)
        if size > len(payload) - at:
            raise CorruptStream("the stream ends inside a caption")
        words, symbols = payload[at : at + size], payload[at + size :]
    else:
        words, symbols = b"", payload[1:]
    if len(words) > _MOST_TEXT_BYTES:
        raise CorruptStream("a caption is longer than any that is written")
    if not flags & ~_TEXT and symbols:
        raise CorruptStream("a packet has bytes of no layer")
    return words, symbols, flags


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_number(payload: bytes) -> tuple[int, int]:
    """A number from the second byte on, and where it ends; written in one way only."""
    value = 0
    for at in range(1, 4):
        if at >= len(payload):
            raise CorruptStream("the stream ends inside a packet's head")
        value |= (payload[at] & 0x7F) << 7 * (at - 1)
        if payload[at] < 0x80:
            if at > 1 and payload[at] == 0:
                break
            return value, at + 1
    raise CorruptStream("a packet's head holds a number that nobody writes so")
