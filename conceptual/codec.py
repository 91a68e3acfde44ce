"""The codec: settings, and pictures to packets and back, each picture alone."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from genvc import container
from genvc.errors import BadInput, Unsupported
from genvc.options import check_number, check_whole
from genvc.types import Frame, Packet, Picture, StreamInfo

from .edit import redrawn, restyled
from .engine import Engine
from .header import Repaint, check_header, pack
from .lines import CELL, Lines
from .painting import NAMES, Painting
from .rate import plan, rung_of, within
from .syntax import MAX_PIXELS

__all__ = ["SHOWN", "ConceptualCodec", "Decoder", "Finish", "line_picture", "traced"]

SHOWN = ("picture", "texture", "structure")
Decoder = Callable[[Picture, Lines], Picture]
"""(what the texture layer shows, lines) -> the picture; in place of the generator."""
Finish = Callable[[Picture], Picture]
"""The generator's picture -> the picture."""

# What the container adds to a group of one picture: its mark, a head and a checksum.
_GROUP_BYTES = 14
_QUALITY = 60.0
_MOST_DRAWN = 0.25  # share of a drawing that lines may cover; a quarter more than an encoder draws at most


class ConceptualCodec:
    """An object holds networks and settings; any number of streams at once. Each frame is coded alone."""

    generative = True
    # a picture of some hundred bytes is not to be half container
    short = True
    # its option `bytes` bounds each packet exactly
    budgeted = True
    # who paints and what is shown, whatever the stream says
    decoding = ("show", *NAMES)

    def __init__(
        self,
        engine: Engine,
        model: str,
        quality: float | None = None,
        bytes: int | None = None,
        bitrate: float | None = None,
        lines: float | None = None,
        regions: int = 1,
        show: str = "picture",
        painting: Painting | None = None,
        decoder: Callable[[Repaint], Decoder] | None = None,
        finish: Callable[[], Finish] | None = None,
    ) -> None:
        """quality: 0 (smallest) to 100. bytes: at most so many a picture. bitrate: bit/s, the container's
        share included, encryption's not. At most one of the three. lines: share of the half-size samples that
        may be lines, 0 to 0.2. regions: 1 (none) to 8. show: what is decoded, "picture", or a step on the way
        to it: "texture" (without the generator) or "structure" (lines alone). painting: who paints, None for
        whom the stream says. decoder: makes the one that is not the generator. finish: makes what takes the
        generator's pictures further, where painting says so. Raises BadInput.
        """
        given = {"quality": quality, "bytes": bytes, "bitrate": bitrate}
        chosen = [name for name, value in given.items() if value is not None]
        if len(chosen) > 1:
            raise BadInput(
                f"codec 'conceptual' takes one of quality, bytes and bitrate, not {' and '.join(chosen)}"
            )
        check_number("conceptual", "quality", quality, 0, 100)
        check_whole("conceptual", "bytes", bytes, 16, 1 << 24)
        check_number("conceptual", "bitrate", bitrate, 1, 1e9)
        check_number("conceptual", "lines", lines, 0, 0.2)
        check_whole("conceptual", "regions", regions, 1, 8)
        if show not in SHOWN:
            raise BadInput(f"codec 'conceptual': show is one of {', '.join(SHOWN)}, not {show!r}")
        self.engine, self.model = engine, model
        self.rung = rung_of(_QUALITY if quality is None else quality)
        self.bytes, self.bitrate = bytes, bitrate
        self.lines, self.regions, self.show = lines, regions, show
        self.painting, self._decoder, self._finish = painting or Painting(), decoder, finish

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for more than 2^24 pixels, BadInput for a painter without a name."""
        from genvc.media.limits import check_size

        check_size(width, height)
        if width * height > MAX_PIXELS:
            raise Unsupported(
                f"codec 'conceptual' takes pictures of up to {MAX_PIXELS} pixels, not {width}x{height}"
            )
        return StreamInfo("conceptual", self.model, width, height, fps, pack(self.painting.encoding()))

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One key packet for each frame; raises BadInput for a frame of another size."""
        budget, header = self.bytes, 0
        if self.bitrate is not None:
            budget = max(1, int(self.bitrate / info.fps / 8) - _GROUP_BYTES)
            # the first picture also pays for what stands before and after all groups
            header = container.write(io.BytesIO(), info, (), generated=True).bytes
        for frame in frames:
            if frame.rgb.shape != (info.height, info.width, 3):
                high, wide = frame.rgb.shape[:2]
                raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
            yield Packet(self._packet(frame.rgb, budget and max(1, budget - header)), frame.pts, key=True)
            header = 0

    def _packet(self, rgb: Picture, budget: int | None) -> bytes:
        def encode(rung: int) -> bytes:
            return self.engine.encode(rgb, plan(self.engine.kind, rung, self.lines, self.regions))

        return encode(self.rung) if budget is None else within(encode, budget)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0; raises CorruptStream, ModelNotFound."""
        repaint = self.painting.decoding(check_header(info))
        decoder = None if repaint is None or self._decoder is None else self._decoder(repaint)
        flows = self.painting.decoder == "flow" and self.show == "picture"
        finish = self._finish() if flows and self._finish is not None else None
        for packet in packets:
            if packet.track == 0:
                yield Frame(self._shown(packet.payload, info, decoder, finish), packet.pts)

    def integers(self, packets: Iterable[Packet], info: StreamInfo) -> str:
        """SHA-256 of lines, labels, codes and the texture's integers; raises CorruptStream."""
        check_header(info)
        found = hashlib.sha256()
        for packet in packets:
            if packet.track == 0:
                layers = self.engine.read(packet.payload, info.width, info.height)
                labels = np.zeros(0, np.uint8) if layers.style.labels is None else layers.style.labels
                texture = self.engine.texture.integers(layers.parts.texture, layers.held)
                if layers.parts.vivid:
                    found.update(bytes([layers.parts.vivid]))
                for part in (layers.lines, labels, layers.style.whole, layers.style.own, texture):
                    found.update(np.ascontiguousarray(part).astype("<i4").tobytes())
        return found.hexdigest()

    def outline(self, packets: Iterable[Packet], info: StreamInfo) -> Picture:
        """The lines of the first picture in black on white, at its size; raises CorruptStream."""
        check_header(info)
        first = next(packet for packet in packets if packet.track == 0)
        return line_picture(
            self.engine.structure(first.payload, info.width, info.height), info.width, info.height
        )

    def redraw(self, packets: Iterable[Packet], info: StreamInfo, drawing: Picture) -> list[Packet]:
        """The packets with the lines of a drawing, dark on white, of the pictures' size.

        Raises BadInput for another size, CorruptStream.
        """
        check_header(info)
        lines = traced(drawing, info.width, info.height)
        return [
            replace(packet, payload=redrawn(self.engine, packet.payload, lines, info.width, info.height))
            for packet in packets
            if packet.track == 0
        ]

    def restyle(
        self, packets: Iterable[Packet], info: StreamInfo, others: Iterable[Packet], other: StreamInfo
    ) -> list[Packet]:
        """The packets with texture codes and colours of another stream's first picture; raises as redraw."""
        for one in (info, other):
            check_header(one)
        if info.model != other.model:
            raise BadInput(f"the two streams are of two models: {info.model} and {other.model}")
        first = next(packet for packet in others if packet.track == 0)
        engine = self.engine
        model = engine.read(first.payload, other.width, other.height)
        return [
            replace(
                packet, payload=restyled(engine, engine.read(packet.payload, info.width, info.height), model)
            )
            for packet in packets
            if packet.track == 0
        ]

    def _shown(
        self, payload: bytes, info: StreamInfo, decoder: Decoder | None, finish: Finish | None
    ) -> Picture:
        width, height = info.width, info.height
        if self.show == "structure":
            return line_picture(self.engine.structure(payload, width, height), width, height)
        layers = self.engine.read(payload, width, height)
        if self.show == "picture" and decoder is None:
            painted = self.engine.paint(layers, width, height)
            return painted if finish is None else finish(painted)
        texture = self.engine.texture_alone(layers, width, height)
        return texture if self.show == "texture" or decoder is None else decoder(texture, layers.lines)


def line_picture(lines: Lines, width: int, height: int) -> Picture:
    """Lines in black on white, at the picture's size."""
    large = lines.repeat(CELL, 0).repeat(CELL, 1)[:height, :width]
    return np.repeat(np.where(large, 0, 255).astype(np.uint8)[:, :, None], 3, 2)


def traced(drawing: Picture, width: int, height: int) -> Lines:
    """The mirror of line_picture: where a drawing of that size is dark.

    Raises BadInput for another size, and for what is dark in so many places that it is no drawing.
    """
    if drawing.shape[:2] != (height, width):
        raise BadInput(f"the drawing is {drawing.shape[1]}x{drawing.shape[0]}, the stream {width}x{height}")
    # the mean over each cell, so that thin lines between two cells count too; cells at the edge are repeated
    grey = np.pad(drawing.mean(2), ((0, -height % CELL), (0, -width % CELL)), "edge")
    cells = grey.reshape(grey.shape[0] // CELL, CELL, grey.shape[1] // CELL, CELL)
    dark = np.asarray(cells.mean((1, 3)) < 128, np.bool_)
    if dark.mean() > _MOST_DRAWN:
        raise BadInput(
            f"the drawing is dark on {dark.mean():.0%} of its area; lines are dark on white, "
            f"on {_MOST_DRAWN:.0%} of it at most"
        )
    return dark
