"""The carriers that flow through genvc: frames, packets, and what a stream says of itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = ["Codec", "Frame", "Note", "Packet", "Picture", "StreamInfo"]

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) RGB, full range 0 to 255."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and its time.

    rgb: uint8 (height, width, 3), full range. pts: presentation time in ticks of one frame
    period (1 / fps); rises by 1 from frame to frame unless the source has a gap.
    """

    rgb: Picture
    pts: int


@dataclass(frozen=True, slots=True)
class Packet:
    """The coded bytes of one frame, or of one piece of a side track.

    key: decoding may start here. track: 0 is the picture; others are side tracks (audio).
    """

    payload: bytes
    pts: int
    key: bool = False
    track: int = 0


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a decoder must know before the first packet.

    codec: registered name. model: "name@first-8-hex-of-sha256" or "" when the codec has no weights.
    width, height: pixels. fps: frames per second as a fraction. params: bytes only the codec reads.
    """

    codec: str
    model: str
    width: int
    height: int
    fps: Fraction
    params: bytes = b""


@dataclass(frozen=True, slots=True)
class Note:
    """What a stream says in words from a time on, until the next note.

    Read by the functions (packets, info) -> Iterator[Note] of the entry-point group `genvc.notes`, named
    like the codec: without decoding a picture, and without loading what would paint it.
    """

    pts: int
    text: str


@runtime_checkable
class Codec(Protocol):
    """Frames in, packets out, and back.

    Both methods are generators: a running stream lives in their local variables, the object holds
    weights and settings only, so one object serves many streams at once. A codec that has an attribute
    `generative` that is true paints what it was not sent; files say so. One with a true `short` asks for
    the container's short form where a stream is one packet. `decoding` names the options that decoders
    need to be told, because streams say nothing of them. One that has a method
    `integers(packets, info) -> str` gives the hash of all that its exact half decodes, for `genvc verify`.
    """

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """What the header of a new stream of this size says; raises Unsupported for a size it refuses."""
        ...

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """Packets in decoding order, the first one a key packet."""
        ...

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0; raises CorruptStream on anything else."""
        ...
