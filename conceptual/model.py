"""The networks of the whole codec, and the pass that training makes through them."""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from genvc.learned.picture import PictureCoder
from genvc.learned.rounding import through

from .codes import Codes, rounded, spread_over
from .generator import CODES, Generator, enlarged
from .textures import StillFeatures

__all__ = ["SIZES", "Coded", "Conceptual", "reduced"]

SIZES = (2, 3, 4, 6, 8)  # eighths of the picture's size that the texture layer's picture may have
_ALIGNED = 32


@dataclass(frozen=True, slots=True)
class Coded:
    """picture: painted, not clipped. small: the texture layer's own picture. bits: (n,), estimated, without
    lines and labels. whole, own: codes before rounding, (n, 8) and (n, 8 regions, 8).
    """

    picture: Tensor
    small: Tensor
    bits: Tensor
    whole: Tensor
    own: Tensor


class Conceptual(nn.Module):
    """The texture layer (a smaller picture, latents or a still; codes) and the generator over all layers."""

    def __init__(self, without: Collection[str] = (), texture: str = "latents") -> None:
        """without: of generator.PARTS. texture: of textures.KINDS."""
        super().__init__()
        self.texture: PictureCoder | StillFeatures
        if texture == "still":
            self.texture = StillFeatures()
            self.generator = Generator(without, 6, 4)
        else:
            self.texture = PictureCoder(False, 0, 0, ("steps",) if "channels" in without else ())
            self.generator = Generator(without)
        self.codes = Codes()
        # codes, and what samples show, into one space (CCL): what is near there looks alike
        self.aligned = nn.Linear(CODES, _ALIGNED)

    def forward(
        self,
        picture: Tensor,
        lines: Tensor,
        labels: Tensor,
        count: Tensor,
        eighths: int,
        log_step: Tensor,
        still: Tensor | None = None,
    ) -> Coded:
        """As training sees it: straight-through rounding, estimated bits.

        picture: (n, 3, height, width), samples 0 to 1, height and width times eighths / 8 multiples of 16.
        lines: (n, 1, height / 2, width / 2). labels: (n, height / 16, width / 16). count: (n,), how many
        regions have codes. log_step: (n,). still: of a model over stills, what their codec made of the
        smaller picture, 0 to 1; its bits do not count.
        """
        if isinstance(self.texture, StillFeatures):
            assert still is not None
            out, features, bits = still, self.texture(still, log_step), still.new_zeros(len(still))
        else:
            wanted = self.texture.encode(reduced(picture, eighths), None, log_step).float()
            latents, bits = through(self.texture.latents, wanted, None, None, log_step)
            out, features = self.texture.decode(latents, None, log_step)
        # codes are rounded and compared: in full precision, whatever the networks run in
        whole, own = (one.float() for one in self.codes(picture, labels))
        there = torch.arange(own.shape[1], device=own.device)[None] < count[:, None]
        own = own * there[..., None]
        sent_whole, sent_own = rounded(whole), rounded(own)
        bits = bits + self.codes.bits(sent_whole, sent_own, count)
        guide = self.generator.guided(features, sent_whole, spread_over(sent_own, labels), eighths, log_step)
        painted = self.generator(enlarged(out, eighths), lines, guide)
        return Coded(painted, out, bits, whole, own)


def reduced(picture: Tensor, eighths: int) -> Tensor:
    """The picture at so many eighths of its size, (n, 3, height * eighths / 8, ...), 0 to 1."""
    if eighths == 8:
        return picture
    size = (picture.shape[2] * eighths // 8, picture.shape[3] * eighths // 8)
    return interpolate(picture, size, mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)
