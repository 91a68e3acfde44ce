"""What a packet of key points says, number by number.

One walk serves both directions: `Writer.integer(value, model)` codes the value and returns it,
`Reader.integer(value, model)` ignores the value and returns the decoded one. Thus encoder and decoder
cannot drift apart. Everything here is integers: this is the exact half of the codec.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream

from .motion import MAX_FIELDS, Grid, MotionBasis
from .structure import POSE, Integers, Structure

__all__ = ["MAX_REFERENCES", "PictureRecord", "Reader", "ReferenceRecord", "State", "Writer", "picture", "reference"]

MAX_REFERENCES = 16
_LIMIT = 1 << 15  # no running sum of a sound stream comes near this


class Coder(Protocol):
    """A Writer or a Reader."""

    def integer(self, value: int, model: AdaptiveModel) -> int: ...

    def symbol(self, value: int, model: AdaptiveModel) -> int: ...

    def raw(self, value: int, bits: int) -> int: ...


class Writer:
    """Codes what it is given."""

    def __init__(self) -> None:
        self.coder = SymbolEncoder()

    def integer(self, value: int, model: AdaptiveModel) -> int:
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

    def integer(self, value: int, model: AdaptiveModel) -> int:
        return self.coder.get_integer(model)

    def symbol(self, value: int, model: AdaptiveModel) -> int:
        return self.coder.get(model)

    def raw(self, value: int, bits: int) -> int:
        return self.coder.get_bits(bits)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRecord:
    """A reference picture but for its pixels. slot: 0 to 15. structure: None when it shows no face."""

    slot: int
    structure: Structure | None
    basis: MotionBasis


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


def _models(spreads: tuple[float, ...]) -> list[AdaptiveModel]:
    return [_model(spread) for spread in spreads]


# Contexts by the size of the same number's last change: none, one step, more.
_CLASSES = (0.15, 0.35, 0.6)


@dataclass(slots=True)
class State:
    """What encoder and decoder both remember inside a group; begins anew with each key packet."""

    expression: int
    identity: Integers
    structure: Integers
    step: Integers
    slot: int = 0
    records: dict[int, ReferenceRecord] = field(default_factory=dict)
    motion: dict[int, Integers] = field(default_factory=dict)
    motion_step: dict[int, Integers] = field(default_factory=dict)
    had_face: int = 0
    parts: tuple[bool, bool] = (True, True)
    models: dict[str, list[AdaptiveModel]] = field(default_factory=dict)

    @staticmethod
    def start(expression: int, identity: int) -> "State":
        """The state before a group's first record."""
        numbers = POSE + expression
        models = {
            "turn": _models(_CLASSES),
            "shift": _models(_CLASSES),
            "expression": _models(_CLASSES),
            "finer expression": _models(_CLASSES),
            "motion": _models(_CLASSES),
            "finer motion": _models(_CLASSES),
            "identity": [_model(0.8)],
            "jump": [_model(0.9)],
            "low field": [_model(0.7, 24)],
            "middle field": [_model(0.4)],
            "high field": [_model(0.15)],
            "same slot": [AdaptiveModel([2, 30], 24, 1 << 12)],
            "face": [AdaptiveModel([1, 8], 24, 1 << 12), AdaptiveModel([1, 60], 24, 1 << 12)],
            "still": [AdaptiveModel([8, 1], 24, 1 << 12), AdaptiveModel([1, 2], 24, 1 << 12)],
            "part": [AdaptiveModel([4, 1], 24, 1 << 12), AdaptiveModel([1, 16], 24, 1 << 12)],
        }
        zero = np.zeros(numbers, np.int64)
        return State(expression, np.zeros(identity, np.int64), zero, zero.copy(), models=models)


def _bounded(values: Integers) -> Integers:
    if np.abs(values).max(initial=0) > _LIMIT:
        raise CorruptStream("a key point lies far outside any picture")
    return values


def _changes(
    coder: Coder, state: State, steps: Integers, last: Integers, names: list[str], still: int
) -> Integers:
    """Changes of numbers, each in the context of its own last change; all at once when none moves."""
    moved = coder.symbol(int(np.any(steps)), state.models["still"][still])
    if not moved:
        return np.zeros_like(last)
    found = np.zeros_like(last)
    for index, name in enumerate(names):
        context = min(abs(int(last[index])), 2)
        found[index] = coder.integer(int(steps[index]), state.models[name][context])
    return found


def _structure_names(expression: int) -> list[str]:
    strong = min(4, expression)
    return ["turn"] * 4 + ["shift"] * 2 + ["expression"] * strong + ["finer expression"] * (expression - strong)


def picture(coder: Coder, state: State, record: PictureRecord | None) -> PictureRecord:
    """One shown picture. record: what to write; None when reading."""
    wanted = record or PictureRecord(state.slot, state.structure, state.motion[state.slot])
    slot = state.slot
    if len(state.records) > 1 and not coder.symbol(int(wanted.slot == slot), state.models["same slot"][0]):
        slot = coder.raw(wanted.slot, 4)
        if slot not in state.records:
            raise CorruptStream(f"a picture refers to reference {slot}, which was not sent")
    face = coder.symbol(int(wanted.structure is not None), state.models["face"][state.had_face])
    structure = None
    parts = state.parts
    if face:
        target = wanted.structure if wanted.structure is not None else state.structure
        step = _changes(coder, state, target - state.structure, state.step, _structure_names(state.expression),
                        int(np.any(state.step)))
        structure = _bounded(state.structure + step)
        state.structure, state.step = structure, step
        mouth, eyes = (bool(coder.symbol(int(want), state.models["part"][int(had)]))
                       for want, had in zip(wanted.parts, state.parts, strict=True))
        parts = (mouth, eyes)
    before, last = state.motion[slot], state.motion_step[slot]
    steps = np.zeros_like(before) if len(wanted.motion) != len(before) else wanted.motion - before
    motion = before
    if len(before):
        names = ["motion"] * min(3, len(before)) + ["finer motion"] * max(0, len(before) - 3)
        step = _changes(coder, state, steps, last, names, int(np.any(last)))
        motion = _bounded(before + step)
        state.motion_step[slot] = step
    state.slot, state.had_face, state.parts = slot, face, parts
    state.motion[slot] = motion
    return PictureRecord(slot, structure, motion, parts)


def reference(coder: Coder, state: State, grid: Grid, record: ReferenceRecord | None) -> ReferenceRecord:
    """A new reference, put in a free or used slot. record: what to write; None when reading."""
    wanted = record or ReferenceRecord(0, None, MotionBasis(np.zeros((0, 2, grid.high, grid.wide), np.int64),
                                                            np.zeros(0, np.int64)))
    slot = coder.raw(wanted.slot, 4)
    structure = None
    if coder.raw(int(wanted.structure is not None), 1):
        aim = wanted.structure or Structure(state.structure, state.identity)
        jump = state.models["jump"][0]
        motion = np.array([coder.integer(int(step), jump) for step in aim.motion - state.structure], np.int64)
        motion = _bounded(motion + state.structure)
        identity = state.identity
        if coder.raw(int(not np.array_equal(aim.identity, identity)), 1):
            model = state.models["identity"][0]
            identity = np.array([coder.integer(int(step), model) for step in aim.identity - identity], np.int64)
            identity = _bounded(identity + state.identity)
        structure = Structure(motion, identity)
        state.identity = identity
        if not state.records:
            state.structure = motion
    basis = _basis(coder, state, grid, wanted.basis)
    found = ReferenceRecord(slot, structure, basis)
    if not state.records:
        state.slot = slot
    state.records[slot] = replace(found)
    state.motion[slot] = np.zeros(basis.count, np.int64)
    state.motion_step[slot] = np.zeros(basis.count, np.int64)
    return found


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
                value = coder.integer(int(line[place]), state.models[name][0])
                coefficients[index, axis, grid.order[place]] = value
    return MotionBasis(_bounded(coefficients).reshape(count, 2, grid.high, grid.wide), reach, fineness)
