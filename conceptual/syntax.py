"""What a packet is made of: two bytes, and three sections that can be read, and exchanged, one by one.

    packet = settings grade [number(n) structure] number(n) style texture

settings: bits 0 to 2 the size of the texture's picture, an index into SIZES; bit 3: there is a structure
section; bit 4: there are regions; bits 5 and 6: how vivid the texture is (textures.py); bit 7 is 0. grade:
the quantiser's, 0 to 63. A number has seven bits a byte, lowest first, bit 7 set on all bytes but the last,
three bytes at most.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from genvc.entropy import SymbolDecoder, SymbolEncoder, Tables
from genvc.errors import CorruptStream
from genvc.learned.quality import GRADES

from .codes import REACH
from .generator import CODES
from .line_model import LineNetwork, read_lines, write_lines
from .lines import CELL, Lines
from .model import SIZES
from .regions import MOST, Labels, read_labels, write_labels

__all__ = [
    "MAX_PIXELS",
    "Sections",
    "Style",
    "joined",
    "lines_of",
    "parted_sections",
    "structure_of",
    "style_bytes",
    "style_of",
]

MAX_PIXELS = 1 << 24
_LINES, _REGIONS, _VIVID, _UNKNOWN = 1 << 3, 1 << 4, 5, 1 << 7
_CELL = 16

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Sections:
    """A packet in parts. eighths: of SIZES. structure: None for no lines. regions: whether style has some.
    vivid: 0 to 3, see textures.py.
    """

    eighths: int
    grade: int
    structure: bytes | None
    style: bytes
    texture: bytes
    regions: bool
    vivid: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """whole: (8,) codes of the picture. own: (regions, 8). labels: (ceil(h / 16), ceil(w / 16)) or None."""

    whole: Codes
    own: Codes = field(default_factory=lambda: np.zeros((0, CODES), np.int32))
    labels: Labels | None = None


def joined(parts: Sections) -> bytes:
    """The packet."""
    settings = SIZES.index(parts.eighths)
    settings |= _LINES * (parts.structure is not None) | _REGIONS * parts.regions
    settings |= parts.vivid << _VIVID
    found = bytes([settings, parts.grade])
    if parts.structure is not None:
        found += _number(len(parts.structure)) + parts.structure
    return found + _number(len(parts.style)) + parts.style + parts.texture


def parted_sections(payload: bytes) -> Sections:
    """The mirror of joined(); raises CorruptStream."""
    if len(payload) < 3:
        raise CorruptStream("a packet of a conceptual picture is cut short")
    settings, grade = payload[0], payload[1]
    if settings & _UNKNOWN or settings & 7 >= len(SIZES) or grade >= GRADES:
        raise CorruptStream("a packet of a conceptual picture says what no encoder writes")
    at, structure = 2, None
    if settings & _LINES:
        structure, at = _section(payload, at)
    style, at = _section(payload, at)
    regions = bool(settings & _REGIONS)
    vivid = settings >> _VIVID & 3
    return Sections(SIZES[settings & 7], grade, structure, style, payload[at:], regions, vivid)


def structure_of(network: LineNetwork, lines: Lines) -> bytes | None:
    """The structure section of a line map; None for no lines."""
    if not lines.any():
        return None
    coder = SymbolEncoder()
    write_lines(coder, network, lines)
    return coder.finish()


def lines_of(network: LineNetwork, parts: Sections, width: int, height: int) -> Lines:
    """The line map of a picture of that size; raises CorruptStream."""
    size = (-(-height // CELL), -(-width // CELL))
    if parts.structure is None:
        return np.zeros(size, np.bool_)
    coder = SymbolDecoder(parts.structure)
    lines = read_lines(coder, network, *size)
    coder.finish()
    if not lines.any():
        raise CorruptStream("a structure section has no lines")
    return lines


def style_bytes(style: Style, levels: Tensor, tables: Tables) -> bytes:
    """The style section. levels: (2, 8) tables of the picture's codes and of the regions'."""
    coder = SymbolEncoder()
    coder.put_array(style.whole, levels[0].numpy(), tables)
    if style.labels is not None:
        coder.put_bits(len(style.own) - 2, 3)
        write_labels(coder, style.labels)
        coder.put_array(style.own, _levels(levels, len(style.own)), tables)
    return coder.finish()


def style_of(parts: Sections, width: int, height: int, levels: Tensor, tables: Tables) -> Style:
    """The mirror of style_bytes(), for a picture of that size; raises CorruptStream."""
    coder = SymbolDecoder(parts.style)
    whole = coder.get_array(levels[0].numpy(), tables)
    own, labels = np.zeros((0, CODES), np.int32), None
    if parts.regions:
        count = coder.get_bits(3) + 2
        if count > MOST:
            raise CorruptStream(f"a picture has more than {MOST} regions")
        labels = read_labels(coder, -(-height // _CELL), -(-width // _CELL))
        if labels.max() >= count:
            raise CorruptStream("a region has no codes")
        own = coder.get_array(_levels(levels, count), tables)
    coder.finish()
    for codes in (whole, own):
        if codes.size and np.abs(codes).max() > REACH:
            raise CorruptStream("a texture code is larger than any that is written")
    return Style(whole, own, labels)


def _levels(levels: Tensor, count: int) -> Any:
    return levels[1].expand(count, -1).contiguous().numpy()


def _number(value: int) -> bytes:
    found = []
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _section(payload: bytes, at: int) -> tuple[bytes, int]:
    length = shift = 0
    for place in range(at, at + 3):
        if place >= len(payload):
            raise CorruptStream("a packet of a conceptual picture is cut short")
        byte = payload[place]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    else:
        raise CorruptStream("a section of a conceptual picture is longer than any that is written")
    if place > at and byte == 0:
        raise CorruptStream("a length in a packet is written longer than it needs")
    section = payload[place + 1 : place + 1 + length]
    if len(section) < length:
        raise CorruptStream("a packet of a conceptual picture is cut short")
    return section, place + 1 + length
