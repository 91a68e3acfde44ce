"""The two kinds of texture layer: a smaller picture as latents of our own networks, or as an AV1 still.

Both turn a smaller picture into bytes, bytes into integers, and integers into a picture and features of it
that guide the generator. Which one a model has, its config says ("texture").
"""

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_unshuffle

from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream
from genvc.learned.basis import BLOCK, CHROMA, LUMA
from genvc.learned.coding import read, write
from genvc.learned.exact import exact_copy
from genvc.learned.picture import WIDTH, PictureCoder, Residual, plane
from genvc.learned.picture_bands import analysed, synthesised
from genvc.learned.probability import levels_tables
from genvc.learned.quality import log_step
from genvc.types import Picture

__all__ = [
    "KINDS",
    "LatentTexture",
    "StillFeatures",
    "StillTexture",
    "Texture",
    "decoded_still",
    "encoded_still",
    "samples_of",
    "thrift_of",
]

KINDS: Final = ("latents", "still")
# the latents that hold a block's mean luma and its two mean colours
_MEANS: Final = (0, LUMA, LUMA + CHROMA)
_LEAST = 1e-3
# How much stronger the colours of a still are than the picture's, as fractions: AV1 spends too little on them
# at its lowest rates. By hand on 16 validation photos: some bits more, colours better by 1 dB, and at equal
# bits LPIPS (alex) lower by about 1 %, before the generator was trained for it.
_STRENGTHS: Final = ((1, 1), (7, 5), (2, 1))
_ROWS = 256  # at a time: whole numbers take four times what samples take
_CLIPPED = 0.05  # share of the samples that may leave their range for it
_WIDEST = 2.0  # colours spread by more show how coarsely they were coded


class Texture(Protocol):
    """A texture layer, ready to run. small: (1, 3, 16 h, 16 w), samples 0 to 1. grade: 0 to 63.

    held: what its section says, a tensor of integers (as uint8 or as float64 in steps). vivid: 0 to 3, how
    much stronger than the picture's its colours are.
    """

    def write(self, small: Tensor, grade: int, eighths: int) -> tuple[bytes, int]:
        """The section, and how vivid it is."""
        ...

    def read(self, data: bytes, high: int, wide: int, grade: int, vivid: int) -> Tensor:
        """The mirror of write() for a picture of high x wide samples; raises CorruptStream."""
        ...

    def shown(self, held: Tensor, grade: int) -> tuple[Tensor, Tensor]:
        """The picture, 0 to 1, and its features (n, 64, high / 4, wide / 4)."""
        ...

    def restyled(
        self, held: Tensor, grade: int, other: Tensor, others: int, eighths: int
    ) -> tuple[bytes, int]:
        """The section with mean and spread of the colours of another one, of grade `others`; how vivid."""
        ...

    def integers(self, data: bytes, held: Tensor) -> npt.NDArray[np.int64]:
        """What has to be the same on every machine, of a section that was read."""
        ...


class StillFeatures(nn.Module):
    """Features of a picture that a still codec has coded: what the latents' decoder gives for latents."""

    def __init__(self) -> None:
        super().__init__()
        self.merge = nn.Conv2d(48 + 1, WIDTH, 3, padding=1)
        self.refine = nn.Sequential(Residual(WIDTH), Residual(WIDTH))

    def forward(self, small: Tensor, log_step: float | Tensor) -> Tensor:
        """small: (n, 3, 4 h, 4 w), samples 0 to 1; returns (n, 64, h, w)."""
        seen = pixel_unshuffle(small, 4) - 0.5
        found: Tensor = self.refine(
            leaky_relu(self.merge(torch.cat([seen, plane(seen, log_step)], 1)), 0.125)
        )
        return found


class LatentTexture:
    """Latents of the intra networks of `predictive`, trained further."""

    def __init__(self, model: PictureCoder, device: torch.device) -> None:
        self.model, self.device = model, device
        self.exact = exact_copy(model.latents)
        self.tables = levels_tables()

    def write(self, small: Tensor, grade: int, eighths: int) -> tuple[bytes, int]:
        """See Texture."""
        return self._written(analysed(self.model, small, None, log_step(grade)), grade, eighths)

    def _written(self, wanted: Tensor, grade: int, eighths: int) -> tuple[bytes, int]:
        log, coder = log_step(grade), SymbolEncoder()
        side = self.model.latents.side_of(wanted.float().to(self.device), log)
        thrift = thrift_of(eighths)
        write(coder, self.exact, self.tables, wanted.cpu(), side.cpu(), None, None, log, thrift=thrift)
        return coder.finish(), 0

    def read(self, data: bytes, high: int, wide: int, grade: int, vivid: int) -> Tensor:
        """See Texture; (1, channels, high / 16, wide / 16), float64, exact."""
        if vivid:
            raise CorruptStream("latents have no stronger colours")
        coder = SymbolDecoder(data)
        size = (high // BLOCK, wide // BLOCK)
        latents = read(coder, self.exact, self.tables, size, None, None, log_step(grade))
        coder.finish()
        return latents

    def shown(self, held: Tensor, grade: int) -> tuple[Tensor, Tensor]:
        """See Texture."""
        out, features = synthesised(self.model, held.float().to(self.device), None, log_step(grade))
        # damaged latents may be so large that a network ends in infinities
        return out.float().nan_to_num(0.5).clamp(0, 1), features.nan_to_num(0.0).clamp(-1e4, 1e4)

    def restyled(
        self, held: Tensor, grade: int, other: Tensor, others: int, eighths: int
    ) -> tuple[bytes, int]:
        """See Texture: on the latents that are the means of blocks."""
        made = held.clone()
        steps = self.model.steps(log_step(grade)).cpu()
        mine = held.float() * steps
        theirs = other.float() * self.model.steps(log_step(others)).cpu()
        for channel in _MEANS:
            moved = _moved(mine[:, channel], theirs[:, channel])
            made[:, channel] = (moved / steps[:, channel]).double()
        return self._written(made, grade, eighths)

    def integers(self, data: bytes, held: Tensor) -> npt.NDArray[np.int64]:
        """See Texture: in steps of 1/256."""
        found: npt.NDArray[np.int64] = (held * 256).round().long().numpy()
        return found


class StillTexture:
    """A bare AV1 frame (media.encode_still_av1); the grade is libaom's quality."""

    def __init__(self, model: StillFeatures, device: torch.device) -> None:
        self.model, self.device = model, device

    def write(self, small: Tensor, grade: int, eighths: int) -> tuple[bytes, int]:
        """See Texture."""
        return encoded_still(samples_of(small), grade)

    def read(self, data: bytes, high: int, wide: int, grade: int, vivid: int) -> Tensor:
        """See Texture; (1, 3, high, wide), uint8."""
        return torch.from_numpy(decoded_still(data, wide, high, vivid)).permute(2, 0, 1)[None]

    def shown(self, held: Tensor, grade: int) -> tuple[Tensor, Tensor]:
        """See Texture."""
        small = held.to(self.device).float() / 255
        small = small.contiguous(memory_format=torch.channels_last)
        return small, self.model(small, log_step(grade))

    def restyled(
        self, held: Tensor, grade: int, other: Tensor, others: int, eighths: int
    ) -> tuple[bytes, int]:
        """See Texture: on samples, each colour by itself."""
        return self.write(_restyled(held, other), grade, eighths)

    def integers(self, data: bytes, held: Tensor) -> npt.NDArray[np.int64]:
        """See Texture: the still's bytes. AV1 decodes alike everywhere; its colours are of the free half."""
        return np.frombuffer(data, np.uint8).astype(np.int64)


def encoded_still(rgb: Picture, grade: int) -> tuple[bytes, int]:
    """A bare AV1 frame of (height, width, 3), uint8, colours as strong as fit; and how vivid, 0 to 2."""
    from genvc.media import encode_still_av1

    for vivid in range(len(_STRENGTHS) - 1, 0, -1):
        stronger = _coloured(rgb, *_STRENGTHS[vivid])
        held = np.clip(stronger, 0, 255)
        if (held != stronger).mean() <= _CLIPPED:
            return encode_still_av1(held.astype(np.uint8), grade), vivid
    return encode_still_av1(rgb, grade), 0


def decoded_still(data: bytes, width: int, height: int, vivid: int) -> Picture:
    """The mirror of encoded_still(); raises CorruptStream."""
    from genvc.media import decode_still_av1

    if vivid >= len(_STRENGTHS):
        raise CorruptStream("a still's colours are stronger than any encoder makes them")
    rgb = decode_still_av1(data, width, height)
    if not vivid:
        return rgb
    over, under = _STRENGTHS[vivid]
    found = np.empty_like(rgb)
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        found[rows] = np.clip(_coloured(rgb[rows], under, over), 0, 255)
    return found


def _coloured(rgb: Picture, over: int, under: int) -> npt.NDArray[np.int32]:
    """Colours over / under times as far from grey, in whole numbers; samples may leave their range."""
    wide = rgb.astype(np.int32)
    grey = (77 * wide[..., :1] + 150 * wide[..., 1:2] + 29 * wide[..., 2:] + 128) >> 8
    found: npt.NDArray[np.int32] = grey + ((wide - grey) * over + under // 2) // under
    return found


def _restyled(mine: Tensor, theirs: Tensor) -> Tensor:
    """(1, 3, high, wide), 0 to 1: the first picture, uint8, with mean and spread of the second's colours."""
    channels = [_moved(mine[:, one].float() / 255, theirs[:, one].float() / 255) for one in range(3)]
    return torch.stack(channels, 1).clamp(0, 1)


def samples_of(picture: Tensor) -> Picture:
    """(1, 3, high, wide), 0 to 1, as uint8 (high, wide, 3)."""
    held = picture[0].float().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    found: Picture = np.ascontiguousarray(np.rint(held * np.float32(255)).astype(np.uint8))
    return found


def thrift_of(eighths: int) -> float:
    """How readily the encoder rounds down. At large sizes LPIPS misses what that takes; of the val photos."""
    return 0.02 if eighths <= 4 else 0.0


def _moved(old: Tensor, new: Tensor) -> Tensor:
    """The values with the mean and, within limits, the spread of others: AdaIN (Huang and Belongie, 2017)."""
    wider = (_spread(new) / _spread(old)).clamp(1 / _WIDEST, _WIDEST)
    return (old - old.mean()) * wider + new.mean()


def _spread(values: Tensor) -> Tensor:
    """The root mean square deviation, never 0, of one value too."""
    return (values - values.mean()).square().mean().sqrt().clamp_min(_LEAST)
