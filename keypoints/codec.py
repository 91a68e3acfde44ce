"""The codec `keypoints`: reference pictures, and between them only the motion of a face and its surroundings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from genvc.codec import create as create_codec
from genvc.errors import BadInput, CorruptStream, Unsupported
from genvc.types import Codec, Frame, Packet, Picture, StreamInfo

from . import payload, rate
from .detector import FaceMeshDetector, PointDetector, Points
from .group import Effort, Group, Plan
from .header import KeyPictures, pack, unpack
from .motion import Grid
from .structure import FaceBasis, Structure
from .syntax import MAX_REFERENCES, Reader, ReferenceRecord, State, Writer, picture, reference
from .warp import to_picture, to_tensor, total_field, warp

__all__ = ["KeyPoints", "Options"]

_BUFFER_BYTES = 1 << 28
_HEAD_BYTES = 1.02  # of the container for each packet
_GROUP_BYTES = 14
_HEADER_BYTES = 90


@dataclass(frozen=True, slots=True)
class Options:
    """bitrate: bit/s of the whole file, or quality: 0 to 100 of the reference pictures; one of the two.

    seconds: of a group, which is also what the encoder looks ahead; 0 leaves it to the rate.
    key_codec: the registered intra codec of the reference pictures.
    """

    bitrate: float | None = None
    quality: int | None = None
    seconds: float = 0.0
    key_codec: str = "avif"


class KeyPoints:
    """Talking heads at a few kbit/s; whatever else comes is coded too, with more reference pictures."""

    def __init__(self, basis: FaceBasis, model: str, device: torch.device, options: Options, detector: Any = FaceMeshDetector):
        self.basis = basis
        self.model = model
        self.device = device
        self.options = options
        self._detector = detector

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header of a stream; raises Unsupported below 16 pixels or beyond 4096 a side."""
        if not 16 <= min(width, height) <= max(width, height) <= 4096:
            raise Unsupported(f"keypoints takes pictures of 16 to 4096 pixels a side, not {width}x{height}")
        key = create_codec(self.options.key_codec).describe(width, height, fps)
        params = pack(KeyPictures(key.codec, key.model, key.params))
        return StreamInfo("keypoints", self.model, width, height, fps, params)

    # ------------------------------------------------------------------ encoding

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One packet a frame. Looks ahead over a whole group, so that its references suit all of it."""
        grid = Grid(info.width, info.height)
        detector: PointDetector = self._detector()
        carry = -float(_HEADER_BYTES)
        try:
            for group in _groups(frames, self._group_frames(info)):
                for frame in group:
                    _check(frame, info)
                faces = [detector.detect(frame.rgb) for frame in group]
                packets, carry = self._encode_group(group, faces, grid, info, carry)
                yield from packets
        finally:
            detector.close()

    def _group_frames(self, info: StreamInfo) -> int:
        seconds = self.options.seconds
        if not seconds:
            seconds = 15.0
            if self.options.bitrate:
                seconds = float(np.clip(15.0 * 8000 / self.options.bitrate, 4.0, 15.0))
        room = _BUFFER_BYTES // (info.width * info.height * 3)
        return int(max(1, min(round(seconds * float(info.fps)), room)))

    def _encode_group(
        self, frames: Sequence[Frame], faces: Sequence[Points | None], grid: Grid, info: StreamInfo, carry: float
    ) -> tuple[list[Packet], float]:
        group = Group([frame.rgb for frame in frames], faces, grid, self.basis)
        choices = group.choices(min(MAX_REFERENCES, max(1, len(frames) // 3)))
        code = self._key_coder(info)
        fps = float(info.fps)
        if self.options.bitrate is None:
            quality = 50 if self.options.quality is None else self.options.quality
            plan = group.plan(rate.stated_quality(choices, quality), Effort(1.0, 8))
            pixels = [code(frames[source].rgb, quality) for source in plan.sources]
            return self._write(frames, plan, pixels, grid), 0.0
        due = self.options.bitrate / 8 * len(frames) / fps
        budget = due + float(np.clip(carry, -0.2 * due, 0.2 * due)) - len(frames) * _HEAD_BYTES - _GROUP_BYTES
        effort = rate.effort_for(self.options.bitrate / fps, fps)
        first = group.plan(choices[0], effort)
        motion = sum(len(packet.payload) for packet in self._write(frames, first, [b""], grid))
        typical = len(code(frames[first.sources[0]].rgb, 25))
        choice = rate.pick(choices, budget, motion, typical)
        plan = first
        if len(choice.references) > 1:
            plan = group.plan(choice, effort)
            motion = sum(len(packet.payload) for packet in self._write(frames, plan, [b""] * len(plan.sources), grid))
        # each reference's pixels bring their length along
        pixels, _ = rate.fill([frames[source].rgb for source in plan.sources], budget - motion - 2 * len(plan.sources), code)
        packets = self._write(frames, plan, pixels, grid)
        spent = sum(len(packet.payload) for packet in packets) + len(frames) * _HEAD_BYTES + _GROUP_BYTES
        return packets, carry + due - spent

    def _key_coder(self, info: StreamInfo) -> rate.Coder:
        def code(rgb: Picture, quality: int) -> bytes:
            codec = create_codec(self.options.key_codec, quality=quality)
            inner = codec.describe(info.width, info.height, info.fps)
            (packet,) = codec.encode([Frame(rgb, 0)], inner)
            return packet.payload

        return code

    def _write(self, frames: Sequence[Frame], plan: Plan, pixels: Sequence[bytes], grid: Grid) -> list[Packet]:
        """The packets of one group."""
        state = State.start(self.basis.expression, self.basis.identity)
        packets = []
        for index, (frame, record) in enumerate(zip(frames, plan.pictures, strict=True)):
            writer = Writer()
            coded = b""
            for slot, first in enumerate(plan.first_use):
                if first == index:
                    reference(writer, state, grid, plan.references[slot])
                    coded = pixels[slot]
            picture(writer, state, record)
            packets.append(Packet(payload.join(coded, writer.coder.finish(), index == 0), frame.pts, index == 0))
        return packets

    # ------------------------------------------------------------------ decoding

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame a packet, at once; raises CorruptStream."""
        key = unpack(info.params)
        codec = create_codec(key.codec, key.model)
        inner = StreamInfo(key.codec, key.model, info.width, info.height, info.fps, key.params)
        grid = Grid(info.width, info.height)
        short = min(info.width, info.height)
        state: State | None = None
        shown: dict[int, _Reference] = {}
        for packet in packets:
            if packet.track != 0:
                continue
            if packet.key:
                state, shown = State.start(self.basis.expression, self.basis.identity), {}
            if state is None:
                raise CorruptStream("the stream does not begin with a key packet")
            pixels, numbers = payload.split(packet.payload, packet.key)
            reader = Reader(numbers)
            if pixels:
                record = reference(reader, state, grid, None)
                shown[record.slot] = self._reference(record, codec, pixels, inner, grid, short)
            elif packet.key:
                raise CorruptStream("a key packet brings no reference picture")
            now = picture(reader, state, None)
            source = shown[now.slot]
            spectrum = np.tensordot(now.motion.astype(np.float64), source.fields, 1)
            points = None
            if now.structure is not None and source.points is not None:
                points = self.basis.points(Structure(now.structure, state.identity), short)
            field = total_field(grid, spectrum, points, source.points, info.width, info.height, now.parts)
            yield Frame(to_picture(warp(source.pixels, [field])), packet.pts)

    def _reference(
        self, record: ReferenceRecord, codec: Codec, pixels: bytes, inner: StreamInfo, grid: Grid, short: int
    ) -> "_Reference":
        (frame,) = codec.decode([Packet(pixels, 0, True)], inner)
        points = None if record.structure is None else self.basis.points(record.structure, short)
        return _Reference(to_tensor(frame.rgb, self.device), points, grid.fields(record.basis))


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """A decoded reference. pixels: (1, 3, height, width). fields: (n, 2, high, wide), of one step each."""

    pixels: torch.Tensor
    points: Points | None
    fields: "np.ndarray[Any, np.dtype[np.float64]]"


def _groups(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    """Groups of at most `size` frames; a short rest is shared out with the group before it."""
    held: list[Frame] = []
    for frame in frames:
        held.append(frame)
        if len(held) >= size + max(1, size // 3):
            yield held[:size]
            held = held[size:]
    if len(held) > size:
        half = (len(held) + 1) // 2
        yield held[:half]
        held = held[half:]
    if held:
        yield held


def _check(frame: Frame, info: StreamInfo) -> None:
    if frame.rgb.shape != (info.height, info.width, 3) or frame.rgb.dtype != np.uint8:
        raise BadInput(
            f"a frame is {frame.rgb.dtype} {frame.rgb.shape}, the stream's frames are {info.height}x{info.width}x3 uint8"
        )
