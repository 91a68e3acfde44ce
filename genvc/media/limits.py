"""How big a picture may be: checked before any pixel is allocated."""

from ..errors import Unsupported

__all__ = ["MAX_PIXELS", "MAX_SIDE", "check_size"]

MAX_SIDE = 16384
MAX_PIXELS = 1 << 26


def check_size(width: int, height: int, what: str = "a picture") -> None:
    """Raises Unsupported for a size of zero, above MAX_SIDE a side or above MAX_PIXELS in all."""
    if width < 1 or height < 1:
        raise Unsupported(f"{what} of {width}x{height} has no pixels")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise Unsupported(f"{what} of {width}x{height} is over the limit of {MAX_SIDE} a side, 64 megapixels")


def scaled(width: int, height: int, short_side: int | None) -> tuple[int, int]:
    """The size whose short side is short_side pixels, in the same shape; the same size for None."""
    if short_side is None or min(width, height) == short_side:
        return width, height
    short = min(width, height)
    long = max(1, (2 * max(width, height) * short_side + short) // (2 * short))
    return (short_side, long) if width <= height else (long, short_side)
