"""H.264 and H.265 as a call sends them: picture by picture, their own rate control, one key picture."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from genvc.errors import BadInput, CorruptStream, ModelNotFound
from genvc.media.classical import ClassicalEncoder, decode_classical, encode_classical
from genvc.media.limits import check_size
from genvc.types import Codec, Frame, Packet, StreamInfo

from .x264 import COMMON
from .x265 import PARAMETERS

__all__ = ["create", "create_x265"]

_BITRATE = 100000.0
# The encoder may be ahead of its rate by so many seconds: what a key picture takes.
_BUFFER_SECONDS = 2.5


def create(model: str = "", device: str = "auto", **options: Any) -> Codec:
    """x264-live; its one option is bitrate, in bit/s. Raises BadInput, ModelNotFound."""
    return Live("x264-live", "libx264", "h264", _bitrate("x264-live", model, options))


def create_x265(model: str = "", device: str = "auto", **options: Any) -> Codec:
    """x265-live; its one option is bitrate, in bit/s. Raises BadInput, ModelNotFound."""
    return Live("x265-live", "libx265", "hevc", _bitrate("x265-live", model, options))


def _bitrate(name: str, model: str, options: Mapping[str, Any]) -> float:
    if model:
        raise ModelNotFound(f"codec '{name}' has no models, so no '{model}'")
    for option in options:
        if option != "bitrate":
            raise BadInput(f"codec '{name}' has no option '{option}'; it has: bitrate")
    bitrate = options.get("bitrate", _BITRATE)
    if isinstance(bitrate, bool) or not isinstance(bitrate, int | float) or not 1000 <= bitrate <= 1e9:
        raise BadInput(f"codec '{name}': bitrate is a number from 1000 to 1e+09, not {bitrate!r}")
    return float(bitrate)


@dataclass(frozen=True, slots=True)
class Live:
    """Unlike the anchors of the benchmark it does not see the clip before it chooses its quantisers.

    encoder, decoder: FFmpeg's names. bitrate: bit/s.
    """

    name: str
    encoder: str
    decoder: str
    bitrate: float

    elementary = True

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        check_size(width, height)
        return StreamInfo(self.name, "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One packet a frame, at once."""
        options = {"preset": "medium", "tune": "zerolatency", "b": f"{self.bitrate:.0f}"}
        kept = self.bitrate * _BUFFER_SECONDS
        if self.encoder == "libx264":
            options = {**COMMON, **options, "maxrate": options["b"], "bufsize": f"{kept:.0f}"}
        else:
            limits = f"vbv-maxrate={self.bitrate / 1000:.0f}:vbv-bufsize={kept / 1000:.0f}"
            options["x265-params"] = f"{PARAMETERS}:{limits}"
        encoder = ClassicalEncoder(self.encoder, self.decoder, options=options)
        return encode_classical(frames, info.width, info.height, info.fps, encoder)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """The frames in order of time; raises CorruptStream."""
        if info.params:
            raise CorruptStream(f"a stream of {self.name} has no parameters, this one has some")
        pictures = (packet for packet in packets if packet.track == 0)
        yield from decode_classical(pictures, info.width, info.height, self.decoder)
