"""Files of at most so many bytes: what a codec is to be told for a single picture."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from . import container
from .codec import create
from .errors import BadInput
from .media.info import MediaInfo
from .types import Codec, Frame, Packet, Picture

__all__ = ["options_within", "single"]

_STEPS = 101  # qualities 0 to 100
_RATES = ("quality", "bitrate", "bytes")


def single(frames: Iterable[Frame]) -> tuple[Picture, Iterator[Frame]]:
    """The only picture, and the frames again; raises BadInput for none or several."""
    row = iter(frames)
    first, second = next(row, None), next(row, None)
    if first is None or second is not None:
        raise BadInput("a number of bytes or bits a pixel is for a single picture; for video say --bitrate")
    return first.rgb, chain([first])


def options_within(
    codec: str,
    model: str,
    device: str,
    options: Mapping[str, Any] | None,
    picture: Picture,
    info: MediaInfo,
    most: Callable[[int], int],
) -> dict[str, Any]:
    """The options with which the whole file is as good as it can be in most(pixels) bytes.

    A codec that is `budgeted` bounds its packets itself, by its option `bytes`, one that `bounds_files` the
    whole file; of others the highest quality is searched by bisection. Raises BadInput
    where the smallest file is larger.
    """
    given = dict(options or {})
    for name in _RATES:
        if name in given:
            raise BadInput(f"say a number of bytes or {name}, not both")
    limit = most(picture.shape[0] * picture.shape[1])
    made = create(codec, model, device, **given)
    if getattr(made, "bounds_files", False):
        return {"bytes": limit}
    if getattr(made, "budgeted", False):
        return {"bytes": _budget(made, info, limit)}
    best: int | None = None
    low, high, least = 0, _STEPS - 1, 0
    while low <= high:
        middle = (low + high) // 2
        size = _size(create(codec, model, device, **given, quality=middle), picture, info)
        if size <= limit:
            best, low = middle, middle + 1
        else:
            high, least = middle - 1, size
    if best is None:
        raise BadInput(f"the smallest file of this picture has {least} bytes, not {limit}")
    return {"quality": best}


def _size(codec: Codec, picture: Picture, info: MediaInfo) -> int:
    header = codec.describe(info.width, info.height, info.fps)
    generated = bool(getattr(codec, "generative", False))
    return container.write(
        io.BytesIO(), header, codec.encode([Frame(picture, 0)], header), generated=generated
    ).bytes


def _budget(codec: Codec, info: MediaInfo, limit: int) -> int:
    """Bytes of a packet in a file of so many."""
    header = codec.describe(info.width, info.height, info.fps)
    generated = bool(getattr(codec, "generative", False))
    packet = Packet(bytes(limit), 0, key=True)
    whole = container.write(io.BytesIO(), header, [packet], generated=generated).bytes
    left = 2 * limit - whole
    if left < 16:
        raise BadInput(f"a file of this picture has more than {limit} bytes whatever is in it")
    return left
