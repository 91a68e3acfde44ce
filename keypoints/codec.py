"""The codec `keypoints`: reference pictures, and between them the motion of a face and its surroundings."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch

from genvc.codec import create as create_codec
from genvc.errors import BadInput, Notice, Unsupported
from genvc.groups import grouped
from genvc.inner import Inner
from genvc.options import check_number, check_whole
from genvc.types import Frame, Packet, Picture, StreamInfo

from . import payload, rate
from .detector import FaceMeshDetector, PointDetector, Points
from .generator import Analysed
from .group import Effort, Group, Plan, worst_pictures
from .header import NEVER, pack, unpack
from .integers import digest
from .joints import JointDetector, Joints, PoseDetector, wanted
from .live import KEY_SECONDS, live
from .live import Coder as LiveCoder
from .mesh import Mesh
from .moments import LARGEST, SMALLEST, read
from .motion import MAX_FIELDS, Grid
from .overhead import GROUP_BYTES, HEADER_BYTES, PACKET_BYTES
from .painter import Painter
from .references import Choice
from .scene import Scene, Shown, scenes
from .structure import FaceBasis, Integers, Structure
from .syntax import MAX_REFERENCES, State, Writer, picture, reference

__all__ = ["KeyPoints", "Options"]

# Frames held at most, in bytes and in seconds; a quarter more to avoid a short last group.
_BUFFER_BYTES = 1 << 28
_LONGEST = 11.5
_QUALITY = 50
# Motion never takes more than this many bit/s at 25 pictures a second, nor this share of a group's bytes.
_MOTION_BITRATE, _MOTION_FPS = 1450.0, 25.0
_MOTION_SHARE = 0.5
_AUDITS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """bitrate: bit/s of the whole file, or quality: 0 to 100 of the reference pictures; one of the two.

    seconds: of a group, which is also what the encoder looks ahead; 0 leaves it to the rate.
    key_codec: the registered intra codec of the reference pictures.
    live: code each picture when it comes, without looking ahead.
    references: of a group at most; 0 leaves it to the rate. fields: of motion of a reference at most; with 0
    nothing but faces moves. texture: send codes of it, where the model has them: they do not pay yet.
    """

    bitrate: float | None = None
    quality: int | None = None
    seconds: float = 0.0
    key_codec: str = "avif"
    live: bool = False
    references: int = 0
    fields: int = MAX_FIELDS
    texture: bool = False

    def __post_init__(self) -> None:
        if self.bitrate is not None and self.quality is not None:
            raise BadInput("codec 'keypoints' takes a bitrate or a quality, not both")
        check_number("keypoints", "bitrate", self.bitrate, 100, 1e9)
        check_whole("keypoints", "quality", self.quality, 0, 100)
        check_number("keypoints", "seconds", self.seconds, 0, 60, needed=True)
        if not isinstance(self.key_codec, str) or self.key_codec in NEVER:
            raise BadInput(
                f"codec 'keypoints': the key codec is the name of an intra codec, not {self.key_codec!r}"
            )
        check_whole("keypoints", "references", self.references, 0, MAX_REFERENCES, needed=True)
        check_whole("keypoints", "fields", self.fields, 0, MAX_FIELDS, needed=True)
        for name in ("live", "texture"):
            if getattr(self, name) not in (False, True):
                raise BadInput(f"codec 'keypoints': {name} is true or false, not {getattr(self, name)!r}")


class KeyPoints:
    """Talking heads at a few kbit/s; whatever else comes is coded too, with more reference pictures."""

    def __init__(
        self,
        basis: FaceBasis,
        mesh: Mesh,
        model: str,
        device: torch.device,
        options: Options,
        painter: Painter | None = None,
        detector: Callable[[], PointDetector] = FaceMeshDetector,
        joints: Callable[[], JointDetector] = PoseDetector,
    ) -> None:
        self.basis = basis
        self.mesh = mesh
        self.model = model
        self.device = device
        self.options = options
        self.painter = painter or Painter(device, None, None)
        self.detector = detector
        self.joint_detector = joints

    @property
    def generative(self) -> bool:
        """Whether a generator paints what was not sent."""
        return self.painter.generator is not None

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header of a stream; raises Unsupported below 16 pixels or beyond 4096 a side."""
        if not SMALLEST <= min(width, height) <= max(width, height) <= LARGEST:
            raise Unsupported(
                f"keypoints takes pictures of {SMALLEST} to {LARGEST} pixels a side, not {width}x{height}"
            )
        key = create_codec(self.options.key_codec, device=str(self.device)).describe(width, height, fps)
        params = pack(Inner(key.codec, key.model, key.params))
        return StreamInfo("keypoints", self.model, width, height, fps, params)

    # ------------------------------------------------------------------ encoding

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One packet a frame. Looks ahead over a whole group, so that its references suit all of it; with
        the option `live` not at all.
        """
        grid = Grid(info.width, info.height)
        detector: PointDetector = self.detector()
        if self.options.live:
            options = self.options
            try:
                carry, count = yield from live(
                    frames,
                    info,
                    self.basis,
                    detector,
                    options.bitrate,
                    options.seconds,
                    self._live_coder(info),
                    _check,
                    options.references or MAX_REFERENCES,
                    options.fields,
                    self._texture,
                )
                self._explain(carry, count / float(info.fps))
            finally:
                detector.close()
            return
        carry = -float(HEADER_BYTES)
        count = 0
        try:
            for group in grouped(frames, self._group_frames(info)):
                for frame in group:
                    _check(frame, info)
                faces = [detector.detect(frame.rgb) for frame in group]
                joints = self._joints(group, faces, min(info.width, info.height))
                packets, carry = self._encode_group(group, faces, joints, grid, info, carry)
                count += len(group)
                yield from packets
            self._explain(carry, count / float(info.fps))
        finally:
            detector.close()

    def _explain(self, carry: float, seconds: float) -> None:
        """Say so when the stream is more than a tenth off its rate."""
        if self.options.bitrate is None or not seconds:
            return
        due = self.options.bitrate / 8 * seconds
        if abs(carry) > 0.1 * due:
            if carry > 0:
                reason = "the content needs no more: all references are at the highest quality"
            elif self.options.live and -carry < KEY_SECONDS * self.options.bitrate / 8:
                reason = "a live key picture borrows from the seconds after it, which are too few here"
            else:
                reason = "header, motion and one reference picture at the lowest quality need that much"
            at = 8 * (due - carry) / seconds
            warnings.warn(
                f"{at / 1000:.2f} kbit/s instead of {self.options.bitrate / 1000:.2f}: {reason}",
                Notice,
                stacklevel=2,
            )

    def _joints(self, frames: Sequence[Frame], faces: list[Points | None], short: int) -> list[Joints | None]:
        """Those of a group's pictures; nobody looks for them in a talking head."""
        if not wanted(faces, short):
            return [None] * len(frames)
        detector = self.joint_detector()
        try:
            return [detector.detect(frame.rgb) for frame in frames]
        finally:
            detector.close()

    def _group_frames(self, info: StreamInfo) -> int:
        seconds = self.options.seconds
        if not seconds:
            seconds = _LONGEST
            if self.options.bitrate:
                seconds = float(np.clip(_LONGEST * 8000 / self.options.bitrate, 4.0, _LONGEST))
        room = _BUFFER_BYTES // (info.width * info.height * 3)
        return int(max(1, min(round(seconds * float(info.fps)), room)))

    def _encode_group(
        self,
        frames: Sequence[Frame],
        faces: Sequence[Points | None],
        joints: Sequence[Joints | None],
        grid: Grid,
        info: StreamInfo,
        carry: float,
    ) -> tuple[list[Packet], float]:
        """The packets of a group, and how many bytes the stream is below its rate (above: negative)."""
        group = Group([frame.rgb for frame in frames], faces, joints, grid, self.basis)
        most = min(self.options.references or MAX_REFERENCES, len(frames), max(2, len(frames) // 3))
        fps = float(info.fps)
        code = self._key_coder(info)
        curve = rate.WARPED if self.painter.generator is None else rate.REPAIRED
        if self.options.bitrate is None:
            quality = _QUALITY if self.options.quality is None else self.options.quality
            choice = rate.stated_quality(group.choices(most), quality, curve)
            draft = self._audited(
                group,
                frames,
                most,
                lambda choices: rate.stated_quality(choices, quality, curve),
                choice,
                Effort().within(self.options.fields),
            )
            pixels = [code(frames[source].rgb, quality) for source in draft.plan.sources]
            return self._write(frames, self._textured(draft.plan, frames), pixels, grid).packets, 0.0
        due = self.options.bitrate / 8 * len(frames) / fps
        budget = due + float(np.clip(carry, -0.2 * due, 0.2 * due)) - len(frames) * PACKET_BYTES - GROUP_BYTES
        fields = min(self.options.fields, rate.fields_for(budget))
        effort = rate.effort_for(self.options.bitrate / fps, fps).within(fields)
        choices = group.choices(most)
        typical = len(code(frames[choices[0].references[0]].rgb, 25))
        draft = self._draft(group, frames, choices[0], effort, budget)

        def best(choices: list[Choice]) -> Choice:
            return rate.pick(choices, budget, draft.bytes, typical, curve)

        draft = self._audited(group, frames, most, best, best(choices), effort, budget)
        plan = self._textured(draft.plan, frames)
        size = draft.bytes
        if plan is not draft.plan:
            written = self._write(frames, plan, [b""] * len(plan.sources), grid)
            size = sum(len(packet.payload) for packet in written.packets)
        pictures = [frames[source].rgb for source in plan.sources]
        pixels, scale = rate.fill(pictures, budget - size - 2 * len(pictures), code)
        packets = self._write(frames, plan.at_scale(scale), pixels, grid).packets
        spent = sum(len(packet.payload) for packet in packets) + len(frames) * PACKET_BYTES + GROUP_BYTES
        return packets, carry + due - spent

    def _draft(
        self, group: Group, frames: Sequence[Frame], choice: Choice, effort: Effort, budget: float = np.inf
    ) -> "_Draft":
        """Plan, and plan more coarsely while motion takes more than its share of the bits."""
        choice = group.sharpened(choice)
        seconds = len(frames) / _MOTION_FPS
        while True:
            plan = group.plan(choice, effort)
            written = self._write(frames, plan, [b""] * len(plan.sources), group.grid)
            size = sum(len(packet.payload) for packet in written.packets)
            modest = written.motion_bits <= _MOTION_BITRATE * seconds and size <= _MOTION_SHARE * budget
            if modest or effort.coarse > 8:
                return _Draft(plan, size)
            effort = effort.coarser()

    def _textured(self, plan: Plan, frames: Sequence[Frame]) -> Plan:
        """With texture codes of the references, where they are asked for and the generator has them."""
        if not self.options.texture:
            return plan
        return plan.textured(
            [
                self._texture(frames[source].rgb, record.structure)
                for source, record in zip(plan.sources, plan.references, strict=True)
            ]
        )

    def _texture(self, rgb: Picture, structure: Structure | None) -> Integers | None:
        """Codes of a picture that becomes a reference."""
        if not self.options.texture:
            return None
        short = min(rgb.shape[:2])
        return self.painter.texture(rgb, None if structure is None else self.basis.points(structure, short))

    def _audited(
        self,
        group: Group,
        frames: Sequence[Frame],
        most: int,
        best: Callable[[list[Choice]], Choice],
        choice: Choice,
        effort: Effort,
        budget: float = np.inf,
    ) -> "_Draft":
        """Look at what the decoder would show, and offer the pictures that it shows worst as references."""
        draft = self._draft(group, frames, choice, effort, budget)
        for _ in range(_AUDITS):
            worst = worst_pictures(group.losses(draft.plan))
            if not worst:
                break
            group.add_candidates(worst)
            choice = best(group.choices(most))
            if set(choice.references) == set(draft.plan.sources):
                break
            draft = self._draft(group, frames, choice, effort, budget)
        return draft

    def _live_coder(self, info: StreamInfo) -> LiveCoder:
        """One reference within so many bytes, or at the stated quality."""
        code = self._key_coder(info)
        if self.options.bitrate is not None:
            return rate.remembering(code)
        quality = _QUALITY if self.options.quality is None else self.options.quality
        return lambda rgb, budget: (code(rgb, quality), 0)

    def _key_coder(self, info: StreamInfo) -> rate.Coder:
        key = unpack(info.params)

        def code(rgb: Picture, quality: int) -> bytes:
            codec = create_codec(key.codec, key.model, str(self.device), quality=quality)
            inner = codec.describe(rgb.shape[1], rgb.shape[0], Fraction(1))
            if inner.params != key.params:
                raise BadInput(f"codec 'keypoints': {key.codec} does not code all references alike")
            (packet,) = codec.encode([Frame(rgb, 0)], replace(inner, model=key.model))
            return packet.payload

        return code

    def _write(self, frames: Sequence[Frame], plan: Plan, pixels: Sequence[bytes], grid: Grid) -> "_Written":
        """The packets of one group."""
        state = State.start(self.basis.expression, self.basis.identity)
        packets = []
        motion_bits = 0.0
        for index, (frame, record) in enumerate(zip(frames, plan.pictures, strict=True)):
            writer = Writer()
            coded = b""
            for slot, first in enumerate(plan.first_use):
                if first == index:
                    reference(writer, state, grid, plan.references[slot])
                    coded = pixels[slot]
            before = writer.coder.bits()
            picture(writer, state, record)
            motion_bits += writer.coder.bits() - before
            packets.append(
                Packet(payload.join(coded, writer.coder.finish(), index == 0), frame.pts, index == 0)
            )
        return _Written(packets, motion_bits)

    # ------------------------------------------------------------------ decoding

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame a packet, at once; raises CorruptStream."""
        yield from self.painter.frames(self.scenes(packets, info))

    def decode_with_points(
        self, packets: Iterable[Packet], info: StreamInfo
    ) -> Iterator[tuple[Frame, Points | None]]:
        """As decode, each frame with the key points of its face in pixels, (n, 2); None without a face."""
        known: OrderedDict[int, tuple[Shown, Analysed]] = OrderedDict()
        for scene in self.scenes(packets, info):
            yield Frame(self.painter.painted(scene, known), scene.pts), scene.points

    def scenes(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Scene]:
        """What each packet says is to be shown; raises CorruptStream."""
        return scenes(packets, info, self.basis, self.mesh, self.device)

    def integers(self, packets: Iterable[Packet], info: StreamInfo) -> str:
        """The hash of all that the exact half decodes; raises CorruptStream."""
        return digest(read(packets, info, self.basis))


@dataclass(frozen=True, slots=True, eq=False)
class _Written:
    packets: list[Packet]
    motion_bits: float


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A plan and the bytes of everything in it but pixels."""

    plan: Plan
    bytes: int


def _check(frame: Frame, info: StreamInfo) -> None:
    if frame.rgb.shape != (info.height, info.width, 3) or frame.rgb.dtype != np.uint8:
        raise BadInput(
            f"a frame is {frame.rgb.dtype} {frame.rgb.shape}, "
            f"the stream's frames are uint8 {(info.height, info.width, 3)}"
        )
