"""Still pictures as bare AV1: one byte of coding tools and one frame, without the boxes of an AVIF file.

An AVIF file of a 256x256 face has about 290 bytes around the frame: boxes, and an AV1 sequence header
that says again what the stream's header says. A payload here is

    1 byte   coding tools, from the high bit: 4:4:4 (else 4:2:0), 128x128 superblocks, filter intra,
             intra edge filter, superres, CDEF, loop restoration, film grain
    rest     the body of one frame OBU (AV1 specification, section 5.10)

and the sequence header is made again from that byte and the picture's size, so hostile bytes cannot
ask for a bigger picture. Samples are 8-bit, full range, BT.601.
"""

import io
import itertools
import math
from collections.abc import Mapping

import av
import numpy as np
from PIL import Image

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import Picture
from .colour import Converter
from .limits import check_size

__all__ = ["decode_still_av1", "encode_still_av1", "encode_still_av1_to_size"]

SUBSAMPLINGS = ("4:2:0", "4:4:4")
SPEED = 3
# Chosen on faces of 256x256 at 0.5 to 3 kB: at equal LPIPS (alex) 19 % fewer bytes than libavif's
# default (tune=iq, speed 4), at equal PSNR 2 % fewer, at equal MS-SSIM 6 % more. The restoration
# filter and the default sharpness smooth away what the eye takes for skin and hair; 4:4:4, film grain,
# quantiser matrices and delta-q modes all measured worse by LPIPS.
TUNING: Mapping[str, str] = {"tune": "psnr", "enable-restoration": "0", "sharpness": "4"}

_TEMPORAL_DELIMITER = b"\x12\x00"
_SEQUENCE_HEADER, _FRAME = 1, 6
_NO_LEVEL = "11111"
# primaries BT.709, transfer sRGB, matrix BT.601: what AVIF writers put there
_COLOUR_DESCRIPTION = f"{1:08b}{13:08b}{6:08b}"


def encode_still_av1(
    rgb: Picture,
    quality: int,
    *,
    speed: int = SPEED,
    subsampling: str = "4:2:0",
    advanced: Mapping[str, str] | None = None,
) -> bytes:
    """One picture as bare AV1, coded by libaom.

    rgb: uint8 (height, width, 3). quality: 0 (smallest) to 100. speed: 0 (slowest) to 10.
    advanced: options of libaom by name instead of TUNING. Raises BadInput for values out of range,
    Unsupported for a picture beyond the size limits or a Pillow without AVIF.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise BadInput(f"a picture is uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
    if not 0 <= quality <= 100:
        raise BadInput(f"quality is a whole number from 0 to 100, not {quality}")
    if not 0 <= speed <= 10:
        raise BadInput(f"speed is a whole number from 0 to 10, not {speed}")
    if subsampling not in SUBSAMPLINGS:
        raise BadInput(f"subsampling is one of {', '.join(SUBSAMPLINGS)}, not '{subsampling}'")
    check_size(rgb.shape[1], rgb.shape[0])
    file = io.BytesIO()
    try:
        Image.fromarray(rgb).save(
            file,
            "AVIF",
            codec="aom",
            quality=int(quality),
            speed=int(speed),
            subsampling=subsampling,
            range="full",
            # One tile, and one thread: more change nothing below a megapixel.
            autotiling=False,
            max_threads=1,
            advanced=dict(TUNING if advanced is None else advanced),
        )
    except (KeyError, OSError) as error:
        raise Unsupported(f"this Pillow cannot write AVIF: {error}") from error
    except ValueError as error:
        raise BadInput(f"libaom refuses the options {dict(advanced or {})}: {error}") from error
    return _pack(file.getvalue())


def decode_still_av1(payload: bytes, width: int, height: int) -> Picture:
    """The picture of a payload of encode_still_av1; CorruptStream for anything else."""
    check_size(width, height)
    if len(payload) < 2:
        raise CorruptStream("a still picture is empty")
    unit = _TEMPORAL_DELIMITER + _obu(_SEQUENCE_HEADER, _sequence_header(payload[0], width, height))
    unit += _obu(_FRAME, payload[1:])
    try:
        context = av.CodecContext.create("libdav1d", "r")
        if not isinstance(context, av.VideoCodecContext):
            raise Unsupported("this PyAV has no AV1 decoder")
        context.thread_count = 1
        frames = [*context.decode(av.Packet(unit)), *context.decode(None)]
        if len(frames) != 1 or (frames[0].width, frames[0].height) != (width, height):
            raise CorruptStream("a still picture does not decode to one picture of its size")
        return Converter("av1").rgb(frames[0], width, height)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        raise CorruptStream("a still picture does not decode") from error


def encode_still_av1_to_size(
    rgb: Picture,
    max_bytes: int,
    *,
    speed: int = SPEED,
    subsampling: str = "4:2:0",
    advanced: Mapping[str, str] | None = None,
    first_guess: int = 40,
) -> tuple[bytes, int]:
    """The best payload of at most max_bytes, with its quality.

    Where even quality 0 is too big, that one comes back, and the caller sees its length. first_guess:
    the quality to try first; a near one (the last picture's) saves encodes, of which there are 4 to 8.
    """
    sizes: dict[int, int] = {}
    best = (b"", -1)
    low, high = -1, 101  # the best that fits and the least that does not
    quality = min(100, max(0, first_guess))
    while high - low > 1:
        payload = encode_still_av1(rgb, quality, speed=speed, subsampling=subsampling, advanced=advanced)
        sizes[quality] = len(payload)
        if len(payload) <= max_bytes:
            low, best = quality, (payload, quality)
        elif quality == 0:
            return payload, 0
        else:
            high = quality
        quality = _next_quality(sizes, max_bytes, low, high)
    return best


def _next_quality(sizes: Mapping[int, int], target: int, low: int, high: int) -> int:
    """Where to look next between low (fits) and high (does not), by the slope of the log of the size."""
    slope = 0.035  # of ln(bytes) per step of quality: typical at low rates
    if low >= 0 and high <= 100:
        slope = max(0.005, math.log(sizes[high] / sizes[low]) / (high - low))
    near, step = (low, 1) if low >= 0 else (high, -1)
    guess = near + math.log(max(1, target) / sizes[near]) / slope
    rounded = math.floor(guess) if step > 0 else math.ceil(guess)
    return min(high - 1, max(low + 1, min(100, max(0, rounded))))


def _pack(avif: bytes) -> bytes:
    """The payload of an AVIF file that encode_still_av1 had written."""
    at = avif.rindex(b"mdat") + 4 if b"mdat" in avif else len(avif)
    tools, frame = -1, b""
    while at < len(avif):
        kind = avif[at] >> 3 & 15
        size, at = _leb128(avif, at + 1)
        body = avif[at : at + size]
        at += size
        if kind == _SEQUENCE_HEADER:
            tools = _tools(body)
        elif kind == _FRAME and not frame:
            frame = body
    if tools < 0 or not frame:
        raise Unsupported("this libaom writes AV1 in a form that is not known here")
    return bytes([tools]) + frame


def _tools(sequence_header: bytes) -> int:
    """The coding tools that a sequence header of libaom turns on, as the byte of the payload.

    Reads just the headers that a payload can stand for: a still picture of 8 bits, full range.
    """
    bits = iter("".join(f"{byte:08b}" for byte in sequence_header))

    def take(count: int) -> int:
        return int("".join(itertools.islice(bits, count)) or "0", 2)

    full_chroma = take(3)
    known = full_chroma < 2 and take(2) == 3  # a still picture with the short header
    take(5)  # level
    across, down = take(4) + 1, take(4) + 1
    take(across + down)
    tools = full_chroma << 7 | take(6) << 1
    known &= take(1) == 0  # 8 bits
    known &= full_chroma == 1 or take(1) == 0  # not monochrome
    if take(1):
        take(24)  # colours described: some versions do, some leave it to the boxes
    known &= take(1) == 1  # full range
    if not full_chroma:
        take(2)  # chroma position
    known &= take(1) == 0  # one set of chroma quantisers
    if not known:
        raise Unsupported("this libaom writes a sequence header in a form that is not known here")
    return tools | take(1)


def _sequence_header(tools: int, width: int, height: int) -> bytes:
    """An AV1 sequence header (section 5.5) of a still picture."""
    across, down = max(1, (width - 1).bit_length()), max(1, (height - 1).bit_length())
    full_chroma = tools >> 7
    bits = f"{full_chroma:03b}" + "11" + _NO_LEVEL
    bits += f"{across - 1:04b}{down - 1:04b}{width - 1:0{across}b}{height - 1:0{down}b}"
    bits += f"{tools >> 1 & 63:06b}"
    # 8 bits, (profile 0 only:) not monochrome, colours described, full range
    bits += "0" + ("" if full_chroma else "0") + "1" + _COLOUR_DESCRIPTION + "1"
    # (profile 0 only:) chroma position unknown; one set of chroma quantisers; film grain
    bits += ("" if full_chroma else "00") + "0" + str(tools & 1) + "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _obu(kind: int, body: bytes) -> bytes:
    """An open bitstream unit with its size."""
    size, coded = len(body), b""
    while size > 127:
        coded += bytes([size & 127 | 128])
        size >>= 7
    return bytes([kind << 3 | 2]) + coded + bytes([size]) + body


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """A size of AV1 (section 4.10.5) and the place after it."""
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            break
    return value, at
