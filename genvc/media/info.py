"""What a media file says of itself."""

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["MediaInfo"]


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """width, height: of the frames as they are delivered (turned upright, scaled). fps: nominal frames
    per second, the tick of Frame.pts. frames: how many the header promises, None when it does not.
    seconds: promised duration, None likewise. format, codec, pixels: FFmpeg's or Pillow's names.
    audio: name of the first audio track's codec, "" without one.
    """

    width: int
    height: int
    fps: Fraction
    frames: int | None
    seconds: float | None
    format: str
    codec: str
    pixels: str
    audio: str = ""
