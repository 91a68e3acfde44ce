"""Pixels of any FFmpeg format to RGB pictures, and RGB pictures to the formats that writers need.

Which matrix a source means, when it does not say: BT.709 from 720 lines or 1280 columns on, else BT.601.
Which range: what the source says; else limited for video codecs and full for RGB and for grey or YUV
pictures of picture codecs. High dynamic range is not tone-mapped: its values are shown as they are.
"""

from typing import Any

import av
import av.filter
import numpy as np

from ..errors import BadInput, Unsupported
from ..types import Picture

__all__ = ["ALPHA_COLOUR", "Converter", "RgbFeed", "over_background"]

ALPHA_COLOUR = (255, 255, 255)
"""What shows through transparent pixels: white."""

_UNSPECIFIED = 2
_RGB = 0
_MATRIX_NAMES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_LIMITED, _FULL = 1, 2
_RANGE_NAMES = {_LIMITED: "tv", _FULL: "pc"}
# Rounding to nearest and interpolated chroma; the defaults of swscale are fast and visibly off.
_FLAGS = "flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact:sws_dither=none"
# Grey without a range: these codecs mean limited range, picture codecs mean full.
_VIDEO_CODECS = {"h264", "hevc", "vvc", "av1", "libdav1d", "vp8", "vp9", "mpeg2video", "mpeg4"}


def over_background(rgba: Picture) -> Picture:
    """RGB of uint8 (height, width, 4) straight-alpha RGBA laid over ALPHA_COLOUR."""
    alpha = rgba[..., 3:].astype(np.uint32)
    under = np.array(ALPHA_COLOUR, np.uint32) * (255 - alpha)
    return ((rgba[..., :3] * alpha + under + 127) // 255).astype(np.uint8)


def run(source: str, filters: list[tuple[str, str]]) -> av.filter.Graph:
    """A configured chain of filters behind a frame source of these buffer arguments."""
    graph = av.filter.Graph()
    node = graph.add("buffer", source)
    for name, arguments in [*filters, ("buffersink", "")]:
        following = graph.add(name, arguments) if arguments else graph.add(name)
        node.link_to(following)
        node = following
    graph.configure()
    return graph


def _matrix(frame: av.VideoFrame) -> int:
    """The number of the colour matrix a YUV frame means."""
    said = int(frame.colorspace)
    if said in (_UNSPECIFIED, _RGB):
        return 1 if frame.height >= 720 or frame.width >= 1280 else 6
    if said not in _MATRIX_NAMES:
        raise Unsupported(f"the colour matrix number {said} of the source is not supported")
    return said


class Converter:
    """RGB pictures of one size from the frames of one source; follows changes of format in mid-stream."""

    def __init__(self, codec: str) -> None:
        """codec: FFmpeg's name of the source's codec, which settles the range where frames do not say."""
        self._video = codec in _VIDEO_CODECS
        self._made_for: tuple[Any, ...] = ()
        self._graph: av.filter.Graph | None = None

    def rgb(self, frame: av.VideoFrame, width: int, height: int) -> Picture:
        """The frame as RGB, scaled to width x height; transparent pixels show ALPHA_COLOUR."""
        layout = frame.format
        matrix = _RGB if layout.is_rgb or layout.has_palette else _matrix(frame)
        colours = int(frame.color_range)
        if matrix == _RGB:
            colours = _FULL
        elif colours not in _RANGE_NAMES:
            grey = len(layout.components) <= 2
            full = layout.name.startswith("yuvj") or (grey and not self._video)
            colours = _FULL if full else _LIMITED
        clear = layout.has_palette or any(part.is_alpha for part in layout.components)
        made_for = (layout.name, frame.width, frame.height, matrix, colours, width, height)
        if self._graph is None or made_for != self._made_for:
            space = "gbr" if matrix == _RGB else _MATRIX_NAMES[matrix]
            source = (
                f"video_size={frame.width}x{frame.height}:pix_fmt={layout.name}:time_base=1/1"
                f":pixel_aspect=1/1:colorspace={space}:range={_RANGE_NAMES[colours]}"
            )
            scale = f"{width}:{height}:{_FLAGS}:out_range=pc"
            output = f"pix_fmts={'rgba' if clear else 'rgb24'}"
            try:
                self._graph = run(source, [("scale", scale), ("format", output)])
            except (av.error.FFmpegError, ValueError) as error:
                raise BadInput(f"no conversion from the pixel format {layout.name} to RGB") from error
            self._made_for = made_for
        frame.colorspace = matrix
        frame.color_range = colours
        # Nothing here reads times; a source without them would upset the buffer.
        frame.pts = None
        self._graph.push(frame)
        pixels = np.asarray(self._graph.vpull().to_ndarray(), np.uint8)
        return over_background(pixels) if clear else pixels


class RgbFeed:
    """RGB pictures to frames of one pixel format for an encoder: limited range for YUV."""

    def __init__(self, pixel_format: str, matrix: str = "bt709") -> None:
        """matrix: "bt709" or "smpte170m" (BT.601), for YUV. A 4:2:0 format wants pictures of even sizes."""
        self._scale = f"iw:ih:{_FLAGS}"
        if pixel_format.startswith("yuv"):
            self._scale += f":out_color_matrix={matrix}:out_range=tv"
        self._format = f"pix_fmts={pixel_format}"
        self._made_for: tuple[int, ...] = ()
        self._graph: av.filter.Graph | None = None

    def frame(self, rgb: Picture) -> av.VideoFrame:
        """The picture in the target format, without a time."""
        if self._graph is None or rgb.shape != self._made_for:
            source = f"video_size={rgb.shape[1]}x{rgb.shape[0]}:pix_fmt=rgb24:time_base=1/1:pixel_aspect=1/1"
            self._graph = run(source, [("scale", self._scale), ("format", self._format)])
            self._made_for = rgb.shape
        self._graph.push(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24"))
        return self._graph.vpull()
