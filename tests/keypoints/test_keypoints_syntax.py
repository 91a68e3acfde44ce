"""The reader returns what the writer was given, and both remember the same afterwards."""

import contextlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvc.errors import CorruptStream
from keypoints.motion import MAX_FIELDS, Grid, MotionBasis
from keypoints.structure import POSE, Integers, Structure
from keypoints.syntax import (
    MAX_REFERENCES,
    SCALES,
    Coder,
    PictureRecord,
    Reader,
    ReferenceRecord,
    State,
    Writer,
    picture,
    reference,
)

EXPRESSION, IDENTITY = 7, 3
SHAPES = [(256, 256), (176, 144), (33, 17), (640, 272), (16, 1024)]
Step = tuple[ReferenceRecord | None, PictureRecord]


def numbers(random: np.random.Generator, count: int, size: int) -> Integers:
    """Mostly small integers, sometimes zeros only, sometimes one that needs an escape."""
    found = np.rint(random.laplace(0, size, count)).astype(np.int64) if random.random() < 0.8 else None
    if found is None:
        return np.zeros(count, np.int64)
    if count and random.random() < 0.1:
        found[random.integers(count)] = random.integers(-9000, 9000)
    return np.clip(found, -9000, 9000)


def motion_basis(random: np.random.Generator, grid: Grid, size: int) -> MotionBasis:
    count = int(random.integers(0, MAX_FIELDS + 1)) if random.random() < 0.5 else int(random.integers(0, 3))
    spectra = np.zeros((count, 2, grid.high * grid.wide), np.int64)
    for field in spectra:
        for line in field:
            end = int(random.integers(0, len(grid.order) + 1)) if random.random() < 0.2 else 5
            line[grid.order[:end]] = numbers(random, end, size)
    reach = random.integers(1, 256, count)
    fineness = int(random.integers(4))
    return MotionBasis(spectra.reshape(count, 2, grid.high, grid.wide), reach, fineness)


def story(random: np.random.Generator, grid: Grid, packets: int, size: int) -> list[Step]:
    """Records as a group's packets have them: the first brings a reference, later ones may."""
    bases: dict[int, MotionBasis] = {}
    steps: list[Step] = []
    for index in range(packets):
        brought = None
        if index == 0 or random.random() < 0.3:
            basis = motion_basis(random, grid, size)
            structure = None
            if random.random() < 0.7:
                structure = Structure(
                    numbers(random, POSE + EXPRESSION, size), numbers(random, IDENTITY, size)
                )
            slot = int(random.integers(MAX_REFERENCES))
            codes = None
            if random.random() < 0.4:
                shape = (int(random.integers(1, 9)), int(random.integers(1, 17)))
                codes = numbers(random, shape[0] * shape[1], size).reshape(shape)
            brought = ReferenceRecord(slot, structure, basis, int(random.integers(len(SCALES))), codes)
            bases[slot] = basis
        slot = int(random.choice(list(bases)))
        face = numbers(random, POSE + EXPRESSION, size) if random.random() < 0.7 else None
        parts = (bool(random.random() < 0.7), bool(random.random() < 0.7))
        motion = numbers(random, bases[slot].count, size)
        steps.append((brought, PictureRecord(slot, face, motion, parts)))
    return steps


def memory(state: State) -> list[object]:
    """All that the two sides have to agree on."""

    def scales(models: object) -> list[object]:
        found = models.copy()  # type: ignore[attr-defined]
        each = [(model._mean, model._seen) for model in (found[k] for k in range(len(found)))]
        return [found.found, found.expected, found.level, each]

    return [
        state.slot,
        state.had_face,
        state.moved,
        state.parts,
        state.identity.tolist(),
        state.structure.tolist(),
        {name: model.frequencies.tolist() for name, model in state.models.items()},
        scales(state.structure_scales),
        {slot: steps.tolist() for slot, steps in state.motion.items()},
        {slot: scales(models) for slot, models in state.motion_scales.items()},
        {slot: record.basis.coefficients.tolist() for slot, record in state.records.items()},
    ]


def same(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.array_equal(one, other))  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(SHAPES),
    st.integers(1, 12),
    st.sampled_from([0, 1, 3, 30, 400]),
)
def test_what_is_written_is_read(seed: int, shape: tuple[int, int], packets: int, size: int) -> None:
    random = np.random.default_rng(seed)
    grid = Grid(*shape)
    there, here = State.start(EXPRESSION, IDENTITY), State.start(EXPRESSION, IDENTITY)
    for brought, shown in story(random, grid, packets, size):
        writer = Writer()
        if brought is not None:
            reference(writer, there, grid, brought)
        picture(writer, there, shown)
        reader = Reader(writer.coder.finish())
        if brought is not None:
            found = reference(reader, here, grid, None)
            assert (found.slot, found.scale) == (brought.slot, brought.scale)
            assert (found.structure is None) == (brought.structure is None)
            if found.structure is not None and brought.structure is not None:
                assert same(found.structure.motion, brought.structure.motion)
                assert same(found.structure.identity, brought.structure.identity)
            assert found.basis.fineness == brought.basis.fineness
            assert same(found.basis.coefficients, brought.basis.coefficients)
            assert same(found.basis.reach, brought.basis.reach)
            assert same(found.texture, brought.texture)
        now = picture(reader, here, None)
        reader.coder.finish()
        assert now.slot == shown.slot
        assert same(now.structure, shown.structure)
        assert same(now.motion, shown.motion)
        if shown.structure is not None:
            assert now.parts == shown.parts
        assert memory(here) == memory(there)


def test_parts_come_back_in_every_combination() -> None:
    grid = Grid(64, 64)
    there, here = State.start(EXPRESSION, IDENTITY), State.start(EXPRESSION, IDENTITY)
    face = np.arange(POSE + EXPRESSION)
    first = ReferenceRecord(3, None, MotionBasis(np.zeros((0, 2, 16, 16), np.int64), np.zeros(0, np.int64)))
    for index, parts in enumerate([(True, True), (False, True), (True, False), (False, False), (True, True)]):
        writer = Writer()
        if index == 0:
            reference(writer, there, grid, first)
        picture(writer, there, PictureRecord(3, face + index, np.zeros(0, np.int64), parts))
        reader = Reader(writer.coder.finish())
        if index == 0:
            reference(reader, here, grid, None)
        assert picture(reader, here, None).parts == parts


def test_a_picture_that_repeats_the_last_costs_almost_nothing() -> None:
    grid = Grid(256, 256)
    random = np.random.default_rng(3)
    state = State.start(EXPRESSION, IDENTITY)
    shown = PictureRecord(0, numbers(random, POSE + EXPRESSION, 9), np.array([4, -2, 7]))
    basis = MotionBasis(np.ones((3, 2, 16, 16), np.int64) * 0, np.full(3, 9))
    sizes = []
    for index in range(40):
        writer = Writer()
        if index == 0:
            reference(writer, state, grid, ReferenceRecord(0, None, basis))
        picture(writer, state, shown)
        sizes.append(len(writer.coder.finish()))
    assert max(sizes[20:]) <= 1


def refused(
    write: Callable[[Writer, State, Grid], None], read: Callable[[Reader, State, Grid], object]
) -> None:
    """The bytes of write(), which may itself refuse after having coded, are CorruptStream for read()."""
    grid = Grid(64, 64)
    writer = Writer()
    with contextlib.suppress(CorruptStream):
        write(writer, State.start(EXPRESSION, IDENTITY), grid)
    with pytest.raises(CorruptStream):
        read(Reader(writer.coder.finish()), State.start(EXPRESSION, IDENTITY), grid)


def read_both(coder: Coder, state: State, grid: Grid) -> object:
    return reference(coder, state, grid, None), picture(coder, state, None)


def no_fields(grid: Grid) -> MotionBasis:
    return MotionBasis(np.zeros((0, 2, grid.high, grid.wide), np.int64), np.zeros(0, np.int64))


def test_points_far_outside_any_picture_are_refused() -> None:
    face = np.zeros(POSE + EXPRESSION, np.int64)
    face[4] = 40_000

    def write(writer: Writer, state: State, grid: Grid) -> None:
        reference(writer, state, grid, ReferenceRecord(0, None, no_fields(grid)))
        picture(writer, state, PictureRecord(0, face, np.zeros(0, np.int64)))

    refused(write, read_both)


def test_sums_cannot_creep_beyond_the_limit() -> None:
    """Each change is allowed, their sum is not: no stream makes the numbers grow for ever."""
    grid = Grid(64, 64)
    state = State.start(EXPRESSION, IDENTITY)
    writer = Writer()
    reference(writer, state, grid, ReferenceRecord(0, None, no_fields(grid)))
    face = np.full(POSE + EXPRESSION, 9000)
    for times in (1, 2, 3):
        picture(writer, state, PictureRecord(0, face * times, np.zeros(0, np.int64)))
    with pytest.raises(CorruptStream):
        picture(writer, state, PictureRecord(0, face * 4, np.zeros(0, np.int64)))


def test_more_fields_than_allowed_are_refused() -> None:
    many = MAX_FIELDS + 1

    def write(writer: Writer, state: State, grid: Grid) -> None:
        spectra = np.zeros((many, 2, grid.high, grid.wide), np.int64)
        reference(
            writer, state, grid, ReferenceRecord(0, None, MotionBasis(spectra, np.ones(many, np.int64)))
        )

    refused(write, read_both)


def test_a_field_with_more_numbers_than_its_grid_is_refused() -> None:
    def write(writer: Writer, state: State, grid: Grid) -> None:
        for value, bits in ((0, 1), (0, 2), (0, 4), (0, 1), (1, 4), (0, 2), (9, 8), (1023, 10)):
            writer.raw(value, bits)

    refused(write, read_both)


def test_a_reference_that_was_not_sent_is_refused() -> None:
    def write(writer: Writer, state: State, grid: Grid) -> None:
        reference(writer, state, grid, ReferenceRecord(1, None, no_fields(grid)))
        reference(writer, state, grid, ReferenceRecord(2, None, no_fields(grid)))
        picture(writer, state, PictureRecord(9, None, np.zeros(0, np.int64)))

    def read(reader: Reader, state: State, grid: Grid) -> object:
        reference(reader, state, grid, None)
        return read_both(reader, state, grid)

    refused(write, read)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(SHAPES))
def test_any_bytes_are_records_or_refused(data: bytes, shape: tuple[int, int]) -> None:
    state, grid = State.start(EXPRESSION, IDENTITY), Grid(*shape)
    reader = Reader(data)
    try:
        found = reference(reader, state, grid, None)
        shown = [picture(reader, state, None) for _ in range(3)]
    except CorruptStream:
        return
    assert all(np.abs(record.motion).max(initial=0) <= 1 << 15 for record in shown)
    assert found.basis.count <= MAX_FIELDS


@pytest.mark.parametrize("shape", SHAPES)
def test_every_grid_fits_the_length_of_a_field(shape: tuple[int, int]) -> None:
    """A field's length is a raw number of 10 bits."""
    grid = Grid(*shape)
    assert 0 < len(grid.order) < 1024
    assert len(set(grid.order.tolist())) == len(grid.order)
