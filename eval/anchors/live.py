"""H.264 as a call sends it: x264 picture by picture, its own rate control, no look-ahead, one key picture."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from genvc.errors import BadInput, CorruptStream, ModelNotFound
from genvc.media.classical import ClassicalEncoder, decode_classical, encode_classical
from genvc.media.limits import check_size
from genvc.types import Codec, Frame, Packet, StreamInfo

from .x264 import COMMON

__all__ = ["create"]

NAME = "x264-live"
_BITRATE = 100000.0
# The encoder may be ahead of its rate by so many seconds: what a key picture takes.
_BUFFER_SECONDS = 2.5


def create(model: str = "", device: str = "auto", **options: Any) -> Codec:
    """The codec; its one option is bitrate, in bit/s. Raises BadInput, ModelNotFound."""
    if model:
        raise ModelNotFound(f"codec '{NAME}' has no models, so no '{model}'")
    for name in options:
        if name != "bitrate":
            raise BadInput(f"codec '{NAME}' has no option '{name}'; it has: bitrate")
    bitrate = options.get("bitrate", _BITRATE)
    if isinstance(bitrate, bool) or not isinstance(bitrate, int | float) or not 1000 <= bitrate <= 1e9:
        raise BadInput(f"codec '{NAME}': bitrate is a number from 1000 to 1e+09, not {bitrate!r}")
    return Live(float(bitrate))


class Live:
    """Unlike the anchors of the benchmark it does not see the clip before it chooses its quantisers."""

    elementary = True

    def __init__(self, bitrate: float) -> None:
        self.bitrate = bitrate

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        check_size(width, height)
        return StreamInfo(NAME, "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One packet a frame, at once."""
        options = {
            **COMMON,
            "preset": "medium",
            "tune": "zerolatency",
            "b": f"{self.bitrate:.0f}",
            "maxrate": f"{self.bitrate:.0f}",
            "bufsize": f"{self.bitrate * _BUFFER_SECONDS:.0f}",
        }
        encoder = ClassicalEncoder("libx264", "h264", options=options)
        return encode_classical(frames, info.width, info.height, info.fps, encoder)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """The frames in order of time; raises CorruptStream."""
        if info.params:
            raise CorruptStream(f"a stream of {NAME} has no parameters, this one has some")
        pictures = (packet for packet in packets if packet.track == 0)
        yield from decode_classical(pictures, info.width, info.height, "h264")
