"""Files of at most so many bytes: what a codec is to be told for a single picture."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from . import container
from .codec import create, marks
from .errors import BadInput
from .media.info import MediaInfo
from .types import Codec, Frame, Packet, Picture

__all__ = ["options_within", "single"]

_STEPS = 101  # qualities 0 to 100
_MOST = 1 << 24  # bytes of a file
_LARGE = 1 << 14  # bytes: lengths of larger packets take no more room beside a seal
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
    passphrase: str | None = None,
) -> dict[str, Any]:
    """The options with which the whole file is as good as it can be in most(pixels) bytes.

    A codec that is `budgeted` bounds its packets itself, by its option `bytes`, one that `bounds_files` the
    whole file; of others the highest quality is searched by bisection. passphrase: of a file that is to be
    encrypted. Raises BadInput where the smallest file is larger.
    """
    given = dict(options or {})
    for name in _RATES:
        if name in given:
            raise BadInput(f"say a number of bytes or {name}, not both")
    made = create(codec, model, device, **given)
    limit = _limit(most, picture, made, info, passphrase)
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


def _limit(
    most: Callable[[int], int], picture: Picture, codec: Codec, info: MediaInfo, passphrase: str | None
) -> int:
    """Bytes of the file without what encryption adds to it; raises BadInput where that leaves none."""
    asked = most(picture.shape[0] * picture.shape[1])
    # no codec makes more of a picture, and nobody is to take memory for what was asked for
    limit = min(asked, _MOST)
    if passphrase is not None:
        limit -= _blank(codec, info, _LARGE, passphrase) - _blank(codec, info, _LARGE, None)
    if limit < 1:
        raise BadInput(f"a file of this picture has more than {asked} bytes whatever is in it")
    return limit


def _size(codec: Codec, picture: Picture, info: MediaInfo) -> int:
    header = codec.describe(info.width, info.height, info.fps)
    packets = codec.encode([Frame(picture, 0)], header)
    return container.write(io.BytesIO(), header, packets, **marks(codec)).bytes


def _budget(codec: Codec, info: MediaInfo, limit: int) -> int:
    """Bytes of a packet in a file of so many."""
    left = 2 * limit - _blank(codec, info, limit, None)
    if left < 16:
        raise BadInput(f"a file of this picture has more than {limit} bytes whatever is in it")
    return left


def _blank(codec: Codec, info: MediaInfo, size: int, passphrase: str | None) -> int:
    """Bytes of a file whose only packet has `size`."""
    header = codec.describe(info.width, info.height, info.fps)
    packet = Packet(bytes(size), 0, key=True)
    return container.write(io.BytesIO(), header, [packet], passphrase=passphrase, **marks(codec)).bytes
