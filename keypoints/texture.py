"""Texture codes: what the surfaces of a picture's parts look like, in a few integers for each part.

The parts are found by a network in the picture itself, so that a decoder finds them in the decoded reference
and no mask is sent. The encoder looks at the reference before it is coded; the codes then tell the generator
what it should restore in each part: they scale and shift its features there.

Sources: codes of a picture's components, learnt by contrast between the pictures of a clip, as in DHVC (Wang
et al., 2023), with a queue as in MoCo (He et al., 2020); features scaled and shifted by codes as in AdaIN
(Huang and Belongie, 2017), for each part as in SEAN (Zhu et al., 2020).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genvc.errors import BadInput

from .block import Block
from .maps import MAPS

__all__ = ["LIMIT", "MOST_NUMBERS", "MOST_PARTS", "Texture", "texture_of"]

LIMIT = 12
"""No code lies further from 0."""
MOST_PARTS, MOST_NUMBERS = 8, 16

_WIDE, _NARROW = 64, 32
_LOUD = 4.0


class Texture(nn.Module):
    """parts, numbers: codes are (n, parts, numbers). channels: of the features that they change."""

    def __init__(self, parts: int, numbers: int, channels: int) -> None:
        super().__init__()
        self.parts, self.numbers = parts, numbers
        self.part_in = nn.Conv2d(3 + MAPS + 2, _NARROW, 3, 2, padding=1)
        self.part_out = nn.Conv2d(_NARROW, parts, 3, padding=1)
        self.seen_in = nn.Conv2d(48 + MAPS, _WIDE, 3, padding=1)
        self.seen_down = nn.Conv2d(_WIDE, _WIDE, 4, 2, padding=1)
        self.seen = nn.Sequential(Block(_WIDE), Block(_WIDE))
        self.say = nn.Linear(_WIDE, numbers)
        with torch.no_grad():
            # codes that all round to 0 would never be learnt
            self.say.weight *= _LOUD
        # codes of 0 change nothing
        self.change = nn.Linear(numbers, 2 * channels, bias=False)
        nn.init.zeros_(self.change.weight)

    def masks(self, picture: Tensor, maps: Tensor) -> Tensor:
        """How much of each place belongs to each part: (n, parts, h / 8, w / 8), 1 in all.

        picture: (n, 3, h, w), 0 to 1; maps: (n, MAPS, h / 4, w / 4), 0 to 1.
        """
        small = F.avg_pool2d(picture, 4)
        high, wide = small.shape[2:]
        x = torch.linspace(-1, 1, wide, device=picture.device).expand(len(picture), 1, high, wide)
        y = torch.linspace(-1, 1, high, device=picture.device)[:, None].expand(len(picture), 1, high, wide)
        seen = F.relu(self.part_in(torch.cat([small * 2 - 1, maps, x, y], 1)))
        return F.softmax(self.part_out(seen).float(), 1)

    def codes(self, picture: Tensor, maps: Tensor) -> Tensor:
        """(n, parts, numbers), not rounded, within LIMIT; of a picture and maps as above."""
        masks = self.masks(picture, maps)
        seen = F.relu(self.seen_in(torch.cat([F.pixel_unshuffle(picture, 4) * 2 - 1, maps], 1)))
        seen = F.relu(self.seen(self.seen_down(seen))).float()
        mass = masks.sum((2, 3))[..., None]
        pooled = torch.einsum("nphw,nchw->npc", masks, seen) / mass.clamp(min=1e-3)
        said = self.say(F.layer_norm(pooled.float(), (_WIDE,))).float()
        # a part that is hardly there says nothing
        return LIMIT * torch.tanh(said / LIMIT) * mass / (mass + 1)

    def forward(self, fine: Tensor, picture: Tensor, maps: Tensor, codes: Tensor) -> Tensor:
        """Features (n, channels, h / 4, w / 4) of the decoded reference, changed as the codes say."""
        masks = self.masks(picture, maps)
        change = torch.einsum("nphw,npc->nchw", masks, self.change(codes / LIMIT).float())
        change = F.interpolate(change, fine.shape[2:], mode="bilinear", align_corners=False).to(fine)
        scale, shift = change.chunk(2, 1)
        found: Tensor = fine * (1 + scale) + shift
        return found


def texture_of(config: dict[str, Any]) -> tuple[int, int] | None:
    """Parts and numbers, from a model's config; None where it has no texture codes. Raises BadInput."""
    found = config.get("texture")
    if found is None:
        return None
    if not isinstance(found, list) or len(found) != 2 or not all(type(one) is int for one in found):
        raise BadInput(f"the model's config has no proper size of texture codes: {found!r}")
    if not (1 <= found[0] <= MOST_PARTS and 1 <= found[1] <= MOST_NUMBERS):
        most = f"{MOST_PARTS} parts and {MOST_NUMBERS} numbers"
        raise BadInput(f"the model's texture codes are of {most} at most, not of {found[0]} and {found[1]}")
    return found[0], found[1]
