"""The codec `mosaic`: pictures as coloured tiles, each tile as its change since the picture before."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from genvc import BadInput, CorruptStream, Frame, ModelNotFound, Packet, StreamInfo
from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.media.limits import check_size


def create(model: str = "", device: str = "auto", **options: Any) -> "Mosaic":
    """What genvc.create("mosaic") calls; the option quality is 0 to 100."""
    if model:
        raise ModelNotFound(f"codec 'mosaic' has no models, so no '{model}'")
    quality = options.pop("quality", 50)
    if options:
        raise BadInput(f"codec 'mosaic' has no option '{next(iter(options))}'; it has: quality")
    if isinstance(quality, bool) or not isinstance(quality, int | float) or not 0 <= quality <= 100:
        raise BadInput(f"codec 'mosaic': quality is a number from 0 to 100, not {quality!r}")
    return Mosaic(16 - round(quality * 0.12))


class Mosaic:
    """side: pixels of a tile, 4 to 16. All else of a stream lives in the generators' variables."""

    def __init__(self, side: int) -> None:
        self.side = side

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        check_size(width, height)
        return StreamInfo("mosaic", "", width, height, fps, bytes([self.side]))

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        rows, columns, models, last = _start(info)
        for number, frame in enumerate(frames):
            if frame.rgb.shape != (info.height, info.width, 3):
                raise BadInput("a frame of another size than the stream's")
            coder, tiles = SymbolEncoder(), _tiles(frame.rgb, rows, columns, info.params[0])
            for change, channel in zip((tiles - last).reshape(-1), models * (rows * columns), strict=True):
                coder.put_integer(int(change), channel)
            last = tiles
            yield Packet(coder.finish(), frame.pts, key=number == 0)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        rows, columns, models, last = _start(info)
        for packet in packets:
            coder = SymbolDecoder(packet.payload)
            changes = [coder.get_integer(channel) for channel in models * (rows * columns)]
            coder.finish()
            last = last + np.array(changes).reshape(last.shape)
            if last.min() < 0 or last.max() > 63:
                raise CorruptStream("a tile has a colour that there is not")
            tall = last.repeat(info.params[0], 0).repeat(info.params[0], 1) * 4 + 2
            yield Frame(tall[: info.height, : info.width].astype(np.uint8), packet.pts)


def _start(info: StreamInfo) -> tuple[int, int, list[AdaptiveModel], Any]:
    """Rows and columns of tiles, how colours change so far (in steps of 4), and grey tiles."""
    if len(info.params) != 1 or not 4 <= info.params[0] <= 16:
        raise CorruptStream("the stream does not say how large its tiles are")
    rows, columns = -(-info.height // info.params[0]), -(-info.width // info.params[0])
    models = [AdaptiveModel([1] * 8 + [8] + [1] * 9) for _ in range(3)]
    return rows, columns, models, np.full((rows, columns, 3), 32)


def _tiles(rgb: Any, rows: int, columns: int, side: int) -> Any:
    """The mean colours of tiles, 0 to 63; the picture's edge is repeated to fill the last ones."""
    down, right = rows * side - rgb.shape[0], columns * side - rgb.shape[1]
    whole = np.pad(rgb, ((0, down), (0, right), (0, 0)), "edge").astype(np.int64)
    return whole.reshape(rows, side, columns, side, 3).sum((1, 3)) // (4 * side * side)
