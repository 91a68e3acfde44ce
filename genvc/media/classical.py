"""Classical video streams, packet by packet: FFmpeg's encoders and decoders without a file around them."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import files
from typing import Any, Literal

import av
import numpy as np

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import Frame, Packet, Picture
from .colour import Converter, RgbFeed
from .limits import check_size

__all__ = [
    "ClassicalEncoder",
    "decode_classical",
    "encode_classical",
    "ffmpeg_versions",
    "raw_yuv",
    "split_classical",
]

# SVT-AV1 writes a page about itself to stderr for every stream unless told to keep to errors.
os.environ.setdefault("SVT_LOG", "1")

_MATRICES = {"smpte170m": 6, "bt709": 1}
_LIMITED = 1
_LEAST_SIDE = 64
# libx265-1a2b3c4d.so.215 in the wheel's folder of libraries
_ENCODER_LIBRARY = re.compile(r"lib(x264|x265|SvtAv1Enc|vpx|dav1d)-[0-9a-f]+\.so\.([\d.]+)$")
_TEMPORAL_DELIMITER = b"\x12\x00"
# Supplemental messages (the encoder's name and settings) are no part of the picture: x264 alone
# writes 700 bytes of them, more than a second of a talking head.
_MESSAGES: Mapping[str, Callable[[int], bool]] = {
    "h264": lambda head: head & 31 == 6,
    "hevc": lambda head: head >> 1 & 63 in (39, 40),
}
_START = re.compile(rb"(\x00?\x00\x00\x01)")


@dataclass(frozen=True, slots=True)
class ClassicalEncoder:
    """An encoder of FFmpeg and how to run it.

    name: FFmpeg's name of the encoder. decoder: of its decoder. pixel_format: 4:2:0, 8 or 10 bits.
    options: the encoder's own. threads: fixed, because some encoders write other bits with more.
    """

    name: str
    decoder: str
    pixel_format: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1


def encode_classical(
    frames: Iterable[Frame], width: int, height: int, fps: Fraction, encoder: ClassicalEncoder
) -> Iterator[Packet]:
    """The elementary stream of the frames, one packet for each, in decoding order.

    Packets hold the parameter sets a decoder needs (in band, first packet), without the temporal
    delimiters of AV1 and supplemental messages. Odd and very small sizes are padded by repeating the
    edge. RGB becomes limited-range YUV: BT.709 from 720 lines or 1280 columns on, else BT.601.
    Raises BadInput for a frame of another size, Unsupported when FFmpeg has no such encoder or it
    refuses the settings.
    """
    check_size(width, height)
    padded = _padded(width, height)
    context = _open(encoder, padded, fps, _matrix(width, height))
    feed = RgbFeed(encoder.pixel_format, _matrix(width, height))
    try:
        for frame in frames:
            if frame.rgb.shape != (height, width, 3):
                high, wide = frame.rgb.shape[:2]
                raise BadInput(f"a frame of {wide}x{high} in a stream of {width}x{height}")
            yuv = feed.frame(_pad(frame.rgb, *padded))
            yuv.pts = frame.pts
            yuv.time_base = 1 / fps
            for packet in context.encode(yuv):
                yield _packet(packet, encoder.decoder)
        for packet in context.encode(None):
            yield _packet(packet, encoder.decoder)
    except av.error.FFmpegError as error:
        raise Unsupported(f"the encoder {encoder.name} failed: {error.strerror}") from error


def decode_classical(
    packets: Iterable[Packet], width: int, height: int, decoder: str, *, matrix: str = ""
) -> Iterator[Frame]:
    """The frames of an elementary stream in order of time; the decoder runs on one thread.

    decoder: FFmpeg's name. matrix: "bt709" or "smpte170m" instead of what the picture's size says.
    Raises CorruptStream when FFmpeg refuses the bytes or the pictures have another size, Unsupported
    when it has no such decoder.
    """
    check_size(width, height)
    context = _context(decoder, "r")
    # One thread: frame threads would hold back the first pictures, and the result is the same.
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    converter = Converter(decoder)
    number = _MATRICES[matrix or _matrix(width, height)]
    due: dict[int, None] = {}
    try:
        for packet in packets:
            unit = av.Packet(packet.payload)
            unit.pts = packet.pts
            due[packet.pts] = None
            for yuv in context.decode(unit):
                yield _frame(_tagged(yuv, number), (width, height), converter, due)
        for yuv in context.decode(None):
            yield _frame(_tagged(yuv, number), (width, height), converter, due)
    except (av.error.FFmpegError, ValueError, MemoryError, EOFError) as error:
        raise CorruptStream(f"the {decoder} stream does not decode") from error
    if due:
        raise CorruptStream(f"the {decoder} stream ends without {len(due)} of its pictures")


def split_classical(data: bytes, decoder: str) -> list[Packet]:
    """A raw elementary stream (H.264, HEVC, VVC: Annex B) as one packet a picture, in decoding order.

    Times are places in the order of showing, found by decoding the stream once. Raises CorruptStream
    when there is no picture in it or it does not decode.
    """
    context = _context(decoder, "r")
    context.thread_count = 1
    try:
        units = [bytes(unit) for unit in (*context.parse(data), *context.parse(None)) if unit.size]
        shown = list(_places(units, _context(decoder, "r")))
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        raise CorruptStream(f"the {decoder} stream cannot be split into pictures") from error
    if not units or sorted(shown) != list(range(len(units))):
        raise CorruptStream(f"the {decoder} stream does not hold one picture a unit")
    times = {place: time for time, place in enumerate(shown)}
    return [Packet(unit, times[place], key=place == 0) for place, unit in enumerate(units)]


def _places(units: list[bytes], context: av.VideoCodecContext) -> Iterator[int]:
    """The units' places in decoding order, in the order in which their pictures are shown."""
    for place, payload in enumerate(units):
        unit = av.Packet(payload)
        unit.pts = place
        yield from (frame.pts or 0 for frame in context.decode(unit))
    yield from (frame.pts or 0 for frame in context.decode(None))


def raw_yuv(frames: Iterable[Frame], width: int, height: int) -> Iterator[bytes]:
    """The frames as 8-bit planar 4:2:0, as encode_classical would feed them to an encoder.

    Odd sizes are padded to even ones. Raises BadInput for a frame of another size.
    """
    feed = RgbFeed("yuv420p", _matrix(width, height))
    for frame in frames:
        if frame.rgb.shape != (height, width, 3):
            raise BadInput(
                f"a frame of {frame.rgb.shape[1]}x{frame.rgb.shape[0]} in a clip of {width}x{height}"
            )
        yield feed.frame(_pad(frame.rgb, width + width % 2, height + height % 2)).to_ndarray().tobytes()


def ffmpeg_versions() -> dict[str, str]:
    """PyAV, the FFmpeg libraries in it, and the encoders its wheel brings (their library versions)."""
    versions = {"pyav": av.__version__}
    for name, version in av.library_versions.items():
        if name in ("libavcodec", "libswscale"):
            versions[name] = ".".join(map(str, version))
    for file in files("av") or []:
        said = _ENCODER_LIBRARY.match(file.name)
        if said:
            versions[said[1]] = said[2]
    return versions


def _context(name: str, mode: Literal["r", "w"]) -> av.VideoCodecContext:
    try:
        context = av.CodecContext.create(name, mode)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unsupported(f"this FFmpeg has no {'encoder' if mode == 'w' else 'decoder'} {name}") from error
    if not isinstance(context, av.VideoCodecContext):
        raise Unsupported(f"{name} is not a video codec")
    return context


def _open(
    encoder: ClassicalEncoder, size: tuple[int, int], fps: Fraction, matrix: str
) -> av.VideoCodecContext:
    context = _context(encoder.name, "w")
    context.width, context.height = size
    context.pix_fmt = encoder.pixel_format
    context.framerate = fps
    context.time_base = 1 / fps
    context.thread_count = encoder.threads
    context.colorspace = _MATRICES[matrix]
    context.color_range = _LIMITED
    context.options = dict(encoder.options)
    return context


def _packet(packet: Any, decoder: str) -> Packet:
    payload = bytes(packet)
    if payload.startswith(_TEMPORAL_DELIMITER):
        payload = payload[len(_TEMPORAL_DELIMITER) :]
    if decoder in _MESSAGES:
        is_message = _MESSAGES[decoder]
        # Coded data never holds a start code, so the stream can be cut at each of them.
        _, *parts = _START.split(payload)
        units = zip(parts[::2], parts[1::2], strict=True)
        payload = b"".join(start + unit for start, unit in units if unit and not is_message(unit[0]))
    return Packet(payload, int(packet.pts or 0), key=bool(packet.is_keyframe))


def _matrix(width: int, height: int) -> str:
    return "bt709" if height >= 720 or width >= 1280 else "smpte170m"


def _padded(width: int, height: int) -> tuple[int, int]:
    return max(_LEAST_SIDE, width + width % 2), max(_LEAST_SIDE, height + height % 2)


def _pad(rgb: Picture, width: int, height: int) -> Picture:
    down, right = height - rgb.shape[0], width - rgb.shape[1]
    return np.pad(rgb, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else rgb


def _frame(yuv: av.VideoFrame, size: tuple[int, int], converter: Converter, due: dict[int, None]) -> Frame:
    width, height = size
    # Padding is at most what encode_classical adds.
    most = _padded(width, height)
    if not (width <= yuv.width <= most[0] and height <= yuv.height <= most[1]):
        raise CorruptStream(f"the stream holds a picture of {yuv.width}x{yuv.height}, not {width}x{height}")
    pts = yuv.pts
    if pts is None or pts not in due:
        raise CorruptStream("the stream holds a picture without a packet of its time")
    del due[pts]
    rgb = converter.rgb(yuv, yuv.width, yuv.height)
    return Frame(rgb[:height, :width], int(pts))


def _tagged(yuv: av.VideoFrame, matrix: int) -> av.VideoFrame:
    """The frame with its colours said outright, for not every stream carries them."""
    yuv.colorspace = matrix
    yuv.color_range = _LIMITED
    return yuv
