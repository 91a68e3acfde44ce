"""The generator: pictures from a reference, its motion and the parts of a face.

A reference is restored once (what its coding took away) and analysed into features. Each picture is then
the restored reference seen through the decoded motion, corrected by a small flow, and repaired where a
warp cannot show what is new: the inside of a mouth, eyes, uncovered background, shading. Structure comes
as the drawn parts of the face in the picture and, warped along, in the reference.

Sources: warping of features and pixels with a learned correction as in FOMM (Siarohin et al., 2019) and
CFTE (Chen et al., 2022); landmarks that condition the repair as in Mob-M-SPADE (Oquab et al., 2021), here
by concatenation, since normalisation would cost more than its share of a CPU's time. What is new is added
to the warped pixels and not blended with them by a mask: the repair sees them and can replace them. Nearly
all work is done at a quarter and an eighth of the resolution, the last two layers at a half.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genvc.errors import BadInput

from .block import Block
from .maps import MAPS
from .texture import Texture

__all__ = [
    "MULTIPLE",
    "SIZES",
    "Analysed",
    "Generator",
    "Size",
    "plain",
    "quality_of",
    "seen_through",
    "size_of",
]

MULTIPLE = 16
"""Pictures are padded to multiples of this many pixels."""

_MOST_CHANNELS, _MOST_BLOCKS = 1024, 64


@dataclass(frozen=True, slots=True)
class Size:
    """Channels. analysis: of the reference at 1/4 and 1/8; picture: the same for each picture; kept: of the
    features at 1/4 that are warped. depth: residual blocks at 1/4 and 1/8 of reference and picture.
    """

    analysis: tuple[int, int]
    picture: tuple[int, int]
    kept: int
    reference_depth: tuple[int, int]
    picture_depth: tuple[int, int]


SIZES = {
    "small": Size((64, 96), (64, 64), 32, (2, 3), (2, 3)),
    # a reference is analysed once, so that its networks may be deep
    "deep": Size((64, 96), (64, 64), 32, (8, 8), (2, 3)),
    "large": Size((128, 192), (128, 128), 64, (8, 10), (4, 4)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """What is kept of a reference. picture: (n, 3, h, w), 0 to 1, restored. quarter, eighth: features, the
    first with the drawn parts. quality: (n,).
    """

    picture: Tensor
    quarter: Tensor
    eighth: Tensor
    quality: Tensor

    def taken(self, which: Tensor) -> "Analysed":
        """The references of those numbers, (m,)."""
        return Analysed(self.picture[which], self.quarter[which], self.eighth[which], self.quality[which])


def quality_of(bpp: Tensor) -> Tensor:
    """How finely references were coded, about -1 to 1, from their bits a pixel: (n,) to (n,)."""
    return torch.log2(bpp.clamp(2**-8, 8)) / 2 + 1.5


class _Paint(nn.Module):
    """From features at a quarter to what is added to pixels; the last layers at a half of the resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.open = nn.Conv2d(channels, 64, 3, padding=1)
        self.middle = nn.Conv2d(16 + 12, 32, 3, padding=1)
        self.last = nn.Conv2d(32, 12, 3, padding=1)
        _quiet(self.last)

    def forward(self, seen: Tensor, picture: Tensor) -> Tensor:
        """(n, 3, h, w) from features (n, channels, h / 4, w / 4) and the picture that is to be repaired."""
        half = torch.cat([F.pixel_shuffle(self.open(F.relu(seen)), 2), F.pixel_unshuffle(picture, 2)], 1)
        found: Tensor = F.pixel_shuffle(self.last(F.relu(self.middle(half))), 2)
        return found


class Generator(nn.Module):
    """`analyse` a reference once, then `forward` for each picture that is shown from it."""

    def __init__(self, size: Size, texture: tuple[int, int] | None = None) -> None:
        """texture: parts and numbers of its codes, None for none."""
        super().__init__()
        self.size = size
        quarter, eighth = size.analysis
        self.reference_in = nn.Conv2d(48 + MAPS + 1, quarter, 3, padding=1)
        self.reference_quarter = nn.Sequential(*(Block(quarter) for _ in range(size.reference_depth[0])))
        self.reference_down = nn.Conv2d(quarter, eighth, 4, 2, padding=1)
        self.reference_eighth = nn.Sequential(*(Block(eighth) for _ in range(size.reference_depth[1])))
        self.reference_up = nn.Conv2d(eighth, quarter, 1)
        self.reference_late = Block(quarter)
        self.texture = None if texture is None else Texture(*texture, quarter)
        self.restore = _Paint(quarter)
        self.keep_quarter = nn.Conv2d(quarter, size.kept, 3, padding=1)
        self.keep_eighth = nn.Conv2d(eighth, 2 * size.kept, 1)

        near, far = size.picture
        self.coarse_in = nn.Conv2d(2 * size.kept + 8 * MAPS + 3, far, 3, padding=1)
        self.coarse = nn.Sequential(*(Block(far) for _ in range(size.picture_depth[1])))
        self.flow = nn.Conv2d(far, 2, 3, padding=1)
        _quiet(self.flow)
        self.coarse_up = nn.Conv2d(far, near, 1)
        self.fine_in = nn.Conv2d(48 + size.kept + 2 * MAPS, near, 1)
        self.fine = nn.Sequential(*(Block(near) for _ in range(size.picture_depth[0])))
        self.repair = _Paint(near)

    def analyse(
        self, picture: Tensor, maps: Tensor, quality: Tensor, codes: Tensor | None = None
    ) -> Analysed:
        """References (n, 3, h, w), 0 to 1, their drawn parts (n, MAPS, h / 4, w / 4), 0 to 1, quality (n,).

        codes: of their texture, (n, parts, numbers). h and w: multiples of MULTIPLE.
        """
        plane = quality.reshape(-1, 1, 1, 1).expand(-1, 1, *maps.shape[2:])
        fine = self.reference_in(torch.cat([F.pixel_unshuffle(picture, 4) * 2 - 1, maps, plane], 1))
        fine = self.reference_quarter(fine)
        coarse = self.reference_eighth(self.reference_down(F.relu(fine)))
        fine = fine + _twice(self.reference_up(coarse))
        if self.texture is not None and codes is not None:
            fine = self.texture(fine, picture, maps, codes)
        fine = self.reference_late(fine)
        restored = picture + self.restore(fine, picture)
        quarter = torch.cat([self.keep_quarter(fine), maps.to(fine)], 1)
        return Analysed(restored, quarter, self.keep_eighth(F.relu(coarse)), quality)

    def forward(self, known: Analysed, field: Tensor, maps: Tensor) -> Tensor:
        """Pictures (n, 3, h, w), about 0 to 1.

        field: (n, 2, any, any), x before y, in pixels, from the picture into the reference. maps: as above.
        """
        high, wide = known.picture.shape[2:]
        field = field.float()
        here = _resized(field, high // 8, wide // 8)
        eighth = _warped(known.eighth, here, 8, "bilinear")
        there = _warped(known.quarter[:, -MAPS:], _resized(field, high // 4, wide // 4), 4, "bilinear")
        parts = torch.cat([maps.to(there), there], 1)
        plane = known.quality.to(there).reshape(-1, 1, 1, 1).expand(-1, 1, high // 8, wide // 8)
        around = torch.cat([_squeeze(field, high // 8, wide // 8), plane], 1)
        coarse = self.coarse(self.coarse_in(torch.cat([eighth, F.pixel_unshuffle(parts, 2), around], 1)))
        flow = 4 * self.flow(F.relu(coarse)).float()
        whole = _resized(field, high, wide) + _resized(flow, high, wide)
        picture = _warped(known.picture, whole, 1, "bicubic")
        near = _resized(field, high // 4, wide // 4) + _resized(flow, high // 4, wide // 4)
        quarter = _warped(known.quarter, near, 4, "bilinear")
        fine = self.fine_in(torch.cat([F.pixel_unshuffle(picture, 4) * 2 - 1, quarter, maps.to(quarter)], 1))
        fine = self.fine(fine + _twice(self.coarse_up(F.relu(coarse))))
        found: Tensor = picture + self.repair(fine, picture)
        return found


def seen_through(picture: Tensor, field: Tensor) -> Tensor:
    """Pictures (n, 3, h, w) through fields (n, 2, any, any) in pixels, bicubic: what warping alone shows."""
    return _warped(picture, _resized(field.float(), *picture.shape[2:]), 1, "bicubic")


def size_of(config: Any) -> Size:
    """From a model's config; raises BadInput for what is no size."""
    names = [field.name for field in fields(Size)]
    if not isinstance(config, dict) or sorted(config) != sorted(names):
        raise BadInput(f"the model's config has no proper size of a generator: {', '.join(names)}")
    for name, value in config.items():
        numbers = [value] if name == "kept" else value
        wanted = 1 if name == "kept" else 2
        most = _MOST_BLOCKS if name.endswith("depth") else _MOST_CHANNELS
        if not isinstance(numbers, list) or len(numbers) != wanted:
            raise BadInput(f"the model's config has no proper size of a generator: {name} is {value!r}")
        if not all(type(number) is int and 1 <= number <= most for number in numbers):
            raise BadInput(f"the model's config has no proper size of a generator: {name} is {value!r}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in config.items()
    }
    return Size(**values)


def plain(size: Size) -> dict[str, Any]:
    """The mirror of size_of."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(size).items()}


def _quiet(layer: nn.Conv2d) -> None:
    """A layer that adds nothing until it is trained."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


def _twice(seen: Tensor) -> Tensor:
    return F.interpolate(seen, scale_factor=2, mode="bilinear", align_corners=False)


def _resized(field: Tensor, high: int, wide: int) -> Tensor:
    """A field on another grid: averaged where that is coarser. Values stay in pixels of the picture."""
    if field.shape[2:] == (high, wide):
        return field
    if field.shape[2] >= 2 * high and field.shape[2] % high == 0 and field.shape[3] % wide == 0:
        return F.avg_pool2d(field, (field.shape[2] // high, field.shape[3] // wide))
    return F.interpolate(field, (high, wide), mode="bilinear", align_corners=False)


def _warped(seen: Tensor, field: Tensor, scale: int, way: str) -> Tensor:
    """Features or pixels at 1/scale of the resolution, seen through a field on their grid."""
    high, wide = field.shape[2:]
    x = (torch.arange(wide, device=field.device) + 0.5) * (2 / wide) - 1
    y = (torch.arange(high, device=field.device) + 0.5) * (2 / high) - 1
    place = torch.stack(
        [x + field[:, 0] * (2 / (wide * scale)), y[:, None] + field[:, 1] * (2 / (high * scale))], -1
    )
    with torch.autocast(seen.device.type, enabled=False):
        found = F.grid_sample(seen.float(), place, mode=way, padding_mode="reflection", align_corners=False)
    return found.contiguous(memory_format=torch.channels_last)


def _squeeze(field: Tensor, high: int, wide: int) -> Tensor:
    """How much the field pulls together or apart, and how much of a place comes from outside: (n, 2, ...)."""
    small = _resized(field, high, wide)
    step = 8.0
    dx = F.pad(small[:, :, :, 1:] - small[:, :, :, :-1], (0, 1, 0, 0), mode="replicate") / step
    dy = F.pad(small[:, :, 1:] - small[:, :, :-1], (0, 0, 0, 1), mode="replicate") / step
    area = (1 + dx[:, :1]) * (1 + dy[:, 1:]) - dx[:, 1:] * dy[:, :1]
    x = (torch.arange(wide, device=field.device) + 0.5) * step + small[:, :1]
    y = (torch.arange(high, device=field.device) + 0.5)[:, None] * step + small[:, 1:]
    beyond = (-x).relu() + (x - step * wide).relu() + (-y).relu() + (y - step * high).relu()
    return torch.cat([area.clamp(-2, 4) - 1, (beyond / step).clamp(0, 4)], 1)
