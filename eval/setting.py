"""One point of a curve: what a codec is asked for, as typed ("6k", "0.1bpp", "q37", "quality=40")."""

import re
from dataclasses import dataclass
from fractions import Fraction

from genvc.errors import BadInput
from genvc.typed import typed

__all__ = ["Setting", "parse_codec", "parse_setting"]

_RATE = re.compile(r"(\d+(?:\.\d+)?)([kKmM]?)")
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6}
_OPTION = re.compile(r"([a-z_]+)=(\S+)")


@dataclass(frozen=True, slots=True)
class Setting:
    """kind: "bitrate" (value in bit/s), "bpp", or an option of the codec's own. text: as it was typed."""

    text: str
    kind: str
    value: float | str

    def options(
        self, width: int, height: int, fps: Fraction, *, picture: bool
    ) -> dict[str, float | int | str]:
        """The options of `genvc.create` for a clip of that size and rate; for a picture sizes, not rates.

        Raises BadInput for a bit rate of a single picture.
        """
        if self.kind == "bitrate" and picture:
            raise BadInput(
                f"a picture has no bit rate ({self.text}); give bits per pixel (0.1bpp) or a quality"
            )
        if self.kind != "bpp":
            return {self.kind: self.value}
        bits = float(self.value) * width * height
        return {"bytes": max(1, round(bits / 8))} if picture else {"bitrate": bits * float(fps)}


def parse_codec(text: str) -> tuple[str, dict[str, float | int | str]]:
    """Name and options of "predictive" or "predictive+gop=ra+period=32"; raises BadInput."""
    name, *rest = text.split("+")
    found = [_OPTION.fullmatch(part) for part in rest]
    if not all(found):
        raise BadInput(f"'{text}' is no codec: after + comes option=value")
    return name, {one[1]: typed(one[2]) for one in found if one}


def parse_setting(text: str) -> Setting:
    """The setting of "6k", "6000" or "1.5M" (bit/s), "0.1bpp", "q37" (quantizer) or "option=value".

    Raises BadInput for anything else.
    """
    word = text.strip()
    rate = _RATE.fullmatch(word)
    if rate and float(rate[1]) > 0:
        return Setting(word, "bitrate", float(rate[1]) * _FACTORS[rate[2].lower()])
    option = _OPTION.fullmatch(word)
    if option:
        return Setting(word, option[1], typed(option[2]))
    for ending, kind in (("bpp", "bpp"), ("", "quantizer")):
        digits = word[: -len(ending)] if ending and word.endswith(ending) else word[1:]
        if (ending and word.endswith(ending)) or (not ending and word.startswith("q")):
            value = typed(digits)
            if not isinstance(value, str) and value > 0:
                return Setting(word, kind, value)
    raise BadInput(f"'{text}' is no rate: 6k (bit/s), 0.1bpp, q37 (quantizer) or option=value are")
