"""Streams changed in the coded domain: lines drawn anew, texture and colours taken from another picture."""

from dataclasses import replace

from genvc.errors import BadInput

from .engine import Engine, Layers
from .lines import Lines
from .syntax import Style, joined, parted_sections, structure_of, style_bytes

__all__ = ["redrawn", "restyled"]


def redrawn(engine: Engine, payload: bytes, lines: Lines, width: int, height: int) -> bytes:
    """The packet with another line map, all else as it is; raises BadInput, CorruptStream."""
    parts = parted_sections(payload)
    old = engine.structure(payload, width, height)
    if lines.shape != old.shape:
        raise BadInput(f"the lines are {lines.shape[::-1]}, those of the stream {old.shape[::-1]}")
    return joined(replace(parts, structure=structure_of(engine.lines, lines)))


def restyled(engine: Engine, layers: Layers, model: Layers) -> bytes:
    """The packet of a picture with the texture codes and the colours of another one.

    Codes are exchanged as they are, regions' own ones dropped, for the regions of two pictures are not the
    same. Colours take the mean and spread of the other picture's.
    """
    grade, eighths = layers.parts.grade, layers.parts.eighths
    texture, vivid = engine.texture.restyled(layers.held, grade, model.held, model.parts.grade, eighths)
    parts = replace(
        layers.parts,
        style=style_bytes(Style(model.style.whole), engine.levels, engine.tables),
        texture=texture,
        regions=False,
        vivid=vivid,
    )
    return joined(parts)
