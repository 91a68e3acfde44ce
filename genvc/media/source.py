"""Video files to frames, and the one door through which pictures and pipes come in as well.

Frames come as the sample grid has them, turned upright by the display matrix. Pixels that are more than
MAX_SQUEEZE from square are made square by widening (or heightening) the picture; the slighter squeeze
of classic material (CIF, standard definition) is left alone. Interlaced frames are left woven.

Times: Frame.pts counts ticks of the nominal frame rate from the first frame; each frame takes the
nearest tick that is still free, so a gap in the source is a gap in pts and nothing is doubled.

A file that ends or breaks early gives its frames up to there and then raises BadInput.
"""

import itertools
import os
import re
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import av.container
import numpy as np
from av.sidedata.sidedata import Type as SideData

from ..errors import BadInput, GenvcError
from ..types import Frame, Picture
from .colour import Converter
from .info import MediaInfo
from .limits import MAX_PIXELS, check_size, scaled
from .pictures import folder_frames, is_picture, picture_frames

__all__ = ["MAX_SQUEEZE", "frames", "opened", "probe", "reason"]

MAX_SQUEEZE = Fraction(1, 8)
_MAX_FPS = 300
_MAX_PIPED_PICTURE = 256 << 20
# Demuxers that turn text into pictures, or that follow names in a file to other files.
_REFUSED = {"tty", "bin", "xbin", "adf", "idf", "hls", "concat", "dash", "sdp", "rtsp", "lavfi", "ffmetadata"}
_ALLOWED_PROTOCOLS = "file,pipe"
_RAW_NAME = re.compile(r"_(\d+)x(\d+)(?:_(\d+(?:\.\d+)?)(?:fps|hz)?)?(?=[_.])", re.I)


def frames(source: str | os.PathLike[str], size: int | None = None) -> tuple[MediaInfo, Iterator[Frame]]:
    """Opens a video, a picture, a folder of pictures or "-" (standard input).

    size: scale so that the short side has so many pixels (Lanczos); None keeps the size. The iterator
    streams: memory does not grow with the clip. A .yuv file says its size and rate by its name:
    NAME_WIDTHxHEIGHT_FPS.yuv, 4:2:0, 8 bits, or 10 with "10bit" in it. Raises BadInput (also from the
    iterator) and Unsupported.
    """
    if size is not None and size < 1:
        raise BadInput(f"the short side cannot be {size} pixels")
    name = os.fspath(source)
    if name == "-":
        return _piped(sys.stdin.buffer, size)
    path = Path(name)
    try:
        if path.is_dir():
            return folder_frames(path, size)
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise BadInput(f"cannot read '{name}': {error.strerror or error}") from error
    if not head:
        raise BadInput(f"'{name}' is empty")
    if head.startswith(b"GVC"):
        raise BadInput(f"'{name}' is a genvc stream, not pictures; decode it first")
    if is_picture(head):
        return picture_frames(path, name, size)
    # the whole path, so that no name is taken for a protocol or an option
    return _video(str(path.resolve()), name, size)


def probe(source: str | os.PathLike[str]) -> MediaInfo:
    """What a media file says of itself; one frame is decoded to make sure that there is one."""
    info, opened = frames(source)
    close = getattr(opened, "close", None)
    if close is not None:
        close()
    return info


class _Rejoined:
    """A pipe whose first bytes have been looked at."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest
        self.length = 0
        """Bytes read so far."""

    def read(self, count: int = -1) -> bytes:
        if self._head:
            taken = self._head if count < 0 else self._head[:count]
            self._head = self._head[len(taken) :]
        else:
            taken = self._rest.read(count)
        self.length += len(taken)
        return taken


def _piped(pipe: IO[bytes], size: int | None) -> tuple[MediaInfo, Iterator[Frame]]:
    """Frames from standard input: a picture, or any container that can be read without seeking."""
    head = pipe.read(64)
    if not head:
        raise BadInput("standard input is empty")
    if not is_picture(head):
        return _video(_Rejoined(head, pipe), "standard input", size)
    import io

    whole = head + pipe.read(_MAX_PIPED_PICTURE)
    return picture_frames(io.BytesIO(whole), "standard input", size)


def opened(name: str) -> Any:
    """A media file as an open container of FFmpeg; None for pictures, which have no tracks."""
    path = Path(name)
    try:
        if path.is_dir():
            return None
        with path.open("rb") as file:
            head = file.read(64)
        return None if is_picture(head) else av.open(str(path.resolve()), "r", **_opening(name))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise BadInput(f"'{name}' is not a media file that can be read: {reason(error)}") from error


def _video(file: Any, name: str, size: int | None) -> tuple[MediaInfo, Iterator[Frame]]:
    """The first video track of a file that FFmpeg knows."""
    try:
        container = av.open(file, "r", **_opening(name))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise BadInput(f"'{name}' is not a media file that can be read: {reason(error)}") from error
    try:
        if set(container.format.name.split(",")) & _REFUSED:
            raise BadInput(f"'{name}' is not a media file that can be read")
        if not container.streams.video:
            raise BadInput(f"'{name}' has no video track")
        track = container.streams.video[0]
        context = track.codec_context
        if context is None:
            raise BadInput(f"'{name}': no decoder for its video track")
        check_size(max(1, context.width), max(1, context.height), what=f"'{name}'")
        context.thread_type = "AUTO"
        context.options = {"max_pixels": str(MAX_PIXELS)}
        clip = _Clip(container, track, file, name, size)
        return clip.info, clip.frames()
    except BaseException:
        container.close()
        raise


def _opening(name: str) -> dict[str, Any]:
    """Arguments of av.open: no protocol beyond files, and the layout of a raw .yuv by its name."""
    options = {"protocol_whitelist": _ALLOWED_PROTOCOLS}
    if not name.lower().endswith(".yuv"):
        return {"options": options}
    said = _RAW_NAME.search(Path(name).name)
    if said is None:
        raise BadInput(f"'{name}': a .yuv file is named NAME_WIDTHxHEIGHT_FPS.yuv, for its size is not in it")
    check_size(int(said[1]), int(said[2]), what=f"'{name}'")
    options["video_size"] = f"{said[1]}x{said[2]}"
    options["framerate"] = said[3] or "25"
    deep = re.search(r"10 ?bit|_10b", name, re.I)
    options["pixel_format"] = "yuv420p10le" if deep else "yuv420p"
    return {"options": options, "format": "rawvideo"}


class _Clip:
    """One open video track; lives as long as its iterator."""

    def __init__(self, container: Any, track: Any, file: Any, name: str, size: int | None) -> None:
        self.container, self.track, self.file, self.name = container, track, file, name
        self.converter = Converter(track.codec_context.name)
        self.fps = _nominal_rate(track)
        self.packets = 0
        self.until = Fraction(0)
        self.last_packet: tuple[int, int, int] = (0, 0, 0)
        self.decoded = self._decode()
        self.first = next(self.decoded, None)
        if self.first is None:
            raise BadInput(f"'{name}' has no frame that can be decoded")
        self.matrix = _display_matrix(self.first)
        wide, high = _square(self.first.width, self.first.height, _pixel_aspect(track))
        wide, high = scaled(wide, high, size)
        check_size(wide, high, what=f"'{name}'")
        self.scaled_to = wide, high
        if self.matrix is not None and self.matrix[0] == 0:
            wide, high = high, wide
        audio = container.streams.audio
        seconds = _promised_seconds(track, container)
        self.info = MediaInfo(
            width=wide,
            height=high,
            fps=self.fps,
            frames=track.frames or (round(seconds * self.fps) if seconds else None),
            seconds=float(seconds) if seconds else None,
            format=container.format.name,
            codec=track.codec_context.name,
            pixels=self.first.format.name,
            audio=audio[0].codec_context.name if audio else "",
        )

    def frames(self) -> Iterator[Frame]:
        """The frames as RGB with their ticks."""
        start: Fraction | None = None
        last = -1
        try:
            first, self.first = self.first, None
            for count, frame in enumerate(itertools.chain([first], self.decoded)):
                pts = frame.pts
                if pts is None or frame.time_base is None:
                    tick = count
                else:
                    time = pts * Fraction(frame.time_base)
                    start = time if start is None else start
                    tick = round((time - start) * self.fps)
                last = max(last + 1, tick)
                yield Frame(self._picture(frame), last)
        finally:
            self.container.close()

    def _picture(self, frame: Any) -> Picture:
        try:
            rgb = self.converter.rgb(frame, *self.scaled_to)
        except av.error.FFmpegError as error:
            raise BadInput(f"'{self.name}': a frame cannot be converted: {reason(error)}") from error
        return rgb if self.matrix is None else _turned(rgb, self.matrix)

    def _decode(self) -> Iterator[Any]:
        """Decoded frames; BadInput behind the last good one when the file is damaged or cut."""
        count = 0
        demuxed = iter(self.container.demux(self.track))
        while True:
            try:
                packet = next(demuxed, None)
                if packet is None:
                    break
                self._note(packet)
                decoded = packet.decode()
            except av.error.EOFError:
                break
            except (av.error.FFmpegError, ValueError) as error:
                # A recording that starts between two key pictures is whole but for its beginning.
                if count == 0 and self.packets and self.packets < 250:
                    continue
                raise BadInput(f"'{self.name}' is damaged after {count} frames: {reason(error)}") from error
            for frame in decoded:
                if frame.pts is not None and frame.time_base is not None:
                    ends = (frame.pts + (getattr(frame, "duration", 0) or 0)) * Fraction(frame.time_base)
                    self.until = max(self.until, ends)
                count += 1
                yield frame
        if count:
            self._check_end(count)

    def _note(self, packet: Any) -> None:
        """Remembers where the file's packets lie, to see at the end whether there is a rest."""
        if packet.size:
            self.packets += 1
            begins = packet.pos or 0
            before, size, _ = self.last_packet
            head = begins - before - size if self.packets > 1 else len(b"FRAME\n")
            self.last_packet = begins, packet.size, head

    def _check_end(self, count: int) -> None:
        """Raises BadInput when the header had promised more than came."""
        if self.container.format.name == "yuv4mpegpipe":
            # It promises nothing, but FFmpeg passes over a frame that is cut.
            length = getattr(self.file, "length", None) or os.path.getsize(self.file)
            if length > sum(self.last_packet):
                raise BadInput(f"'{self.name}' is cut: it ends inside its frame {count}")
        short = bool(self.track.frames and self.packets < self.track.frames)
        seconds = _promised_seconds(self.track, None)
        if seconds is not None and self.until > 0:
            start = Fraction(self.track.start_time or 0) * Fraction(self.track.time_base)
            short = short or self.until - start < seconds - max(Fraction(1, 2), 3 / self.fps)
        if short:
            raise BadInput(f"'{self.name}' is cut: it ends after {count} frames, its header promises more")


def _nominal_rate(track: Any) -> Fraction:
    """Frames per second: FFmpeg's guess, unless it is a clock rate or below the measured average."""
    guess, average = track.guessed_rate, track.average_rate
    rates = [Fraction(rate) for rate in (guess, average) if rate]
    sane = [rate.limit_denominator(1001) for rate in rates if Fraction(1, 1000) <= rate <= _MAX_FPS]
    if not sane:
        return Fraction(25)
    return max(sane) if sane[0] < sane[-1] * Fraction(9, 10) else sane[0]


def _promised_seconds(track: Any, container: Any) -> Fraction | None:
    """The duration in the header of the track (Matroska: its tag), or else of the whole file."""
    if track.duration and track.time_base:
        return Fraction(track.duration) * Fraction(track.time_base)
    said = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", track.metadata.get("DURATION", ""))
    if said:
        return int(said[1]) * 3600 + int(said[2]) * 60 + Fraction(said[3])
    if container is not None and container.duration:
        return Fraction(container.duration, 1000000)
    return None


def _pixel_aspect(track: Any) -> Fraction:
    """Width of a pixel over its height; 1 where it is not known."""
    said = track.sample_aspect_ratio or track.codec_context.sample_aspect_ratio
    return Fraction(said) if said else Fraction(1)


def _square(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """The size at which pixels of that aspect become square; the same size for a slight squeeze."""
    if abs(aspect - 1) <= MAX_SQUEEZE or not Fraction(1, 10) <= aspect <= 10:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def _display_matrix(frame: Any) -> tuple[int, int, int, int] | None:
    """Signs (a, b, c, d) of x' = ax + cy, y' = bx + dy, for right angles; None for upright."""
    said = frame.side_data.get(SideData.DISPLAYMATRIX)
    if said is None:
        return None
    values = np.frombuffer(bytes(said), np.int32)
    if values.size < 5:
        return None
    a, b, c, d = (int(np.sign(value)) if abs(value) > 32768 else 0 for value in values[[0, 1, 3, 4]])
    matrix = (a, b, c, d)
    known = (a and d and not b and not c) or (b and c and not a and not d)
    return matrix if known and matrix != (1, 0, 0, 1) else None


def _turned(rgb: Picture, matrix: tuple[int, int, int, int]) -> Picture:
    """The picture turned and mirrored as a display matrix says."""
    a, b, c, d = matrix
    across, down = (a, d) if a else (c, b)
    if not a:
        rgb = rgb.transpose(1, 0, 2)
    return np.ascontiguousarray(rgb[:: down or 1, :: across or 1])


def reason(error: Exception) -> str:
    """What FFmpeg says, without its numbers and paths."""
    if isinstance(error, GenvcError):
        return str(error)
    text = getattr(error, "strerror", None) or str(error).split("\n", maxsplit=1)[0]
    return str(text).lower() or "unknown reason"
