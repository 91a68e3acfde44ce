"""A classical still-picture format as a codec of the registry: one file a frame."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from genvc.errors import BadInput, CorruptStream
from genvc.media.classical_still import decode_still, encode_still, still_version
from genvc.media.limits import check_size
from genvc.types import Codec, Frame, Packet, Picture, StreamInfo

from ..search import nearest_size
from .settings import Target, target_of

__all__ = ["StillAnchor", "StillRecipe"]


@dataclass(frozen=True, slots=True)
class StillRecipe:
    """How a format is written.

    name: in the registry. form: Pillow's. options: at a step from 0 (most bytes) to `high`.
    """

    name: str
    form: str
    options: Callable[[int], Mapping[str, Any]]
    high: int

    def create(self, model: str = "", device: str = "auto", **options: Any) -> Codec:
        """The codec, for the registry: one of quantizer (0 is best), quality (0 to 100), bitrate, bytes.

        `bytes` is for each picture, as a still wants it. Raises BadInput, ModelNotFound.
        """
        return StillAnchor(self, target_of(self.name, model, options, low=0, high=self.high, per_unit=1))


class StillAnchor:
    """A still format with a target."""

    elementary = True
    """Its size in a benchmark is that of its files."""

    def __init__(self, recipe: StillRecipe, target: Target) -> None:
        self.recipe = recipe
        self.target = target

    def about(self) -> dict[str, str]:
        """The settings, for the record."""
        said = " ".join(f"{name}={value}" for name, value in self.recipe.options(self.recipe.high).items())
        return {"encoder": still_version(self.recipe.form), "settings": said}

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        check_size(width, height)
        return StreamInfo(self.recipe.name, "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One key packet for each frame; raises BadInput for a frame of another size."""
        for frame in frames:
            if frame.rgb.shape != (info.height, info.width, 3):
                high, wide = frame.rgb.shape[:2]
                raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
            step = self.target.step
            if step is None:
                step = self._step_for(frame.rgb, self.target.size(1, info.fps))
            yield Packet(self._file(frame.rgb, step), frame.pts, key=True)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0; raises CorruptStream for a payload that is no picture."""
        if info.params:
            raise CorruptStream(f"a stream of {self.recipe.name} has no parameters, this one has some")
        for packet in packets:
            if packet.track == 0:
                rgb = decode_still(packet.payload, self.recipe.form, info.width, info.height)
                yield Frame(rgb, packet.pts)

    def _file(self, rgb: Picture, step: int) -> bytes:
        return encode_still(rgb, self.recipe.form, self.recipe.options(step))

    def _step_for(self, rgb: Picture, target: int) -> int:
        return nearest_size(lambda step: len(self._file(rgb, step)), 0, self.recipe.high, target)
