"""What an anchor is asked for: one of a quantiser, a quality, a bit rate or a size."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from genvc.errors import BadInput, ModelNotFound

__all__ = ["Target", "target_of"]

OPTIONS = ("quantizer", "quality", "bitrate", "bytes")
DEFAULT_QUALITY = 50


@dataclass(frozen=True, slots=True)
class Target:
    """steps: a place on the anchor's scale of quantisers, or None for a size to be searched for.

    bytes: of the whole stream; bits_per_second: of the stream. At most one of the three is set.
    """

    step: int | None = None
    bytes: int | None = None
    bits_per_second: float | None = None

    def size(self, frames: int, fps: Fraction) -> int:
        """The wanted size of a stream of so many frames, in bytes."""
        if self.bits_per_second is not None:
            return max(1, round(self.bits_per_second / 8 * frames / float(fps)))
        return self.bytes or 1


def target_of(
    name: str, model: str, options: Mapping[str, Any], *, low: int, high: int, per_unit: int
) -> Target:
    """The target that the options of `create` ask for.

    low, high: the anchor's scale in steps, from most to fewest bytes; per_unit: steps in one unit of
    its quantiser. Raises BadInput for other options and values, ModelNotFound for any model.
    """
    if model:
        raise ModelNotFound(f"codec '{name}' has no models, so no '{model}'")
    for option in options:
        if option not in OPTIONS:
            raise BadInput(f"codec '{name}' has no option '{option}'; it has: {', '.join(OPTIONS)}")
    given = {option: value for option, value in options.items() if value is not None}
    if len(given) > 1:
        raise BadInput(f"codec '{name}' takes one of {', '.join(OPTIONS)}, not {' and '.join(given)}")
    limits = {
        "quantizer": (low / per_unit, high / per_unit),
        "quality": (0, 100),
        "bitrate": (1, 1e9),
        "bytes": (1, 1 << 40),
    }
    for option, value in given.items():
        least, most = limits[option]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise BadInput(f"codec '{name}': {option} is a number from {least:g} to {most:g}, not {value!r}")
    if "bitrate" in given:
        return Target(bits_per_second=float(given["bitrate"]))
    if "bytes" in given:
        return Target(bytes=int(given["bytes"]))
    if "quantizer" in given:
        return Target(step=round(given["quantizer"] * per_unit))
    return Target(step=round(high - (high - low) * given.get("quality", DEFAULT_QUALITY) / 100))
