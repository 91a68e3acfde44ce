"""What visitors may upload: checked, cut down to size and copied before anything else sees it."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from genvc import container, media
from genvc.errors import BadInput, Unsupported
from genvc.types import Frame, Picture

__all__ = ["CLIPS", "MOST_BYTES", "PICTURES", "admitted_clip", "admitted_picture", "admitted_stream"]

MOST_BYTES = 64 << 20
CLIPS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".y4m", ".gif")
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp")
MOST_SECONDS, MOST_FRAMES, MOST_SIDE = 20.0, 600, 512
_MOST_PICTURE_SIDE = 1024
_MOST_STREAM_PIXELS = 1 << 20


def _checked(path: Path, endings: tuple[str, ...]) -> None:
    if path.suffix.lower() not in endings:
        raise BadInput(f"'{path.name}' is none of {', '.join(endings)}")
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(f"'{path.name}' has more than {MOST_BYTES >> 20} MB")


def admitted_clip(path: Path, target: Path) -> int:
    """Copies a clip to target (.mkv, lossless), its longer side at most 512 pixels; the number of frames.

    Raises BadInput for one of another kind, of more than 64 MB, 20 seconds or 600 frames.
    """
    _checked(path, CLIPS)
    info, frames = media.frames(path)
    if info.seconds is not None and info.seconds > MOST_SECONDS + 0.5:
        raise BadInput(f"the clip has {info.seconds:.0f} seconds; at most {MOST_SECONDS:.0f} are taken here")
    long, short = max(info.width, info.height), min(info.width, info.height)
    if long > MOST_SIDE:
        info, frames = media.frames(path, max(16, short * MOST_SIDE // long))
    count = 0

    def bounded() -> Iterator[Frame]:
        nonlocal count
        # a header that promises little may lie
        for frame in frames:
            count += 1
            if count > MOST_FRAMES or frame.pts / info.fps > MOST_SECONDS + 0.5:
                raise BadInput(f"the clip has more than {MOST_SECONDS:.0f} seconds or {MOST_FRAMES} frames")
            yield frame

    media.write(target, bounded(), info.fps)
    return count


def admitted_picture(path: Path) -> Picture:
    """The picture, its longer side at most 1024 pixels; raises BadInput for one of another kind or size."""
    _checked(path, PICTURES)
    info, frames = media.frames(path)
    long, short = max(info.width, info.height), min(info.width, info.height)
    if long > _MOST_PICTURE_SIDE:
        _, frames = media.frames(path, max(16, short * _MOST_PICTURE_SIDE // long))
    return next(frames).rgb


def admitted_stream(path: Path) -> None:
    """Raises GenvcError for a .gvc file that is damaged or larger than is decoded here."""
    _checked(path, (".gvc",))
    reader = container.Reader(path)
    try:
        info = reader.info
        if info.width * info.height > _MOST_STREAM_PIXELS:
            raise Unsupported(f"a stream of {info.width}x{info.height} is too large to be decoded here")
        count = sum(1 for packet in itertools.islice(reader.packets(), 8 * MOST_FRAMES) if packet.track == 0)
        if count > MOST_FRAMES or Fraction(count) / info.fps > MOST_SECONDS + 1:
            raise Unsupported(f"a stream of {count} pictures or more is too long to be decoded here")
    finally:
        reader.close()
