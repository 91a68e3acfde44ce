"""Live encoding: each picture is coded when it comes, without looking ahead.

A group's first reference cannot know how the scene will move, so its fields are the lowest frequencies of a
DCT; a later one's are the principal components of what has been seen since. Another reference is sent when
none that is kept shows the picture well and the rate allows it, or when enough was saved for a better one.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from genvc.types import Frame, Packet, Picture, StreamInfo

from . import payload, rate
from .detector import PointDetector, Points
from .group import Effort, analysed
from .likeness import Grey, Shapes, difference, shapes
from .motion import (
    MAX_FIELDS,
    Floats,
    Grid,
    MotionBasis,
    carried,
    fit_basis,
    measure,
    moved,
    project,
    texture,
)
from .openness import mismatch, openness
from .overhead import GROUP_BYTES, HEADER_BYTES, PACKET_BYTES
from .references import half
from .structure import POSE, FaceBasis, Integers, Structure
from .syntax import MAX_REFERENCES, PictureRecord, ReferenceRecord, State, Writer, picture, reference

__all__ = ["KEY_SECONDS", "live"]

_GROUP_SECONDS = 10.0
# Loss, in the unit of likeness.difference, at which another reference is looked for, is sent if it can be
# paid, and is sent in any case: then it is another scene.
_LOOK, _WANT, _MUST = 0.10, 0.16, 0.45
_CHANGE_PRICE = 0.02
# A key picture may cost what comes in in so many seconds, another reference less.
KEY_SECONDS, _REFERENCE_SECONDS = 2.5, 1.5
_BETTER = 1.35  # times the bytes of the reference shown: worth sending again
_FULL = 0.8  # a reference that leaves more of its budget unused is as good as they get
# Nothing is sent on credit beyond so many seconds; on the way there another scene gets a smaller reference.
_CREDIT_SECONDS, _LEAST_SHARE = 2.0, 0.25
# Pixels of all references that the decoder is made to keep, at least one.
_KEPT_PIXELS = 1 << 26
# Steps by which a number may be wrong before it changes, and so many more in deep debt.
_SLACK, _DEBT_SLACK = 0.2, 0.4
_MEMORY = 128  # flows remembered for the next reference's fields
_FEWEST = 24
# Numbers that cannot be rounded with what comes after in view take more bits: they are coded more coarsely.
_MOTION_SHARE = 0.7


Coder = Callable[[Picture, float], tuple[bytes, int]]
"""Codes pixels of a reference within so many bytes: the bytes and the index into SCALES."""
Texture = Callable[[Picture, Structure | None], Integers | None]
"""Texture codes of a picture that becomes a reference."""


@dataclass(slots=True, eq=False)
class _Held:
    """A reference that the decoder has. numbers: of its fields in the last picture shown from it.

    size: bytes of its pixels; best: whether more would not have made them better. used: the last picture.
    """

    grey: Grey
    half: Grey
    face: Points | None
    open: Floats | None
    record: ReferenceRecord
    fields: Floats
    weight: Floats
    size: int
    best: bool
    numbers: Integers
    flows: list[Floats]
    used: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A picture as the encoder looks at it."""

    rgb: Picture
    grey: Grey
    half: Grey
    shapes: Shapes
    face: Points | None
    open: Floats | None


def live(
    frames: Iterable[Frame],
    info: StreamInfo,
    basis: FaceBasis,
    detector: PointDetector,
    bitrate: float | None,
    seconds: float,
    code: Coder,
    check: Callable[[Frame, StreamInfo], None],
    references: int = MAX_REFERENCES,
    fields: int = MAX_FIELDS,
    texture: Texture = lambda rgb, structure: None,
) -> Generator[Packet, None, tuple[float, int]]:
    """One packet a frame, before the next frame is taken. Returns bytes saved in the end, and frames.

    bitrate: bit/s of the whole file; None codes each reference as `code` does without a limit. seconds: from
    key packet to key packet, 0 leaves it to the encoder. references: kept, at most. fields: of each,
    at most. texture: of each.
    """
    fps = float(info.fps)
    income = np.inf if bitrate is None else bitrate / 8 / fps
    effort = Effort() if bitrate is None else rate.effort_for(_MOTION_SHARE * bitrate / fps, fps)
    scene = _Scene(Grid(info.width, info.height), basis, info, effort, references, fields, texture)
    wallet = balance = -float(HEADER_BYTES)
    period = max(1, round((seconds or _GROUP_SECONDS) * fps))
    index = -1
    for index, frame in enumerate(frames):
        check(frame, info)
        seen = _look(frame.rgb, detector)
        key = index % period == 0
        coded, scale = b"", 0
        if key:
            scene.begin()
            budget = income * fps * min(KEY_SECONDS, period / fps / 2)
        else:
            budget = _allowed(scene.choose(seen), scene.held[scene.slot], wallet, income * fps)
        if budget:
            coded, scale = code(frame.rgb, budget)
        if bitrate is not None:
            scene.slack = _SLACK + _DEBT_SLACK * float(np.clip(-wallet / (2 * income * fps), 0, 1))
        numbers = scene.write(seen, index, coded, scale, len(coded) < _FULL * budget)
        packet = Packet(payload.join(coded, numbers, key), frame.pts, key)
        if bitrate is not None:
            change = income - len(packet.payload) - PACKET_BYTES - GROUP_BYTES * key
            balance += change
            wallet = min(wallet + change, 4 * income * fps)
        yield packet
    return balance, index + 1


def _allowed(loss: float, held: _Held, wallet: float, second: float) -> float:
    """Bytes for another reference, 0 for none. second: what comes in in a second; may be infinite."""
    budget = second * _REFERENCE_SECONDS
    if not np.isfinite(second):
        return budget if loss > _WANT else 0.0
    if loss > _MUST and wallet > -_CREDIT_SECONDS * second:
        return budget * float(np.clip(1 + wallet / (_CREDIT_SECONDS * second), _LEAST_SHARE, 1))
    if loss > _WANT and wallet > -0.3 * budget:
        return budget
    return wallet if not held.best and wallet > _BETTER * max(held.size, budget / 4) else 0.0


class _Scene:
    """One stream's state: what the decoder remembers, and what the encoder knows beside it."""

    def __init__(
        self,
        grid: Grid,
        basis: FaceBasis,
        info: StreamInfo,
        effort: Effort,
        references: int,
        fields: int,
        texture: Texture,
    ) -> None:
        self.grid, self.basis, self.effort, self.texture = grid, basis, effort, texture
        self.fields = min(12, max(6, effort.fields), fields)
        self.short = min(info.width, info.height)
        self.most = max(1, min(references, _KEPT_PIXELS // (info.width * info.height)))
        self.held: dict[int, _Held] = {}
        self.past: _Held | None = None
        self.slot = 0
        self.slack = _SLACK
        self.state = State.start(basis.expression, basis.identity)
        self.identity: Integers | None = None
        self.guess: Floats | None = None
        self.structure: Integers | None = None
        self.flow: Floats | None = None

    def begin(self) -> None:
        """A new group."""
        self.state = State.start(self.basis.expression, self.basis.identity)
        self.past = self.held.get(self.slot)
        self.held, self.slot, self.flow = {}, 0, None
        self.identity = self.guess = None

    def choose(self, seen: _Seen) -> float:
        """Take the reference that shows the picture best, and say what is lost with it."""
        self.flow, loss = self._tried(seen, self.slot)
        if loss > _LOOK:
            for slot in self.held:
                if slot != self.slot:
                    flow, other = self._tried(seen, slot)
                    if other + _CHANGE_PRICE < loss:
                        self.flow, loss, self.slot = flow, other, slot
        return loss

    def _tried(self, seen: _Seen, slot: int) -> tuple[Floats, float]:
        held = self.held[slot]
        guess = None
        if seen.face is not None and held.face is not None:
            scale = seen.grey.shape[0] / seen.rgb.shape[0]
            guess = carried(seen.face, held.face, seen.grey.shape, scale)
        flow = measure(seen.grey, held.grey, self.grid, guess)
        loss = difference(seen.shapes, shapes(moved(held.half, flow / 2)))
        if seen.open is not None and held.open is not None:
            loss += mismatch(seen.open, held.open)
        return flow * (256 / min(seen.grey.shape)), loss

    def write(self, seen: _Seen, index: int, coded: bytes, scale: int, best: bool) -> bytes:
        """The numbers of one packet: of a reference, if pixels are given, and of the picture."""
        writer = Writer()
        changes = index % self.effort.hold == 0
        structure = self._face(seen, changes or bool(coded))
        if coded:
            slot = self._free() if self.state.records else 0
            known = self.held.get(self.slot) or self.past
            face = None if structure is None or self.identity is None else Structure(structure, self.identity)
            codes = self.texture(seen.rgb, face)
            record = ReferenceRecord(slot, face, self._fields(known), scale, codes)
            reference(writer, self.state, self.grid, record)
            self.held[slot] = _Held(
                seen.grey,
                seen.half,
                seen.face,
                seen.open,
                record,
                self.grid.fields(record.basis),
                _weight(seen.grey, self.grid),
                len(coded),
                best,
                np.zeros(record.basis.count, np.int64),
                # how the scene has moved says how it will
                [] if known is None else known.flows,
            )
            self.slot = slot
        held = self.held[self.slot]
        # after a change of reference its numbers are old, whenever it was shown last
        changes = changes or held.used != index - 1
        held.used = index
        if not coded and changes and self.flow is not None:
            values = project(self.flow[None], held.weight, held.record.basis, self.grid)[0]
            held.numbers = _steady(values, held.numbers, self.slack)
            held.flows.append(self.flow)
            del held.flows[:-_MEMORY]
        picture(writer, self.state, PictureRecord(self.slot, structure, held.numbers))
        return writer.coder.finish()

    def _free(self) -> int:
        """A slot that is empty, or else the one unused for longest."""
        if len(self.held) < self.most:
            return next(slot for slot in range(MAX_REFERENCES) if slot not in self.held)
        return min(self.held, key=lambda slot: self.held[slot].used)

    def _face(self, seen: _Seen, changes: bool) -> Integers | None:
        if seen.face is None:
            self.structure = None
            return None
        if self.structure is not None and not changes:
            return self.structure
        steps = self.basis.steps()
        own = steps[POSE + self.basis.expression :]
        if self.identity is None:
            _, found = self.basis.fit(seen.face, self.short)
            self.identity = np.rint(found[self.basis.expression :] / own).astype(np.int64)
        pose, self.guess = self.basis.fit(seen.face, self.short, self.guess, self.identity * own)
        count = POSE + self.basis.expression
        values = np.concatenate([pose, self.guess[: self.basis.expression]]) / steps[:count]
        before = self.structure
        self.structure = (
            np.rint(values).astype(np.int64) if before is None else _steady(values, before, self.slack)
        )
        return self.structure

    def _fields(self, known: _Held | None) -> MotionBasis:
        count = self.fields
        if known is not None and len(known.flows) >= _FEWEST:
            coarse = self.effort.coarse
            flows = np.stack(known.flows)
            found = fit_basis(
                flows, known.weight, self.grid, 0.12 * coarse, count, 0.35 * coarse, self.effort.fineness
            )
            if found.count >= min(4, count):
                return found
        coefficients = np.zeros((count, 2, self.grid.high, self.grid.wide), np.int64)
        for number in range(count):
            place = np.unravel_index(self.grid.order[number // 2], (self.grid.high, self.grid.wide))
            coefficients[number, number % 2, place[0], place[1]] = 1
        return MotionBasis(coefficients, np.ones(count, np.int64), 0)


def _look(rgb: Picture, detector: PointDetector) -> _Seen:
    grey = analysed(rgb)
    small = half(grey)
    face = detector.detect(rgb)
    return _Seen(rgb, grey, small, shapes(small), face, None if face is None else openness(face))


def _weight(grey: Grey, grid: Grid) -> Floats:
    """How much each cell of the grid counts when fields are fitted to it."""
    weight = cv2.resize(texture(grey), (grid.wide, grid.high), interpolation=cv2.INTER_AREA)
    found: Floats = weight.astype(np.float64)
    found += 0.3 * found.mean() + 1e-3
    return found


def _steady(values: Floats, before: Integers, slack: float) -> Integers:
    """Rounded, but as before where that is nearly right: jitter costs bits and shows."""
    found: Integers = np.where(np.abs(values - before) > 0.5 + slack, np.rint(values), before).astype(
        np.int64
    )
    return found
