"""Texture codes: a few whole numbers that describe the picture, and each of its regions."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, pixel_unshuffle

from genvc.learned.probability import bits_of

from .generator import CODES
from .regions import MOST

__all__ = ["REACH", "Codes", "rounded", "spread_over"]

REACH = 31  # codes are -31 to 31
_WIDTH = 64


class Codes(nn.Module):
    """From a picture and its regions to codes. What a region's codes say is added to the whole picture's."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(48, _WIDTH, 3, 2, padding=1),
            nn.LeakyReLU(0.125),
            nn.Conv2d(_WIDTH, _WIDTH, 3, 2, padding=1),
            nn.LeakyReLU(0.125),
        )
        self.whole = nn.Linear(2 * _WIDTH, CODES)
        self.own = nn.Linear(2 * _WIDTH, CODES)
        # log2 of the scale of each number, for the estimate of its bits
        self.spread = nn.Parameter(torch.zeros(2, CODES))

    def forward(self, picture: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 8) and (n, 8, 8), codes of the picture and of its regions, not rounded.

        picture: (n, 3, height, width), samples 0 to 1, sides multiples of 16. labels: (n, height / 16,
        width / 16). Regions that are not there have no meaning.
        """
        found = self.layers(pixel_unshuffle(picture, 4) - 0.5)
        parts = self.part(found, labels)
        return self.ends(*parts)

    def part(self, found: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sums over each region: how many cells, features, their squares."""
        mine = one_hot(labels.long(), MOST).to(found)
        count = mine.sum((1, 2))
        total = torch.einsum("nchw,nhwr->nrc", found, mine)
        square = torch.einsum("nchw,nhwr->nrc", found.square(), mine)
        return count, total, square

    def ends(self, count: Tensor, total: Tensor, square: Tensor) -> tuple[Tensor, Tensor]:
        """Codes from the sums of part()."""
        whole = self.whole(_described(count.sum(1, keepdim=True), total.sum(1), square.sum(1)))
        own = self.own(_described(count[..., None], total, square)) * (count > 0)[..., None]
        return whole, own

    def bits(self, whole: Tensor, own: Tensor, count: Tensor) -> Tensor:
        """(n,) estimated bits; count: (n,) how many regions have codes of their own."""
        first = bits_of(whole, self.spread[0].expand_as(whole)).sum(1)
        each = bits_of(own, self.spread[1].expand_as(own)).sum(2)
        there = torch.arange(MOST, device=own.device)[None] < count[:, None]
        return first + (each * there).sum(1)


def rounded(values: Tensor) -> Tensor:
    """To whole numbers, the gradient passed straight through."""
    return values + (values.round().clamp(-REACH, REACH) - values).detach()


def spread_over(own: Tensor, labels: Tensor) -> Tensor:
    """(n, 8, high, wide): each cell's codes; own: (n, 8 regions, 8 codes), labels: (n, high, wide)."""
    mine = one_hot(labels.long(), MOST).to(own)
    return torch.einsum("nrc,nhwr->nchw", own, mine)


def _described(count: Tensor, total: Tensor, square: Tensor) -> Tensor:
    mean = total / count.clamp_min(1)
    spread = (square / count.clamp_min(1) - mean.square()).clamp_min(1e-4).sqrt()
    return torch.cat([mean, spread], -1)
