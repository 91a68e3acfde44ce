"""A classical video codec as a codec of the registry."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from genvc.errors import BadInput, CorruptStream
from genvc.media.classical import ClassicalEncoder, decode_classical, encode_classical
from genvc.media.limits import check_size
from genvc.types import Codec, Frame, Packet, StreamInfo

from ..search import nearest_size
from .settings import Target, target_of
from .spool import Spool

__all__ = ["Recipe", "VideoAnchor"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an anchor is run.

    name: in the registry. encoder: FFmpeg's name; decoder likewise. options: at a quantiser, given in
    the encoder's own unit. low, high: the quantisers used, in steps of which per_unit make one unit.
    """

    name: str
    encoder: str
    decoder: str
    options: Callable[[float], Mapping[str, str]]
    low: int
    high: int
    per_unit: int = 1
    pixel_format: str = "yuv420p"

    def at(self, step: int) -> ClassicalEncoder:
        return ClassicalEncoder(
            self.encoder, self.decoder, self.pixel_format, self.options(step / self.per_unit)
        )

    def create(self, model: str = "", device: str = "auto", **options: Any) -> Codec:
        """The codec, for the registry: one of quantizer, quality (0 to 100), bitrate, bytes (in all).

        It runs on the CPU whatever the device. Raises BadInput, ModelNotFound.
        """
        target = target_of(self.name, model, options, low=self.low, high=self.high, per_unit=self.per_unit)
        return VideoAnchor(self, target)


class VideoAnchor:
    """A recipe with a target."""

    elementary = True
    """Its size in a benchmark is that of its packets, no file around them."""

    def __init__(self, recipe: Recipe, target: Target) -> None:
        self.recipe = recipe
        self.target = target

    def about(self) -> dict[str, str]:
        """The settings, for the record."""
        recipe = self.recipe
        options = {**recipe.options(recipe.high / recipe.per_unit)}
        said = " ".join(f"{name}={value}" for name, value in options.items() if name != "crf")
        return {"encoder": recipe.encoder, "pixels": recipe.pixel_format, "settings": said}

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        check_size(width, height)
        return StreamInfo(self.recipe.name, "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """Packets in decoding order. A target size is searched for on frames kept on disk."""
        if self.target.step is not None:
            yield from self._packets(frames, info, self.target.step)
            return
        with Spool(frames) as spool:
            if not len(spool):
                return
            target = self.target.size(len(spool), info.fps)
            yield from self._packets(spool.frames(), info, self.step_for(spool.frames, info, target))

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """The frames in order of time; raises CorruptStream."""
        if info.params:
            raise CorruptStream(f"a stream of {self.recipe.name} has no parameters, this one has some")
        pictures = (packet for packet in packets if packet.track == 0)
        yield from decode_classical(pictures, info.width, info.height, self.recipe.decoder)

    def step_for(self, frames: Callable[[], Iterable[Frame]], info: StreamInfo, target: int) -> int:
        """The step of the quantiser whose stream comes nearest to target bytes; encodes several times."""

        def size(step: int) -> int:
            return sum(len(packet.payload) for packet in self._packets(frames(), info, step))

        return nearest_size(size, self.recipe.low, self.recipe.high, target)

    def quantizer_for(
        self, frames: Callable[[], Iterable[Frame]], info: StreamInfo, count: int
    ) -> float | None:
        """The quantizer that meets the target on `count` frames; None when one was given outright."""
        if self.target.step is not None:
            return None
        if count < 1:
            raise BadInput("no frames to encode")
        return self.step_for(frames, info, self.target.size(count, info.fps)) / self.recipe.per_unit

    def _packets(self, frames: Iterable[Frame], info: StreamInfo, step: int) -> Iterator[Packet]:
        return encode_classical(frames, info.width, info.height, info.fps, self.recipe.at(step))
