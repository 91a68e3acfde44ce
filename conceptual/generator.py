"""The generator: what the texture layer's picture lacks, painted from lines, codes and texture features.

Hierarchical fusion as in LCIC (Chang et al., "Layered conceptual image compression", 2022) and SPM: texture
features and the codes of whole picture and regions modulate coarse blocks, lines modulate fine ones, as AdaIN
and SPADE do. It departs from them: no normalisation, so that a band of a picture gives what the whole picture
gives; what it paints is added to a picture that the texture layer shows by itself; its last layer starts at
zero, so that training starts at that picture.
"""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle, pixel_unshuffle

from genvc.learned.picture import WIDTH, zero

__all__ = ["CODES", "PARTS", "Generator", "enlarged"]

CODES = 8  # numbers that describe the texture of the picture, and of each region
# What a model can be trained without, to see what it is worth; "channels" is the context from channel to
# channel, "alignment" the contrastive loss of the codes.
PARTS = ("structure", "texture", "regions", "channels", "alignment")
_FINE, _COARSE, _GUIDE, _DRAWN = 64, 128, 64, 32
_COARSE_BLOCKS, _FINE_BLOCKS = 4, 2


class _Modulated(nn.Module):
    """x + conv(relu(scale * conv(x) + shift)), scale and shift of each place given by a guide."""

    def __init__(self, width: int, guide: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.by = nn.Conv2d(guide, 2 * width, 1)
        self.two = nn.Conv2d(width, width, 3, padding=1)
        zero(self.by)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        scale, shift = self.by(guide).chunk(2, 1)
        inner = self.one(x)
        found: Tensor = x + self.two(leaky_relu(torch.addcmul(inner + shift, inner, scale), 0.125))
        return found


class Generator(nn.Module):
    """Fully convolutional; sides are multiples of 16.

    without: of PARTS. coarse, fine: how many blocks.
    """

    def __init__(
        self, without: Collection[str] = (), coarse: int = _COARSE_BLOCKS, fine: int = _FINE_BLOCKS
    ) -> None:
        super().__init__()
        self.without = frozenset(without)
        self.seen = nn.Conv2d(4, _DRAWN, 5, padding=2)
        self.head = nn.Conv2d(48 + _DRAWN, _FINE, 3, padding=1)
        self.guide = nn.Conv2d(WIDTH + 2 * CODES + 2, _GUIDE, 3, padding=1)
        self.down = nn.Conv2d(_FINE, _COARSE, 3, 2, padding=1)
        self.coarse = nn.ModuleList([_Modulated(_COARSE, _GUIDE) for _ in range(coarse)])
        self.up = nn.Conv2d(_COARSE, 4 * _FINE, 1)
        self.fine = nn.ModuleList([_Modulated(_FINE, _DRAWN) for _ in range(fine)])
        self.last = nn.Conv2d(_FINE, 48, 3, padding=1)
        zero(self.last)

    def forward(self, rough: Tensor, lines: Tensor, guide: Tensor) -> Tensor:
        """The picture (n, 3, height, width), not clipped.

        rough: the texture layer's picture at full size, (n, 3, height, width), samples 0 to 1. lines: (n, 1,
        height / 2, width / 2), 0 or 1. guide: see guided().
        """
        if "structure" in self.without:
            lines = torch.zeros_like(lines)
        held = rough.clamp(0, 1)
        lined = leaky_relu(self.seen(pixel_unshuffle(lines, 2)), 0.125)
        fine = self.head(torch.cat([pixel_unshuffle(held, 4) - 0.5, lined], 1))
        mood = leaky_relu(self.guide(guide), 0.125)
        coarse = self.down(leaky_relu(fine, 0.125))
        for block in self.coarse:
            coarse = block(coarse, mood)
        fine = fine + pixel_shuffle(self.up(leaky_relu(coarse, 0.125)), 2)
        for block in self.fine:
            fine = block(fine, lined)
        return held + pixel_shuffle(self.last(fine), 4)

    def guided(self, features: Tensor, whole: Tensor, own: Tensor, eighths: int, log_step: Tensor) -> Tensor:
        """What guides the coarse blocks, (n, channels, height / 8, width / 8).

        features: of the texture layer's decoder. whole: (n, 8), the picture's codes. own: (n, 8, height / 16,
        width / 16), the codes of each cell's region. eighths: size of the texture's picture. log_step: (n,).
        """
        high, wide = 2 * own.shape[2], 2 * own.shape[3]
        features = interpolate(features, (high, wide), mode="bilinear", align_corners=False)
        if "texture" in self.without:
            features, whole, own = torch.zeros_like(features), torch.zeros_like(whole), torch.zeros_like(own)
        if "regions" in self.without:
            own = torch.zeros_like(own)
        every = whole[:, :, None, None].expand(-1, -1, high, wide)
        mine = interpolate(own, (high, wide), mode="bilinear", align_corners=False)
        size = torch.full_like(every[:, :1], (eighths - 4) / 2)
        grade = ((log_step.to(every) - 5) / 2)[:, None, None, None].expand_as(size)
        return torch.cat([features, every / 4, mine / 4, size, grade], 1)


def enlarged(picture: Tensor, eighths: int) -> Tensor:
    """The texture layer's picture (n, 3, height, width), of so many eighths of the size, at full size."""
    if eighths == 8:
        return picture
    size = (picture.shape[2] * 8 // eighths, picture.shape[3] * 8 // eighths)
    return interpolate(picture, size, mode="bicubic", align_corners=False)
