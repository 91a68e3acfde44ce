"""The entropy coder gives back what was put in, in few bytes, and the same bytes for ever."""

import contextlib
import os
import random
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from entropy_tables import TABLES
from hypothesis import given, settings
from hypothesis import strategies as st

from genvc.entropy import (
    MAX_INTEGER,
    AdaptiveModel,
    ScaleModels,
    SymbolDecoder,
    SymbolEncoder,
    Tables,
    decode,
    encode,
)
from genvc.entropy.models import REACH, SCALES, scale_frequencies
from genvc.errors import CorruptStream

integers = st.one_of(st.integers(-6, 6), st.integers(-200, 200), st.integers(-MAX_INTEGER, MAX_INTEGER))


def motion(frames: int, numbers: int, seed: int = 0) -> list[list[int]]:
    """Laplacian vectors whose common size wanders, as key point differences do."""
    rng = np.random.default_rng(seed)
    level = np.exp(np.cumsum(rng.normal(0, 0.15, frames)))
    sizes = rng.uniform(0.1, 2, numbers)
    return [np.rint(rng.laplace(0, sizes * x)).astype(int).tolist() for x in level]


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 60), st.lists(st.tuples(st.sampled_from("sib"), integers), max_size=60))
def test_symbols_integers_and_bits_come_back(size: int, items: list[tuple[str, int]]) -> None:
    model = AdaptiveModel(size)
    encoder = SymbolEncoder()
    for kind, value in items:
        if kind == "s":
            encoder.put(value % size, model)
        elif kind == "i":
            encoder.put_integer(value, model)
        else:
            encoder.put_bits(abs(value), 21)
    decoder = SymbolDecoder(encoder.finish())
    model = AdaptiveModel(size)
    for kind, value in items:
        if kind == "s":
            assert decoder.get(model) == value % size
        elif kind == "i":
            assert decoder.get_integer(model) == value
        else:
            assert decoder.get_bits(21) == abs(value)
    decoder.finish()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(integers, min_size=3, max_size=3), max_size=20))
def test_vectors_of_learnt_size_come_back(vectors: list[list[int]]) -> None:
    models = ScaleModels([10, 256, 5000])
    encoder = SymbolEncoder()
    for vector in vectors:
        models.begin()
        for number, value in enumerate(vector):
            encoder.put_integer(value, models[number])
    decoder = SymbolDecoder(encoder.finish())
    models = ScaleModels([10, 256, 5000])
    for vector in vectors:
        models.begin()
        assert [decoder.get_integer(models[number]) for number in range(3)] == vector
    decoder.finish()


@pytest.mark.parametrize("nbits", [0, 1, 15, 16, 17, 33, 64])
def test_raw_bits_cost_what_they_are(nbits: int) -> None:
    values = [random.Random(n).getrandbits(nbits) for n in range(100)]
    encoder = SymbolEncoder()
    for value in values:
        encoder.put_bits(value, nbits)
    payload = encoder.finish()
    assert len(payload) <= 100 * nbits / 8 + 1
    decoder = SymbolDecoder(payload)
    assert [decoder.get_bits(nbits) for _ in values] == values


def integer_cost(value: int, model: AdaptiveModel) -> float:
    if abs(value) <= model.reach:
        return model.cost(value + model.reach)
    return model.cost(model.size - 1) + 2 * (abs(value) - model.reach).bit_length()


def test_packets_are_within_two_percent_and_two_bytes_of_the_models_ideal() -> None:
    worst = 0.0
    adaptive, scales = AdaptiveModel(30), ScaleModels([256] * 24)
    for vector in motion(400, 24):
        scales.begin()
        one, two = SymbolEncoder(), SymbolEncoder()
        ideal_one = ideal_two = 0.0
        for number, value in enumerate(vector):
            ideal_one += integer_cost(value, adaptive)
            one.put_integer(value, adaptive)
            ideal_two += scales[number].cost(value)
            two.put_integer(value, scales[number])
        for encoder, ideal in ((one, ideal_one), (two, ideal_two)):
            assert encoder.bits() == pytest.approx(ideal, rel=1e-3, abs=0.01)
            excess = len(encoder.finish()) - ideal / 8
            worst = max(worst, excess)
            assert excess <= 0.02 * ideal / 8 + 2
    # the coder wastes next to nothing: whole bytes are what it costs
    assert worst < 1.1


def test_long_packets_cost_what_the_models_say() -> None:
    values = [value for vector in motion(500, 40, seed=3) for value in vector]
    model = AdaptiveModel(30)
    encoder = SymbolEncoder()
    ideal = 0.0
    for value in values:
        ideal += integer_cost(value, model)
        encoder.put_integer(value, model)
    assert len(encoder.finish()) <= 1.001 * ideal / 8 + 1


def test_learning_the_size_beats_counting_on_motion() -> None:
    def cost(models: list[AdaptiveModel] | ScaleModels) -> float:
        encoder = SymbolEncoder()
        for vector in motion(250, 24, seed=1):
            if isinstance(models, ScaleModels):
                models.begin()
            for number, value in enumerate(vector):
                encoder.put_integer(value, models[number])
        return encoder.bits()

    assert cost(ScaleModels([256] * 24)) < 0.9 * cost([AdaptiveModel(30) for _ in range(24)])


def test_what_is_certain_costs_no_bytes() -> None:
    encoder = SymbolEncoder()
    for _ in range(20):
        encoder.put(0, AdaptiveModel([60000, 1, 1]))
    assert encoder.finish() == b""
    decoder = SymbolDecoder(b"")
    assert [decoder.get(AdaptiveModel([60000, 1, 1])) for _ in range(20)] == [0] * 20
    assert SymbolEncoder().finish() == b""


def test_no_shorter_packet_gives_the_same_symbols() -> None:
    for seed in range(200):
        values = motion(1, 12, seed)[0]
        models = ScaleModels([256] * 12)
        encoder = SymbolEncoder()
        for number, value in enumerate(values):
            encoder.put_integer(value, models[number])
        payload = encoder.finish()
        for shorter in (payload[:-1], payload[:-1][:-1] + b"\xff")[: len(payload)]:
            decoder, models = SymbolDecoder(shorter), ScaleModels([256] * 12)
            with contextlib.suppress(CorruptStream):
                assert [decoder.get_integer(models[number]) for number in range(12)] != values


def test_copies_of_models_go_their_own_way() -> None:
    model = AdaptiveModel(5)
    twin = model.copy()
    for _ in range(20):
        model.update(0)
    assert twin.cost(0) == AdaptiveModel(5).cost(0) != model.cost(0)
    models = ScaleModels([256, 256])
    models.begin()
    models[0].update(9)
    others = models.copy()
    assert [others[k].cost(1) for k in range(2)] == [models[k].cost(1) for k in range(2)]
    before = models[1].cost(0)
    others[0].update(40)
    assert models[1].cost(0) == before != others[1].cost(0)


def test_every_symbol_stays_codable_after_any_history() -> None:
    model = AdaptiveModel(4096)
    for _ in range(5000):
        model.update(17)
    assert model.cost(4095) < 24
    models = ScaleModels([0])
    for _ in range(500):
        models.begin()
        models[0].update(0)
    assert models[0].cost(MAX_INTEGER) < 60
    assert models[0].cost(0) < 0.01


# The bytes below are the format: if one of them changes, old streams no longer decode.
GOLDEN = {
    "adaptive": "ab2ba66801d4135a0fec82db6876543212",
    "scales": "b268ea686c8459c6854e5adc",
    "tables": "fffffffaeb55ca0bfeb6ad4ce2cc3540bc7bd1bdc5fe7f4318bffff3a0193c82284fa00d",
}


def golden(kind: str) -> bytes:
    encoder = SymbolEncoder()
    if kind == "adaptive":
        model = AdaptiveModel([4, 9, 30, 9, 4, 1], increment=24, limit=128)
        for value in (0, 1, -1, 0, 0, 2, -2, 0, 77, 0, -1, -1, 0, -(1 << 20)):
            encoder.put_integer(value, model)
        encoder.put_bits(0x123456789, 36)
        encoder.put(5, model)
    elif kind == "scales":
        models = ScaleModels([64, 256, 1024, 0])
        for vector in ((0, 1, -5, 0), (0, 0, 0, 0), (3, -2, 9, 1), (500, 0, -1, 0), (0, 0, -1, 0)):
            models.begin()
            for number, value in enumerate(vector):
                encoder.put_integer(value, models[number])
    else:
        return encode(np.arange(-8, 16).reshape(2, 12), np.arange(24).reshape(2, 12) % 3, TABLES)
    return encoder.finish()


@pytest.mark.parametrize("kind", GOLDEN)
def test_the_bytes_stay_as_they_are(kind: str) -> None:
    assert golden(kind).hex() == GOLDEN[kind]


def test_probabilities_are_the_documented_integers() -> None:
    import constriction

    rng = np.random.default_rng(5)
    scale = (2**64 - 1) >> 24
    checked = 0
    for _ in range(2000):
        size = int(rng.integers(2, 50))
        counts = rng.integers(1, 1 + int(rng.choice([3, 100, 300000])), size)
        symbol = int(rng.integers(size))
        share = (2**24 - size) / int(counts.sum())
        starts = [int(int(counts[:k].sum()) * share) + k for k in range(size)] + [2**24]
        for lazy in (False, True):
            encoder = constriction.stream.queue.RangeEncoder()
            model = constriction.stream.model.Categorical(counts.astype(np.float64), lazy=lazy, perfect=False)
            encoder.encode(symbol, model)
            words, (low, width) = encoder.pos()
            if words == 0:
                checked += 1
                assert low == starts[symbol] * scale
                assert width == (starts[symbol + 1] - starts[symbol]) * scale
    assert checked > 3000


def test_scale_tables_are_whole_and_two_sided() -> None:
    for scale in range(SCALES):
        table = scale_frequencies(scale)
        assert table.sum() == 1 << 16
        assert table.min() >= 4
        assert len(table) == 2 * REACH[scale] + 2
        assert (table[:-1] == table[-2::-1]).all()
        mean = 2 ** (scale / 4 - 8)
        sizes = np.append(np.abs(np.arange(-REACH[scale], REACH[scale] + 1)), REACH[scale] + mean)
        assert (sizes * table).sum() / (1 << 16) == pytest.approx(mean, rel=0.03, abs=0.001)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_arrays_come_back(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(0,), (1,), (7,), (3, 5), (2, 3, 4)]))
    count = int(np.prod(shape))
    values = np.array(data.draw(st.lists(integers, min_size=count, max_size=count)), np.int64).reshape(shape)
    indices = np.array(data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)), np.int32)
    indices = indices.reshape(shape)
    back = decode(encode(values, indices, TABLES), indices, TABLES)
    assert back.dtype == np.int32
    assert np.array_equal(back, values)


def laplacian_tables(count: int) -> Tables:
    rows = np.zeros((count, 130), np.int64)
    lengths = []
    for number in range(count):
        table = scale_frequencies(8 + 2 * number)[:130]
        reach = min(REACH[8 + 2 * number], 60)
        whole = scale_frequencies(8 + 2 * number)
        middle = (len(whole) - 2) // 2
        table = whole[middle - reach : middle + reach + 1]
        rows[number, : 2 * reach + 1] = table
        rows[number, 2 * reach + 1] = (1 << 16) - table.sum()
        lengths.append(2 * reach + 2)
    return Tables(rows, np.array(lengths), -(np.array(lengths) - 2) // 2)


def test_arrays_cost_what_their_tables_say_and_are_quick() -> None:
    tables = laplacian_tables(16)
    rng = np.random.default_rng(2)
    indices = rng.integers(0, 16, 200_000)
    values = np.rint(rng.laplace(0, 2.0 ** ((8 + 2 * indices) / 4 - 8))).astype(np.int64)
    ideal = 0.0
    for value, index in zip(values.tolist(), indices.tolist(), strict=True):
        symbol = value - int(tables.offsets[index])
        last = int(tables.lengths[index]) - 1
        if 0 <= symbol < last:
            ideal += 16 - np.log2(tables.rows[index][symbol])
        else:
            distance = symbol - last + 1 if symbol > 0 else -symbol
            ideal += 16 - np.log2(tables.rows[index][last]) + 1 + 5 + distance.bit_length() - 1
    begun = time.perf_counter()
    payload = encode(values, indices, tables)
    assert np.array_equal(decode(payload, indices, tables), values)
    assert time.perf_counter() - begun < 2
    assert len(payload) <= 1.001 * ideal / 8 + 2


def test_payloads_that_nobody_wrote_give_symbols_or_corrupt_stream() -> None:
    rng = random.Random(7)
    tables = laplacian_tables(6)
    indices = np.arange(40) % 6

    def adaptive(decoder: SymbolDecoder) -> None:
        model = AdaptiveModel(12)
        for _ in range(30):
            assert abs(decoder.get_integer(model)) <= MAX_INTEGER
            decoder.get_bits(13)

    def scales(decoder: SymbolDecoder) -> None:
        models = ScaleModels([64] * 30)
        models.begin()
        for number in range(30):
            assert abs(decoder.get_integer(models[number])) <= MAX_INTEGER

    def arrays(decoder: SymbolDecoder) -> None:
        values = decoder.get_array(indices, tables)
        assert np.abs(values).max() <= MAX_INTEGER

    begun = time.perf_counter()
    refused = 0
    kinds: list[Callable[[SymbolDecoder], None]] = [adaptive, scales, arrays]
    for number in range(5000):
        size = rng.randrange(40)
        payload = (rng.randbytes(size), b"\xff" * size, b"\0" * size, b"\xff\xff\xff\xff" + bytes(size))[
            number % 4
        ]
        decoder = SymbolDecoder(payload)
        try:
            kinds[number % 3](decoder)
            decoder.finish()
        except CorruptStream:
            refused += 1
    assert 100 < refused < 5000
    assert time.perf_counter() - begun < 30


def test_a_packet_that_is_longer_than_its_symbols_need_is_refused() -> None:
    for seed in range(100):
        models = ScaleModels([256] * 12)
        encoder = SymbolEncoder()
        for number, value in enumerate(motion(1, 12, seed)[0]):
            encoder.put_integer(value, models[number])
        payload = encoder.finish()
        for extra in (b"\0", os.urandom(12) + b"\1"):
            decoder = SymbolDecoder(payload + extra)
            models = ScaleModels([256] * 12)
            for number in range(12):
                decoder.get_integer(models[number])
            with pytest.raises(CorruptStream, match="not what"):
                decoder.finish()


def test_a_frame_of_150_numbers_takes_a_small_part_of_its_time() -> None:
    vectors = motion(60, 150)

    def once() -> float:
        models = ScaleModels([256] * 150)
        counts = AdaptiveModel(40)
        begun = time.perf_counter()
        for vector in vectors:
            models.begin()
            encoder = SymbolEncoder()
            for number, value in enumerate(vector):
                encoder.put_integer(value, models[number])
                encoder.put_integer(value, counts)
            encoder.finish()
        return (time.perf_counter() - begun) / len(vectors)

    assert min(once() for _ in range(3)) < 0.005


def test_garbage_for_a_large_array_neither_hangs_nor_fills_the_memory() -> None:
    indices = np.zeros(300_000, np.int64)
    tables = Tables(np.array([[1, 65535]]), np.array([2]), np.array([0]))
    tracemalloc.start()
    begun = time.perf_counter()
    try:
        with pytest.raises(CorruptStream):
            decode(b"\xaa" * 50, indices, tables)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - begun < 5
