"""Frames to files: .mp4, .mkv, .y4m, .png, a folder of PNGs, a pipe, or a hash.

    .mp4     x264 4:2:0 at CRF 10, which every player opens; visually lossless, not exact. A picture of
             odd width or height gets its last column or row twice, for 4:2:0 wants even sizes
    .mkv     FFV1 in RGB: bit-exact
    .y4m, -  4:4:4, limited range, matrix by size as in colour.py; no times in it: gaps repeat frames
    .png     one frame, exact; any other name without a suffix is a folder of PNGs named by their tick

Times are kept, and sound goes in, where the format has them (.mp4, .mkv). Files appear whole or not at all.
"""

import hashlib
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import IO, Any

import av
import numpy as np
from PIL import Image

from ..errors import BadInput, Unsupported
from ..types import Frame, Picture
from .colour import RgbFeed
from .replacing import replacing
from .sound import SoundTrack, Waiting
from .source import reason

__all__ = ["check_target", "holds_sound", "md5", "write"]

CRF = 10
_MAX_REPEATS = 100_000


def write(
    target: str | os.PathLike[str],
    frames: Iterable[Frame],
    fps: Fraction,
    sound: Waiting | None = None,
    comment: str = "",
) -> int:
    """Writes the frames in the format that the name of target says, "-" being y4m on standard output.

    sound, comment: go into .mp4 and .mkv, and nowhere else; sound as it comes in. Returns how many frames
    there were. Raises BadInput for a name of no known format, a place that cannot be written to, no frames
    at all, or several for one .png.
    """
    name = os.fspath(target)
    writer = check_target(name)
    stream = iter(frames)
    first = next(stream, None)
    if first is None:
        raise BadInput("there are no frames to write")
    whole = _same_size(itertools.chain([first], stream), first.rgb.shape)
    try:
        if name == "-":
            return _write_y4m(sys.stdout.buffer, whole, fps)
        if holds_sound(name):
            writer = partial(_write_coded, sound=sound, comment=comment, lossy=writer is _write_mp4)
        with replacing(Path(name), folder=writer is _write_folder) as path:
            return writer(path, whole, fps)
    except BrokenPipeError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise BadInput(f"cannot write '{name}': {reason(error)}") from error


def check_target(name: str) -> Callable[[Path, Iterator[Frame], Fraction], int]:
    """The writer for a target of that name; BadInput for a suffix that no writer takes."""
    suffix = Path(name).suffix.lower()
    if name == "-" or suffix == ".y4m":
        return _write_y4m_file
    if suffix in _WRITERS:
        return _WRITERS[suffix]
    if suffix and not name.endswith(("/", os.sep)) and not Path(name).is_dir():
        known = ", ".join([*_WRITERS, ".y4m"])
        raise BadInput(f"cannot write '{name}': the name must end in {known}, or be a folder's")
    return _write_folder


def holds_sound(name: str) -> bool:
    """Whether a target of that name takes sound."""
    return check_target(name) in (_write_mp4, _write_mkv)


def md5(frames: Iterable[Frame]) -> str:
    """A hash of all frames: for each its size and tick as text, then its RGB bytes."""
    whole = hashlib.md5(usedforsecurity=False)
    for frame in frames:
        high, wide = frame.rgb.shape[:2]
        whole.update(f"{wide}x{high}@{frame.pts}\n".encode())
        whole.update(np.ascontiguousarray(frame.rgb).data)
    return whole.hexdigest()


def _same_size(frames: Iterator[Frame], shape: tuple[int, ...]) -> Iterator[Frame]:
    for frame in frames:
        if frame.rgb.shape != shape:
            raise BadInput("the frames to write differ in size")
        yield frame


def _write_mp4(path: Path, frames: Iterator[Frame], fps: Fraction) -> int:
    return _write_coded(path, frames, fps, lossy=True)


def _write_mkv(path: Path, frames: Iterator[Frame], fps: Fraction) -> int:
    return _write_coded(path, frames, fps, lossy=False)


def _write_coded(
    path: Path,
    frames: Iterator[Frame],
    fps: Fraction,
    *,
    lossy: bool,
    sound: Waiting | None = None,
    comment: str = "",
) -> int:
    """Writes through an encoder and a container of FFmpeg: x264 in MP4 or FFV1 in Matroska."""
    codec, box = ("libx264", "mp4") if lossy else ("ffv1", "matroska")
    options = {"crf": str(CRF), "preset": "medium"} if lossy else {"level": "3", "slicecrc": "1", "g": "1"}
    pixels = "yuv420p" if lossy else "bgr0"
    count = 0
    with av.open(str(path), "w", format=box, options={"movflags": "+faststart"} if lossy else {}) as out:
        if comment:
            out.metadata["comment"] = comment
        track: Any = out.add_stream(codec, rate=fps, options=options)
        speaker = None if sound is None else SoundTrack(out, sound)
        feed = RgbFeed(pixels)
        for frame in frames:
            rgb = _even(frame.rgb) if lossy else frame.rgb
            if count == 0:
                track.height, track.width = rgb.shape[:2]
                track.pix_fmt = pixels
                track.codec_context.time_base = 1 / fps
                if not lossy and min(rgb.shape[:2]) < 32:
                    # FFmpeg 7.1 cuts very small pictures into slices that it cannot read again
                    track.codec_context.options = {"level": "1", "g": "1"}
                if lossy:
                    # BT.709, limited range
                    track.codec_context.colorspace = 1
                    track.codec_context.color_range = 1
                    track.codec_context.color_primaries = 1
                    track.codec_context.color_trc = 1
            made = feed.frame(rgb)
            made.pts, made.time_base = frame.pts, 1 / fps
            out.mux(track.encode(made))
            count += 1
            if speaker is not None:
                speaker.write()
        out.mux(track.encode(None))
        if speaker is not None:
            speaker.write()
    return count


def _write_y4m_file(path: Path, frames: Iterator[Frame], fps: Fraction) -> int:
    with path.open("wb") as file:
        return _write_y4m(file, frames, fps)


def _write_y4m(file: IO[bytes], frames: Iterator[Frame], fps: Fraction) -> int:
    feed: RgbFeed | None = None
    body = b""
    count = last = 0
    for frame in frames:
        if feed is None:
            high, wide = frame.rgb.shape[:2]
            matrix = "bt709" if high >= 720 or wide >= 1280 else "smpte170m"
            feed = RgbFeed("yuv444p", matrix)
            rate = f"{fps.numerator}:{fps.denominator}"
            file.write(f"YUV4MPEG2 W{wide} H{high} F{rate} Ip A1:1 C444 XCOLORRANGE=LIMITED\n".encode())
            last = frame.pts
        if frame.pts - last > _MAX_REPEATS:
            raise Unsupported(f"a gap of {frame.pts - last} frames is too long for y4m, which has no times")
        for _ in range(frame.pts - last - 1):
            file.write(body)
        last = frame.pts
        planes = np.asarray(feed.frame(frame.rgb).to_ndarray(), np.uint8)
        body = b"FRAME\n" + planes.tobytes()
        file.write(body)
        count += 1
    file.flush()
    return count


def _write_png(path: Path, frames: Iterator[Frame], fps: Fraction) -> int:
    first = next(frames)
    if next(frames, None) is not None:
        raise BadInput("one .png holds one frame and there are several; name a folder, .mkv or .mp4")
    Image.fromarray(first.rgb).save(path, "PNG")
    return 1


def _write_folder(path: Path, frames: Iterator[Frame], fps: Fraction) -> int:
    count = 0
    for frame in frames:
        Image.fromarray(frame.rgb).save(path / f"{frame.pts:06d}.png", "PNG", compress_level=3)
        count += 1
    return count


def _even(rgb: Picture) -> Picture:
    """The picture with its last column and row doubled where that makes its size even."""
    high, wide = rgb.shape[:2]
    return np.pad(rgb, ((0, high % 2), (0, wide % 2), (0, 0)), mode="edge") if high % 2 or wide % 2 else rgb


_WRITERS: dict[str, Callable[[Path, Iterator[Frame], Fraction], int]] = {
    ".mp4": _write_mp4,
    ".mkv": _write_mkv,
    ".png": _write_png,
}
