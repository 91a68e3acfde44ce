"""What a call is asked for: codec, rate, size, and how losses are mended."""

from dataclasses import dataclass
from typing import Any

from genvc.codec import codec_names
from genvc.errors import BadInput
from genvc.repair import available

__all__ = [
    "AGAIN",
    "AUTO",
    "CHOICES",
    "COMPARED",
    "KEY",
    "REPAIR",
    "SIZES",
    "Choice",
    "Settings",
    "choice_of",
    "choices",
    "mends",
]

AUTO = "auto"
COMPARED = "x264-live"
"""What a codec is set beside: the registered H.264 encoder that codes picture by picture."""
AGAIN, REPAIR, KEY = "again", "repair", "key"
"""What mends losses: lost pictures are sent again; copies and repair pieces go along; a key picture comes."""
SIZES = (128, 192, 256, 384)
_LEAST_RATE, _MOST_RATE = 1000.0, 2e6


@dataclass(frozen=True, slots=True)
class Choice:
    """A codec as calls use it. options: its own, beside the bit rate."""

    name: str
    about: str
    codec: str
    options: tuple[tuple[str, Any], ...] = ()
    model: str = ""

    def all_options(self, bitrate: float) -> dict[str, Any]:
        return {"bitrate": bitrate, **dict(self.options)}


_LIVE = (("live", True), ("key_codec", "avif-live"))
CHOICES = (
    Choice("keypoints", "talking heads, a generator repairs", "keypoints", _LIVE),
    Choice("keypoints-warp", "talking heads, no generator: less work", "keypoints", _LIVE, "face-basis"),
    Choice("predictive", "any content", "predictive"),
    Choice(COMPARED, "H.264", COMPARED),
)


def choices() -> list[Choice]:
    """Those whose codec is installed."""
    names = codec_names()
    return [choice for choice in CHOICES if choice.codec in names]


def choice_of(name: str) -> Choice:
    """The choice of that name; raises BadInput."""
    for choice in choices():
        if choice.name == name:
            return choice
    known = ", ".join([AUTO, *(choice.name for choice in choices())])
    raise BadInput(f"no codec '{name}' for calls; there are: {known}")


def mends() -> list[str]:
    """Those ways that this installation has."""
    return [AGAIN, REPAIR, KEY] if available() else [AGAIN, KEY]


@dataclass(frozen=True, slots=True)
class Settings:
    """codec: a choice's name or "auto". bitrate: bit/s of the pictures. size: pixels a side. fps: at most.
    mend: what is done about losses."""

    codec: str = "keypoints"
    bitrate: float = 12000.0
    size: int = 256
    fps: int = 25
    mend: str = AGAIN

    def __post_init__(self) -> None:
        if self.codec != AUTO:
            choice_of(self.codec)
        if not _LEAST_RATE <= self.bitrate <= _MOST_RATE:
            raise BadInput(f"the rate is from 1 to 2000 kbit/s, not {self.bitrate / 1000:g}")
        if self.size not in SIZES:
            raise BadInput(f"the size is one of {', '.join(map(str, SIZES))}, not {self.size}")
        if not 1 <= self.fps <= 60:
            raise BadInput(f"a call has 1 to 60 pictures a second, not {self.fps}")
        if self.mend not in mends():
            if self.mend == REPAIR:
                raise BadInput("repair needs the package raptorq: pip install 'genvc[fec]'")
            raise BadInput(f"losses are mended by one of {', '.join(mends())}, not '{self.mend}'")
