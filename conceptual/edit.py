"""Streams changed in the coded domain: lines drawn anew, texture and colours taken from another picture."""

from dataclasses import replace
from typing import Final

from torch import Tensor

from genvc.errors import BadInput
from genvc.learned.basis import CHROMA, LUMA
from genvc.learned.quality import log_step

from .engine import Engine, Layers
from .lines import Lines
from .syntax import Style, joined, parted_sections, structure_of, style_bytes

__all__ = ["redrawn", "restyled"]

# the latents that hold a block's mean luma and its two mean colours
_MEANS: Final = (0, LUMA, LUMA + CHROMA)
_LEAST = 1e-3
_WIDEST = 2.0  # colours spread by more show how coarsely they were coded


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
    same. Mean luma and colours of the blocks take the mean and spread of the other picture's: AdaIN (Huang
    and Belongie, 2017), on latents.
    """
    style = Style(model.style.whole)
    made = layers.latents.clone()
    mine, theirs = (_scaled(engine, one) for one in (layers, model))
    steps = engine.model.texture.steps(log_step(layers.parts.grade)).cpu()
    for channel in _MEANS:
        old, new = mine[:, channel], theirs[:, channel]
        wider = (_spread(new) / _spread(old)).clamp(1 / _WIDEST, _WIDEST)
        moved = (old - old.mean()) * wider + new.mean()
        made[:, channel] = (moved / steps[:, channel]).double()
    parts = replace(
        layers.parts,
        style=style_bytes(style, engine.levels, engine.tables),
        latents=engine.written(made, layers.parts.grade, layers.parts.eighths),
        regions=False,
    )
    return joined(parts)


def _scaled(engine: Engine, layers: Layers) -> Tensor:
    """Latents in samples' units."""
    return layers.latents.float() * engine.model.texture.steps(log_step(layers.parts.grade)).cpu()


def _spread(values: Tensor) -> Tensor:
    """The root mean square deviation, never 0, of one value too."""
    return (values - values.mean()).square().mean().sqrt().clamp_min(_LEAST)
