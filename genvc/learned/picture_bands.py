"""A picture's networks band by band: analysis and synthesis of pictures of any size."""

from typing import overload

from torch import Tensor

from .bands import in_bands, rows
from .basis import BLOCK
from .picture import Context, PictureCoder

__all__ = ["analysed", "part", "synthesised"]


def analysed(coder: PictureCoder, picture: Tensor, context: Context | None, log: float) -> Tensor:
    """coder.encode() in bands: (1, 3, 16 h, 16 w) to (1, 192, h, w)."""
    high, wide = picture.shape[2] // BLOCK, picture.shape[3] // BLOCK

    def run(low: int, end: int) -> tuple[Tensor]:
        mine = rows(picture, high, low, end)
        return (coder.encode(mine, part(context, high, low, end), log).float(),)

    return in_bands(high, wide, run)[0]


def synthesised(
    coder: PictureCoder, latents: Tensor, context: Context | None, log: float
) -> tuple[Tensor, Tensor]:
    """coder.decode() in bands: latents (1, 192, h, w) to pictures and features."""
    high, wide = latents.shape[2:]

    def run(low: int, end: int) -> tuple[Tensor, Tensor]:
        return coder.decode(latents[:, :, low:end], part(context, high, low, end), log)

    picture, features = in_bands(high, wide, run)
    return picture, features


@overload
def part(context: Context, high: int, low: int, end: int) -> Context: ...


@overload
def part(context: None, high: int, low: int, end: int) -> None: ...


def part(context: Context | None, high: int, low: int, end: int) -> Context | None:
    """Rows of a context, see rows()."""
    if context is None:
        return None
    return Context(rows(context.picture, high, low, end), rows(context.features, high, low, end))
