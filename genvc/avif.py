"""The codec `avif`: every frame a still picture in AV1, coded by libaom.

The plain way to code key pictures, and single pictures. A packet is a payload of
media.encode_still_av1: a byte of coding tools and one AV1 frame, no boxes.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from .errors import BadInput, CorruptStream, ModelNotFound
from .options import check_number, check_whole
from .types import Codec, Frame, Packet, Picture, StreamInfo

__all__ = ["Avif", "check_call", "create"]

QUALITY = 50
# What the container adds to a group of one picture: its mark, a head and a checksum.
_GROUP_BYTES = 14


def create(model: str = "", device: str = "auto", **options: Any) -> Codec:
    """The codec; options are those of Avif. Raises BadInput for others, ModelNotFound for any model."""
    check_call("avif", model, options)
    return Avif(**options)


def check_call(codec: str, model: str, options: dict[str, Any]) -> None:
    """Raises BadInput for an option that there is not, ModelNotFound for any model."""
    if model:
        raise ModelNotFound(f"codec '{codec}' has no models, so no '{model}'")
    known = ("quality", "bytes", "bitrate", "speed", "subsampling")
    for name in options:
        if name not in known:
            raise BadInput(f"codec '{codec}' has no option '{name}'; it has: {', '.join(known)}")


class Avif:
    """Stills at one quality, at so many bytes a picture, or at a bit rate; at most one of the three."""

    def __init__(
        self,
        quality: int | None = None,
        bytes: int | None = None,
        bitrate: float | None = None,
        speed: int | None = None,
        subsampling: str | None = None,
        name: str = "avif",
    ) -> None:
        """quality: 0 (smallest) to 100. bytes: at most so many a picture. bitrate: bit/s, the container's
        share included. speed: 0 (slowest) to 10. subsampling: "4:2:0" or "4:4:4". name: in the registry."""
        given = {"quality": quality, "bytes": bytes, "bitrate": bitrate}
        chosen = [name for name, value in given.items() if value is not None]
        if len(chosen) > 1:
            raise BadInput(
                f"codec 'avif' takes one of quality, bytes and bitrate, not {' and '.join(chosen)}"
            )
        check_whole("avif", "quality", quality, 0, 100)
        check_whole("avif", "bytes", bytes, 1, 1 << 24)
        check_number("avif", "bitrate", bitrate, 1, 1e9)
        check_whole("avif", "speed", speed, 0, 10)
        if subsampling not in (None, "4:2:0", "4:4:4"):
            raise BadInput(f"codec 'avif': subsampling is 4:2:0 or 4:4:4, not {subsampling!r}")
        self.name = name
        self.quality = QUALITY if quality is None else quality
        self.bytes = bytes
        self.bitrate = bitrate
        self.settings: dict[str, Any] = {}
        if speed is not None:
            self.settings["speed"] = speed
        if subsampling is not None:
            self.settings["subsampling"] = subsampling

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        from .media.limits import check_size

        check_size(width, height)
        return StreamInfo(self.name, "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One key packet for each frame; raises BadInput for a frame of another size."""
        from .media import encode_still_av1, encode_still_av1_to_size

        budget = self.bytes
        if self.bitrate is not None:
            budget = max(1, int(self.bitrate / info.fps / 8) - _GROUP_BYTES)
        guess = 40
        for frame in frames:
            if frame.rgb.shape != (info.height, info.width, 3):
                high, wide = frame.rgb.shape[:2]
                raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
            if budget is None:
                payload = encode_still_av1(frame.rgb, self.quality, **self.settings)
            else:
                payload, guess = encode_still_av1_to_size(
                    frame.rgb, budget, first_guess=guess, **self.settings
                )
            yield Packet(payload, frame.pts, key=True)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0; raises CorruptStream for a payload that is no picture."""
        from .media import decode_still_av1

        if info.params:
            raise CorruptStream(f"an {self.name} stream has no parameters, this one has some")
        for packet in packets:
            if packet.track == 0:
                picture: Picture = decode_still_av1(packet.payload, info.width, info.height)
                yield Frame(picture, packet.pts)
