"""The codec: a scene is one packet of text, colours, boxes and lines, then an empty packet for each frame."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, replace
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from genvc import container
from genvc.errors import BadInput, CorruptStream
from genvc.types import Frame, Packet, Picture, StreamInfo

from . import header
from .budget import best_packet
from .describe import SceneClassifier, boxes, describe
from .detector import Detector
from .header import Painter
from .options import Options
from .representation import Box, Representation
from .scenes import CUT, DRIFT, Scenes
from .syntax import pack, unpack

__all__ = ["Captioner", "CrossModal", "Paint"]

Paint = Callable[[Representation, int, int], Picture]
"""(what was sent, width, height) -> uint8 (height, width, 3)."""

_LONGEST_SCENE = 4000  # frames; a group of the container holds 4096 packets
_DARK = 0.2  # share of a cell that a drawn line covers


class Captioner(Protocol):
    """Puts pictures into words."""

    def captions(self, pictures: list[Picture]) -> list[str]:
        """One sentence for each picture."""
        ...


class CrossModal:
    """Holds weights and settings; see Options."""

    def __init__(
        self,
        model: str,
        options: Options,
        classifier: SceneClassifier | None,
        paint: Paint,
        captioner: Captioner | None = None,
        diffusion: Callable[[Painter], Paint] | None = None,
    ) -> None:
        """model: as streams say it, "" for the default. paint: the painter that comes along. captioner: in
        place of the describer. diffusion: makes the painter that a header or an option names."""
        self.model, self.options = model, options
        self._classifier, self._paint = classifier, paint
        self._captioner, self._diffusion = captioner, diffusion
        self._painter: Painter | None = None
        if options.painter:
            self._painter = Painter(options.painter, options.controlnet, options.seed, options.steps)

    generative = True
    bounds_files = True
    short = True

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        from genvc.media.limits import check_size

        check_size(width, height)
        return StreamInfo("crossmodal", self.model, width, height, fps, header.pack(self._painter))

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One key packet for each scene, an empty packet for each frame that goes on in it.

        Raises BadInput for a frame of another size and where not even an empty text fits.
        """
        layers = self.options.layer_names
        scenes = Scenes(CUT if layers == ["text"] else DRIFT)
        most = _payload_bytes(info, self.options.bytes)
        since = 0
        with Detector() as detector:
            for frame in frames:
                _check_shape(frame, info)
                since += 1
                if scenes.opens(frame.rgb) or since >= _LONGEST_SCENE:
                    since = 0
                    texts, found = self._described(frame.rgb, layers, detector)
                    yield Packet(best_packet(frame.rgb, texts, found, layers, most), frame.pts, key=True)
                else:
                    yield Packet(b"", frame.pts)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0; raises CorruptStream, ModelNotFound."""
        said = header.unpack(info.params)
        paint = self._paint
        painter = self._painter or said
        if painter is not None and self._diffusion is not None:
            paint = self._diffusion(painter)
        shown: Picture | None = None
        for packet in packets:
            if packet.track:
                continue
            if packet.payload:
                shown = paint(unpack(packet.payload, info.width, info.height), info.width, info.height)
            elif packet.key or shown is None:
                raise CorruptStream("a scene begins with an empty packet")
            yield Frame(shown, packet.pts)

    def integers(self, packets: Iterable[Packet], info: StreamInfo) -> str:
        """SHA-256 of the texts, colours, boxes and lines of all scenes; raises CorruptStream."""
        header.unpack(info.params)
        found = hashlib.sha256()
        for packet in packets:
            if packet.track == 0 and packet.payload:
                found.update(_bytes_of(unpack(packet.payload, info.width, info.height)))
        return found.hexdigest()

    def words(self, packets: Iterable[Packet], info: StreamInfo) -> str:
        """What the first scene says, "" where it has no text; raises CorruptStream."""
        return self._first(packets, info).text or ""

    def say(self, packets: Iterable[Packet], info: StreamInfo, text: str) -> list[Packet]:
        """The packets with another text in each scene, all else as it is; raises BadInput, CorruptStream."""
        return self._changed(packets, info, lambda one: replace(one, text=text))

    def outline(self, packets: Iterable[Packet], info: StreamInfo) -> Picture | None:
        """The lines of the first scene in black on white, None where it has none; raises CorruptStream."""
        lines = self._first(packets, info).sketch
        if lines is None:
            return None
        grey = np.where(lines, np.uint8(0), np.uint8(255))
        down, across = _places(lines.shape[0], info.height), _places(lines.shape[1], info.width)
        return np.repeat(grey[down][:, across][:, :, None], 3, 2)

    def redraw(self, packets: Iterable[Packet], info: StreamInfo, drawing: Picture) -> list[Packet]:
        """The packets with the lines of a drawing, dark on white, in each scene that has lines.

        Raises BadInput for another size, CorruptStream.
        """
        if drawing.shape != (info.height, info.width, 3):
            raise BadInput(
                f"the drawing is {drawing.shape[1]}x{drawing.shape[0]}, the stream {info.width}x{info.height}"
            )

        def drawn(one: Representation) -> Representation:
            if one.sketch is None:
                return one
            high, wide = one.sketch.shape
            return replace(one, sketch=_darkness(_darkness(drawing.mean(2) < 128, high).T, wide).T > _DARK)

        return self._changed(packets, info, drawn)

    @staticmethod
    def _first(packets: Iterable[Packet], info: StreamInfo) -> Representation:
        first = next(packet for packet in packets if packet.track == 0)
        return unpack(first.payload, info.width, info.height)

    @staticmethod
    def _changed(
        packets: Iterable[Packet], info: StreamInfo, change: Callable[[Representation], Representation]
    ) -> list[Packet]:
        return [
            replace(packet, payload=pack(change(unpack(packet.payload, info.width, info.height))))
            if packet.payload and packet.track == 0
            else packet
            for packet in packets
        ]

    def _described(
        self, rgb: Picture, layers: list[str], detector: Detector
    ) -> tuple[list[str], tuple[Box, ...]]:
        """What can be said of a picture, the longest first, and who is where."""
        own = [self.options.caption_text] if self.options.caption_text else []
        if not own and "text" in layers and self._captioner is not None:
            own = self._captioner.captions([rgb])
        if own:
            return own, boxes(detector.look(rgb)) if "layout" in layers else ()
        if "text" not in layers and "layout" not in layers:
            return [""], ()
        found = describe(rgb, detector, self._classifier)
        return found.texts, found.boxes


def _bytes_of(shown: Representation) -> bytes:
    """Each layer with the name and the bytes it has; a layer that is not there leaves nothing."""
    layers: dict[str, Any] = {}
    if shown.text is not None:
        layers["text"] = np.frombuffer(shown.text.encode(), np.uint8)
    if shown.palette is not None:
        layers["palette"] = shown.palette.values
    if shown.boxes is not None:
        layers["layout"] = np.array([astuple(box) for box in shown.boxes])
    if shown.sketch is not None:
        layers["sketch"] = shown.sketch
    found = b""
    for name, values in layers.items():
        data = np.ascontiguousarray(values).astype("<i4")
        found += f"{name} {data.shape} ".encode() + data.tobytes()
    return found


def _payload_bytes(info: StreamInfo, most: int) -> int:
    """What `most` bytes leave to the packet of a stream of one picture; raises BadInput for none."""
    most_payload = most
    while True:
        packet = Packet(bytes(max(1, most_payload)), 0, key=True)
        written = container.write(io.BytesIO(), info, [packet], generated=True, short=True)
        if written.bytes <= most:
            return most_payload
        if most_payload <= 1:
            raise BadInput(f"codec 'crossmodal': a file of one picture has at least {written.bytes} bytes")
        most_payload = max(1, most_payload - (written.bytes - most))


def _places(cells: int, size: int) -> npt.NDArray[np.int64]:
    """The cell that each of `size` places lies in."""
    return np.arange(size) * cells // size


def _darkness(values: npt.NDArray[Any], cells: int) -> npt.NDArray[np.float64]:
    """Means over the rows of each of `cells` cells; a cell without a row repeats the one before."""
    places = _places(cells, len(values))
    count = np.bincount(places, minlength=cells)
    sums = np.zeros((cells, values.shape[1]))
    np.add.at(sums, places, values)
    filled = np.maximum.accumulate(np.where(count > 0, np.arange(cells), 0))
    found: npt.NDArray[np.float64] = (sums / np.maximum(count, 1)[:, None])[filled]
    return found


def _check_shape(frame: Frame, info: StreamInfo) -> None:
    if frame.rgb.shape != (info.height, info.width, 3):
        high, wide = frame.rgb.shape[:2]
        raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
