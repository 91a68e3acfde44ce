"""The range coder with flags and symbols whose chances are computed for each of them."""

from collections.abc import Callable
from typing import Any

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
from genvc.errors import BadInput


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 65535)), max_size=80))
def test_flags_come_back(given_flags: list[tuple[bool, int]]) -> None:
    flags = np.array([flag for flag, _ in given_flags], np.bool_)
    chances = np.array([chance for _, chance in given_flags], np.int64)
    coder = SymbolEncoder()
    coder.put_flags(flags, chances)
    coder.put_bits(5, 3)
    reader = SymbolDecoder(coder.finish())
    assert np.array_equal(reader.get_flags(chances), flags)
    assert reader.get_bits(3) == 5
    reader.finish()


def test_flags_cost_what_their_chances_say() -> None:
    rng = np.random.default_rng(2)
    chances = rng.integers(1, 65536, (40, 50))
    flags = rng.integers(0, 65536, chances.shape) < chances
    coder = SymbolEncoder()
    coder.put_flags(flags, chances)
    ideal = -np.log2(np.where(flags, chances, 65536 - chances) / 65536).sum()
    assert 8 * len(coder.finish()) <= 1.001 * ideal + 16


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: AdaptiveModel(1),
        lambda: AdaptiveModel(4097),
        lambda: AdaptiveModel([1, 0]),
        lambda: AdaptiveModel(9, increment=0),
        lambda: AdaptiveModel(9, limit=10),
        lambda: AdaptiveModel(9, limit=1 << 24),
        lambda: ScaleModels([-1]),
        lambda: SymbolEncoder().put(5, AdaptiveModel(5)),
        lambda: SymbolEncoder().put(-1, AdaptiveModel(5)),
        lambda: SymbolEncoder().put_integer(MAX_INTEGER + 1, AdaptiveModel(5)),
        lambda: SymbolEncoder().put_integer(-MAX_INTEGER - 1, ScaleModels([1])[0]),
        lambda: SymbolEncoder().put_bits(4, 2),
        lambda: SymbolEncoder().put_bits(0, 65),
        lambda: SymbolDecoder(b"").get_bits(-1),
        lambda: encode(np.array([1.0]), np.array([0]), TABLES),
        lambda: encode(np.array([1, 2]), np.array([0]), TABLES),
        lambda: encode(np.array([1]), np.array([3]), TABLES),
        lambda: encode(np.array([1]), np.array([-1]), TABLES),
        lambda: encode(np.array([1]), np.array([0.0]), TABLES),
        lambda: encode(np.array([MAX_INTEGER + 1]), np.array([0]), TABLES),
        lambda: decode(b"", np.array([3]), TABLES),
        lambda: SymbolEncoder().put_flags(np.array([True]), np.array([0])),
        lambda: SymbolEncoder().put_flags(np.array([True]), np.array([65536])),
        lambda: SymbolEncoder().put_flags(np.array([True, False]), np.array([5])),
        lambda: SymbolEncoder().put_flags(np.array([1]), np.array([5])),
        lambda: SymbolEncoder().put_flags(np.array([True]), np.array([0.5])),
        lambda: SymbolDecoder(b"").get_flags(np.array([0])),
        lambda: Tables(np.array([[65535, 2]]), np.array([2]), np.array([0])),
        lambda: Tables(np.array([[65536, 0]]), np.array([2]), np.array([0])),
        lambda: Tables(np.array([[65535, 1]]), np.array([3]), np.array([0])),
        lambda: Tables(np.array([[65535, 1]]), np.array([2, 2]), np.array([0])),
        lambda: Tables(np.array([[65535.0, 1.0]]), np.array([2]), np.array([0])),
        lambda: Tables(np.array([[65535, 1]]), np.array([2]), np.array([1 << 21])),
        lambda: Tables(np.zeros((0, 2), int), np.zeros(0, int), np.zeros(0, int)),
    ],
)
def test_what_cannot_be_coded_is_refused_before_the_native_code_sees_it(wrong: Callable[[], object]) -> None:
    with pytest.raises(BadInput):
        wrong()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 3000), st.integers(0, 2**32)), max_size=20))
def test_symbols_of_computed_distributions_come_back(sizes: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(5)
    distributions = [np.floor(rng.exponential(40, size)) for size, _ in sizes]
    for one in distributions:
        one[0] += 1
    symbols = [seed % size for size, seed in sizes]
    encoder = SymbolEncoder()
    for symbol, one in zip(symbols, distributions, strict=True):
        encoder.put_among(symbol, one)
    decoder = SymbolDecoder(encoder.finish())
    assert [decoder.get_among(one) for one in distributions] == symbols
    decoder.finish()


def test_a_symbol_of_no_frequency_takes_24_bits() -> None:
    encoder = SymbolEncoder()
    encoder.put_among(2, np.array([5.0, 3.0, 0.0, 8.0]))
    assert encoder.bits() == pytest.approx(24, abs=0.01)


@pytest.mark.parametrize(
    ("symbol", "frequencies"),
    [
        (2, np.array([1.0, 1.0])),
        (-1, np.array([1.0, 1.0])),
        (0, np.array([1.0])),
        (0, np.array([1, 1])),
        (0, np.array([[1.0, 1.0]])),
        (0, np.array([0.0, 0.0])),
        (0, np.array([1.5, 1.0])),
        (0, np.array([2.0, -1.0])),
        (0, np.array([np.nan, 1.0])),
        (0, np.array([np.inf, 1.0])),
        (0, np.array([2.0**53, 1.0])),
        (0, np.ones(2**16 + 1)),
    ],
)
def test_distributions_that_the_native_code_would_mistake_are_refused(symbol: int, frequencies: Any) -> None:
    with pytest.raises(BadInput):
        SymbolEncoder().put_among(symbol, frequencies)
    if 0 <= symbol < 2 <= len(frequencies):
        with pytest.raises(BadInput):
            SymbolDecoder(b"abc").get_among(frequencies)
