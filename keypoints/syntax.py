"""What a packet of key points says, number by number.

One walk serves both directions: `Writer.integer(value, model)` codes the value and returns it,
`Reader.integer(value, model)` ignores the value and returns the decoded one. Thus encoder and decoder
cannot drift apart. Everything here is integers: this is the exact half of the codec.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from genvc.entropy import AdaptiveModel, ScaleModel, ScaleModels, SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream

from .motion import MAX_FIELDS, Grid, MotionBasis
from .structure import POSE, Integers, Structure

__all__ = [
    "MAX_REFERENCES",
    "SCALES",
    "TEXTURE_SPREAD",
    "PictureRecord",
    "Reader",
    "ReferenceRecord",
    "State",
    "Writer",
    "picture",
    "reference",
]

MAX_REFERENCES = 16
SCALES = (1.0, 0.75, 0.5, 0.375)
"""Sizes of the coded pixels of a reference, relative to the picture."""

TEXTURE_SPREAD = 0.4
"""How much rarer a texture code is at first than one that is nearer to 0 by one, up to 4."""

_PARTS_BITS, _NUMBERS_BITS = 3, 4  # of one less than there are
_LIMIT = 1 << 15  # no running sum of a sound stream comes near this


class Coder(Protocol):
    """A Writer or a Reader."""

    def integer(self, value: int, model: AdaptiveModel | ScaleModel) -> int: ...

    def symbol(self, value: int, model: AdaptiveModel) -> int: ...

    def raw(self, value: int, bits: int) -> int: ...


class Writer:
    """Codes what it is given."""

    def __init__(self) -> None:
        self.coder = SymbolEncoder()

    def integer(self, value: int, model: AdaptiveModel | ScaleModel) -> int:
        self.coder.put_integer(int(value), model)
        return int(value)

    def symbol(self, value: int, model: AdaptiveModel) -> int:
        self.coder.put(int(value), model)
        return int(value)

    def raw(self, value: int, bits: int) -> int:
        self.coder.put_bits(int(value), bits)
        return int(value)


class Reader:
    """Returns what was coded."""

    def __init__(self, payload: bytes) -> None:
        self.coder = SymbolDecoder(payload)

    def integer(self, value: int, model: AdaptiveModel | ScaleModel) -> int:
        return self.coder.get_integer(model)

    def symbol(self, value: int, model: AdaptiveModel) -> int:
        return self.coder.get(model)

    def raw(self, value: int, bits: int) -> int:
        return self.coder.get_bits(bits)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRecord:
    """A reference picture but for its pixels.

    slot: 0 to 15. structure: None when it shows no face. scale: index into SCALES, the size at which the
    pixels are coded. texture: codes of its parts, (parts, numbers), None for none.
    """

    slot: int
    structure: Structure | None
    basis: MotionBasis
    scale: int = 0
    texture: Integers | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PictureRecord:
    """One shown picture. slot: its reference. motion: (fields of the slot's basis,).

    structure: integers of pose and expression, None without a face. parts: whether mouth and eyes
    follow the mesh.
    """

    slot: int
    structure: Integers | None
    motion: Integers
    parts: tuple[bool, bool] = (True, True)


def _model(spread: float, reach: int = 12) -> AdaptiveModel:
    """A model for integers around 0; spread: how fast it falls, a share per step."""
    counts = [max(1, round(96 * spread ** abs(value))) for value in range(-reach, reach + 1)]
    return AdaptiveModel([*counts, 1], increment=24, limit=1 << 12)


# What a change of each number comes to at first, in 1/256 of a step: turns, shifts, expression.
_TURN, _SHIFT, _EXPRESSION, _FIELD = 110, 160, (90, 40), (120, 60)


@dataclass(slots=True)
class State:
    """What encoder and decoder both remember inside a group; begins anew with each key packet."""

    identity: Integers
    structure: Integers
    structure_scales: ScaleModels
    models: dict[str, AdaptiveModel]
    slot: int = 0
    records: dict[int, ReferenceRecord] = field(default_factory=dict)
    motion: dict[int, Integers] = field(default_factory=dict)
    motion_scales: dict[int, ScaleModels] = field(default_factory=dict)
    had_face: bool = False
    moved: tuple[bool, bool] = (False, False)
    parts: tuple[bool, bool] = (True, True)

    @staticmethod
    def start(expression: int, identity: int) -> "State":
        """The state before a group's first record."""
        strong = min(4, expression)
        scales = (
            [_TURN] * 4 + [_SHIFT] * 2 + [_EXPRESSION[0]] * strong + [_EXPRESSION[1]] * (expression - strong)
        )
        return State(
            np.zeros(identity, np.int64),
            np.zeros(POSE + expression, np.int64),
            ScaleModels(scales),
            {
                "identity": _model(0.8),
                "jump": _model(0.9),
                "low field": _model(0.7, 24),
                "middle field": _model(0.4),
                "high field": _model(0.15),
                "texture": _model(TEXTURE_SPREAD),
                "same slot": _flag(1, 15),
                "face after none": _flag(8, 1),
                "face after face": _flag(1, 60),
                "structure after rest": _flag(4, 1),
                "structure after move": _flag(1, 6),
                "motion after rest": _flag(4, 1),
                "motion after move": _flag(1, 6),
                "part after none": _flag(8, 1),
                "part after part": _flag(1, 16),
            },
        )


def _flag(no: int, yes: int) -> AdaptiveModel:
    """A model for yes (1) and no (0) that has seen so many of each."""
    return AdaptiveModel([no * 24, yes * 24], 24, 1 << 12)


def _bounded(values: Integers, what: str = "a key point") -> Integers:
    if np.abs(values).max(initial=0) > _LIMIT:
        raise CorruptStream(f"{what} lies far outside any picture")
    return values


def _changes(
    coder: Coder, flag: AdaptiveModel, scales: ScaleModels, steps: Integers
) -> tuple[Integers, bool]:
    """Changes of a vector's numbers; a single flag when none moves."""
    moved = bool(coder.symbol(int(np.any(steps)), flag))
    found = np.zeros_like(steps)
    if moved:
        scales.begin()
        for index in range(len(steps)):
            found[index] = coder.integer(int(steps[index]), scales[index])
    return found, moved


def picture(coder: Coder, state: State, record: PictureRecord | None) -> PictureRecord:
    """One shown picture. record: what to write; None when reading."""
    wanted = record or PictureRecord(state.slot, state.structure, state.motion[state.slot])
    slot = state.slot
    if len(state.records) > 1 and not coder.symbol(int(wanted.slot == slot), state.models["same slot"]):
        slot = coder.raw(wanted.slot, 4)
        if slot not in state.records:
            raise CorruptStream(f"a picture refers to reference {slot}, which was not sent")
    models = state.models
    face = bool(
        coder.symbol(
            int(wanted.structure is not None), models[f"face after {'face' if state.had_face else 'none'}"]
        )
    )
    structure = None
    parts = state.parts
    shape_moved, field_moved = state.moved
    if face:
        aim = state.structure if wanted.structure is None else wanted.structure
        flag = models[f"structure after {'move' if shape_moved else 'rest'}"]
        step, shape_moved = _changes(coder, flag, state.structure_scales, aim - state.structure)
        structure = state.structure = _bounded(state.structure + step)
        mouth, eyes = (
            bool(coder.symbol(int(want), models[f"part after {'part' if had else 'none'}"]))
            for want, had in zip(wanted.parts, state.parts, strict=True)
        )
        parts = (mouth, eyes)
    before = state.motion[slot]
    motion = before
    if len(before):
        steps = wanted.motion - before if len(wanted.motion) == len(before) else np.zeros_like(before)
        flag = models[f"motion after {'move' if field_moved else 'rest'}"]
        step, field_moved = _changes(coder, flag, state.motion_scales[slot], steps)
        motion = state.motion[slot] = _bounded(before + step)
    state.slot, state.had_face, state.parts, state.moved = slot, face, parts, (shape_moved, field_moved)
    return PictureRecord(slot, structure, motion, parts)


def reference(coder: Coder, state: State, grid: Grid, record: ReferenceRecord | None) -> ReferenceRecord:
    """A new reference, put in a free or used slot. record: what to write; None when reading."""
    wanted = record or ReferenceRecord(
        0, None, MotionBasis(np.zeros((0, 2, grid.high, grid.wide), np.int64), np.zeros(0, np.int64))
    )
    textured = bool(coder.raw(int(wanted.texture is not None), 1))
    scale = coder.raw(wanted.scale, 2)
    slot = coder.raw(wanted.slot, 4)
    structure = None
    if coder.raw(int(wanted.structure is not None), 1):
        aim = wanted.structure or Structure(state.structure, state.identity)
        jump = state.models["jump"]
        motion = np.array([coder.integer(int(step), jump) for step in aim.motion - state.structure], np.int64)
        motion = _bounded(motion + state.structure)
        identity = state.identity
        if coder.raw(int(not np.array_equal(aim.identity, identity)), 1):
            model = state.models["identity"]
            identity = np.array(
                [coder.integer(int(step), model) for step in aim.identity - identity], np.int64
            )
            identity = _bounded(identity + state.identity)
        structure = Structure(motion, identity)
        state.identity = identity
        if not state.records:
            state.structure = motion
    basis = _basis(coder, state, grid, wanted.basis)
    texture = _texture(coder, state, wanted.texture) if textured else None
    found = ReferenceRecord(slot, structure, basis, scale, texture)
    if not state.records:
        state.slot = slot
    state.records[slot] = found
    state.motion[slot] = np.zeros(basis.count, np.int64)
    strong = min(3, basis.count)
    state.motion_scales[slot] = ScaleModels([_FIELD[0]] * strong + [_FIELD[1]] * (basis.count - strong))
    return found


def _texture(coder: Coder, state: State, wanted: Integers | None) -> Integers:
    if wanted is None:
        wanted = np.zeros((1, 1), np.int64)
    parts = coder.raw(wanted.shape[0] - 1, _PARTS_BITS) + 1
    numbers = coder.raw(wanted.shape[1] - 1, _NUMBERS_BITS) + 1
    found = np.zeros((parts, numbers), np.int64)
    aim = wanted if wanted.shape == found.shape else found
    for place in np.ndindex(found.shape):
        found[place] = coder.integer(int(aim[place]), state.models["texture"])
    return _bounded(found, "a texture code")


def _basis(coder: Coder, state: State, grid: Grid, wanted: MotionBasis) -> MotionBasis:
    count = coder.raw(wanted.count, 4)
    if count > MAX_FIELDS:
        raise CorruptStream(f"a reference has {count} motion fields, at most {MAX_FIELDS} are allowed")
    fineness = coder.raw(wanted.fineness, 2)
    cells = grid.high * grid.wide
    coefficients = np.zeros((count, 2, cells), np.int64)
    reach = np.zeros(count, np.int64)
    flat = wanted.coefficients.reshape(wanted.count, 2, cells)
    for index in range(count):
        reach[index] = coder.raw(int(wanted.reach[index]) if wanted.count else 0, 8)
        for axis in range(2):
            line = flat[index, axis][grid.order] if wanted.count else np.zeros(len(grid.order), np.int64)
            used = np.flatnonzero(line)
            end = coder.raw(int(used[-1]) + 1 if len(used) else 0, 10)
            if end > len(grid.order):
                raise CorruptStream("a motion field has more numbers than its grid")
            for place in range(end):
                name = "low field" if place < 3 else "middle field" if place < 24 else "high field"
                value = coder.integer(int(line[place]), state.models[name])
                coefficients[index, axis, grid.order[place]] = value
    return MotionBasis(_bounded(coefficients).reshape(count, 2, grid.high, grid.wide), reach, fineness)
