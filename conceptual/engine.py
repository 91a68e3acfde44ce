"""The networks as a running stream uses them: a picture to layers and bytes, and back.

The exact half is syntax.py and reading the texture (textures.py); painting is the free half.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from genvc.arithmetic import autocast
from genvc.learned.bands import in_bands, rows
from genvc.learned.basis import BLOCK
from genvc.learned.exact import exact_copy
from genvc.learned.probability import level_of, levels_tables
from genvc.learned.quality import log_step
from genvc.types import Picture

from .codes import REACH, spread_over
from .generator import CODES, enlarged
from .line_model import LineNetwork
from .lines import Lines, drawn
from .model import Conceptual, reduced
from .regions import MOST, parted
from .syntax import Sections, Style, joined, lines_of, parted_sections, structure_of, style_bytes, style_of
from .textures import LatentTexture, StillFeatures, StillTexture, Texture

__all__ = ["Engine", "Layers", "Plan", "padded_size"]

_AROUND = 12  # rows of 16 samples; the generator sees 168 samples far
_PIXELS = 1 << 20  # of a band of the generator


@dataclass(frozen=True, slots=True)
class Plan:
    """What to code. eighths: size of the texture's picture. grade: 0 to 63. lines: share of the samples of
    the line map, 0 for no lines. regions: at most so many, 1 for none.
    """

    eighths: int
    grade: int
    lines: float
    regions: int


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A picture as its stream has it. held: the texture's integers, see textures.py."""

    parts: Sections
    lines: Lines
    style: Style
    held: Tensor


class Engine:
    """A model ready to run: its free half on a device, its exact half on the CPU."""

    def __init__(self, model: Conceptual, lines: LineNetwork, device: torch.device) -> None:
        self.device = device
        self.lines = lines
        self.levels = level_of(exact_copy(model.codes).spread)
        self.tables = levels_tables()
        self.model = model.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
        texture = self.model.texture
        self.texture: Texture = (
            StillTexture(texture, device)
            if isinstance(texture, StillFeatures)
            else LatentTexture(texture, device)
        )
        self.kind = "still" if isinstance(texture, StillFeatures) else "latents"

    @torch.no_grad()
    def encode(self, rgb: Picture, plan: Plan, lines: Lines | None = None) -> bytes:
        """The packet of a picture of any size. lines: drawn by somebody else, else the picture's own."""
        if lines is None:
            lines = drawn(rgb, plan.lines)
        picture = self._tensor(rgb, plan.eighths)
        style = self.described(rgb, plan.regions)
        texture, vivid = self.texture.write(reduced(picture, plan.eighths), plan.grade, plan.eighths)
        return joined(
            Sections(
                plan.eighths,
                plan.grade,
                structure_of(self.lines, lines),
                style_bytes(style, self.levels, self.tables),
                texture,
                style.labels is not None,
                vivid,
            )
        )

    @torch.no_grad()
    def described(self, rgb: Picture, regions: int) -> Style:
        """The codes of a picture, and of at most so many regions."""
        labels = parted(rgb, regions)
        picture = self._tensor(rgb, 8)
        whole, own = self.model.codes(
            picture, torch.from_numpy(labels.astype(np.int64))[None].to(self.device)
        )
        count = int(labels.max()) + 1
        found = [one[0].round().clamp(-REACH, REACH).cpu().numpy().astype(np.int32) for one in (whole, own)]
        if count < 2:
            return Style(found[0])
        return Style(found[0], found[1][:count], labels)

    def read(self, payload: bytes, width: int, height: int) -> Layers:
        """The layers of a packet, all of them integers; raises CorruptStream."""
        parts = parted_sections(payload)
        lines = lines_of(self.lines, parts, width, height)
        style = style_of(parts, width, height, self.levels, self.tables)
        high, wide = (side * parts.eighths // 8 for side in padded_size(height, width, parts.eighths))
        held = self.texture.read(parts.texture, high, wide, parts.grade, parts.vivid)
        return Layers(parts, lines, style, held)

    def structure(self, payload: bytes, width: int, height: int) -> Lines:
        """The lines of a packet, without the rest of it; raises CorruptStream."""
        return lines_of(self.lines, parted_sections(payload), width, height)

    def style(self, payload: bytes, width: int, height: int) -> Style:
        """The codes of a packet, without the rest of it; raises CorruptStream."""
        return style_of(parted_sections(payload), width, height, self.levels, self.tables)

    @torch.no_grad()
    def texture_alone(self, layers: Layers, width: int, height: int) -> Picture:
        """What the texture layer shows by itself, at full size: the second step of progressive decoding."""
        out, _ = self.texture.shown(layers.held, layers.parts.grade)
        return _shown(enlarged(out, layers.parts.eighths), width, height)

    @torch.no_grad()
    def paint(self, layers: Layers, width: int, height: int) -> Picture:
        """The picture."""
        with autocast(self.device):
            return self._painted(layers, width, height)

    def _painted(self, layers: Layers, width: int, height: int) -> Picture:
        eighths, generator = layers.parts.eighths, self.model.generator
        out, features = self.texture.shown(layers.held, layers.parts.grade)
        rough = enlarged(out, eighths).contiguous(memory_format=torch.channels_last)
        high, wide = rough.shape[2] // 16, rough.shape[3] // 16
        lines = torch.from_numpy(layers.lines.astype(np.float32))[None, None].to(self.device)
        lines = pad(lines, (0, 8 * wide - lines.shape[3], 0, 8 * high - lines.shape[2]))
        guide = generator.guided(
            features,
            torch.from_numpy(layers.style.whole)[None].float().to(self.device),
            self._own(layers.style, high, wide),
            eighths,
            torch.tensor([log_step(layers.parts.grade)], device=self.device),
        )

        def run(low: int, end: int) -> tuple[Tensor]:
            return (generator(*(rows(one, high, low, end) for one in (rough, lines, guide))),)

        return _shown(in_bands(high, wide, run, _PIXELS, _AROUND)[0], width, height)

    def _own(self, style: Style, high: int, wide: int) -> Tensor:
        """(1, 8, high, wide): the codes of each cell's region; beyond the picture those at its edge."""
        if style.labels is None:
            return torch.zeros((1, CODES, high, wide), device=self.device)
        labels = np.pad(
            style.labels, ((0, high - style.labels.shape[0]), (0, wide - style.labels.shape[1])), "edge"
        )
        own = np.zeros((1, MOST, CODES), np.float32)
        own[0, : len(style.own)] = style.own
        return spread_over(
            torch.from_numpy(own).to(self.device),
            torch.from_numpy(labels.astype(np.int64))[None].to(self.device),
        )

    def _tensor(self, rgb: Picture, eighths: int) -> Tensor:
        high, wide = padded_size(rgb.shape[0], rgb.shape[1], eighths)
        padded = np.pad(rgb, ((0, high - rgb.shape[0]), (0, wide - rgb.shape[1]), (0, 0)), "edge")
        made = torch.from_numpy(padded).to(self.device).permute(2, 0, 1)[None].float() / 255
        return made.contiguous(memory_format=torch.channels_last)


def padded_size(height: int, width: int, eighths: int) -> tuple[int, int]:
    """Multiples of what makes so many eighths of it a multiple of 16."""
    unit = BLOCK * 8 // gcd(eighths, 8)
    return -(-height // unit) * unit, -(-width // unit) * unit


def _shown(picture: Tensor, width: int, height: int) -> Picture:
    held = picture[0, :, :height, :width].float().nan_to_num(0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    found: Picture = np.rint(held * np.float32(255)).astype(np.uint8)
    return found
