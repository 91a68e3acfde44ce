"""A second reader of entropy-coded packets, written from docs/bitstream.md alone, agrees with the first."""

from math import isqrt

import numpy as np
import pytest

from genvc.entropy import AdaptiveModel, ScaleModels, SymbolEncoder, Tables, encode
from genvc.entropy.models import scale_frequencies


class Decoder:
    """The range decoder as the document has it."""

    def __init__(self, payload: bytes) -> None:
        self.rest = payload
        self.width = (1 << 64) - 1
        self.offset = self.words(2)

    def words(self, count: int) -> int:
        taken, self.rest = self.rest[: 4 * count], self.rest[4 * count :]
        return int.from_bytes(taken.ljust(4 * count, b"\0"), "big")

    def interval(self, starts: list[int]) -> int:
        step = self.width >> 24
        place = self.offset // step
        symbol = max(k for k in range(len(starts) - 1) if starts[k] <= place)
        self.offset -= starts[symbol] * step
        self.width = (starts[symbol + 1] - starts[symbol]) * step
        if self.width < 1 << 32:
            self.width <<= 32
            self.offset = self.offset << 32 | self.words(1)
        return symbol

    def symbol(self, counts: list[int]) -> int:
        share = ((1 << 24) - len(counts)) / sum(counts)
        below = [sum(counts[:k]) for k in range(len(counts))]
        return self.interval([*(int(b * share) + k for k, b in enumerate(below)), 1 << 24])

    def bits(self, count: int) -> int:
        value = 0
        while count:
            step = min(count, 16)
            count -= step
            value = value << step | self.interval([k << 24 - step for k in range((1 << step) + 1)])
        return value

    def beyond(self, reach: int) -> int:
        sign = -1 if self.bits(1) else 1
        length = 1
        while not self.bits(1):
            length += 1
        return sign * (reach + (1 << length - 1 | self.bits(length - 1)))


class Counts:
    def __init__(self, counts: list[int], increment: int, limit: int) -> None:
        self.counts, self.increment, self.limit = counts, increment, limit

    def symbol(self, decoder: Decoder) -> int:
        symbol = decoder.symbol(self.counts)
        self.counts[symbol] += self.increment
        while sum(self.counts) > self.limit:
            self.counts = [count // 2 + 1 for count in self.counts]
        return symbol

    def integer(self, decoder: Decoder) -> int:
        reach = (len(self.counts) - 2) // 2
        symbol = self.symbol(decoder)
        return symbol - reach if symbol <= 2 * reach else decoder.beyond(reach)


def root8(exponent: int) -> int:
    return isqrt(isqrt(isqrt(1 << exponent)))


def table(scale: int) -> list[int]:
    mean = root8(64 + 2 * scale)
    ratio = (mean << 32) // (65536 + isqrt(2**32 + mean * mean))
    share = ((2**32 - ratio) << 48) // (2**32 + ratio)
    side = []
    while True:
        share = share * ratio >> 32
        if share < 4 << 32:
            break
        side.append((share + (1 << 31)) >> 32)
    centre = ((2**32 - ratio) << 16) // (2**32 + ratio)
    beyond = max(16, 65536 - centre - 2 * sum(side))
    return [*side[::-1], 65536 - beyond - 2 * sum(side), *side, beyond]


class Sizes:
    def __init__(self, means: list[int]) -> None:
        self.means = [mean << 8 for mean in means]
        self.seen = [2] * len(means)
        self.found = self.expected = 0
        self.level = 256

    def vector(self, decoder: Decoder) -> list[int]:
        if self.expected:
            self.level = (256 + min(256 * self.found // self.expected, 1024)) // 2
        self.found = self.expected = 0
        return [self.integer(decoder, k) for k in range(len(self.means))]

    def integer(self, decoder: Decoder, k: int) -> int:
        mean = self.means[k]
        hint = mean * (self.found + 4 * self.level) // (self.expected + 1024)
        counts = table(sum(root8(65 + 2 * scale) <= hint for scale in range(60)))
        reach = (len(counts) - 2) // 2
        symbol = decoder.symbol(counts)
        value = symbol - reach if symbol <= 2 * reach else decoder.beyond(reach)
        size = abs(value) << 16
        self.found += min(256 * size // (mean + 6553), 1024)
        self.expected += 256 * mean // (mean + 6553)
        self.seen[k] = min(self.seen[k] + 1, 32)
        self.means[k] += (size - mean) // self.seen[k]
        return value


@pytest.mark.parametrize("seed", range(8))
def test_counted_symbols_are_read_the_same_by_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 60, 14).tolist()
    values = np.rint(rng.laplace(0, rng.choice([0.3, 3, 300]), 80)).astype(int).tolist()
    encoder = SymbolEncoder()
    model = AdaptiveModel(counts, increment=24, limit=700)
    for value in values:
        encoder.put_integer(value, model)
        encoder.put(abs(value) % 14, model)
        encoder.put_bits(abs(value), 19)
    decoder, other = Decoder(encoder.finish()), Counts(list(counts), 24, 700)
    for value in values:
        assert other.integer(decoder) == value
        assert other.symbol(decoder) == abs(value) % 14
        assert decoder.bits(19) == abs(value)


@pytest.mark.parametrize("seed", range(8))
def test_numbers_of_learnt_size_are_read_the_same_by_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = [np.rint(rng.laplace(0, rng.choice([0.1, 1, 30]), 9)).astype(int).tolist() for _ in range(40)]
    means = rng.integers(0, 1000, 9).tolist()
    models = ScaleModels(means)
    encoder = SymbolEncoder()
    for vector in vectors:
        models.begin()
        for k, value in enumerate(vector):
            encoder.put_integer(value, models[k])
    decoder, other = Decoder(encoder.finish()), Sizes(means)
    assert [other.vector(decoder) for _ in vectors] == vectors


def test_the_scale_tables_are_the_documented_ones() -> None:
    assert all(table(scale) == scale_frequencies(scale).tolist() for scale in range(61))


def test_arrays_are_read_the_same_by_both() -> None:
    rng = np.random.default_rng(4)
    rows = [[16384, 32768, 16000, 384], [60000, 5536], [1, 1, 1, 1, 65532]]
    offsets = [-1, 0, 3]
    padded = np.array([row + [0] * (5 - len(row)) for row in rows])
    tables = Tables(padded, np.array([4, 2, 5]), np.array(offsets))
    indices = rng.integers(0, 3, 60)
    values = np.rint(rng.laplace(1, 4, 60)).astype(np.int64)
    values[7] = -(1 << 20)
    decoder = Decoder(encode(values, indices, tables))

    # table by table, in order within each
    order = sorted(range(60), key=lambda k: int(indices[k]))
    symbols = {k: decoder.symbol(rows[indices[k]]) for k in order}
    escaped = [k for k in order if symbols[k] == len(rows[indices[k]]) - 1]
    below = [decoder.bits(1) for _ in escaped]
    lengths = [decoder.bits(5) for _ in escaped]
    back = {k: offsets[indices[k]] + symbols[k] for k in order}
    for k, negative, length in zip(escaped, below, lengths, strict=True):
        # this is one raw symbol of up to 21 bits, not several of 16
        low = decoder.interval([j << 25 - length for j in range((1 << length - 1) + 1)]) if length > 1 else 0
        distance = 1 << length - 1 | low
        back[k] = offsets[indices[k]] - distance if negative else back[k] + distance - 1
    assert [back[k] for k in range(60)] == values.tolist()


def test_flags_are_read_as_documented() -> None:
    chances = np.array([1, 900, 32768, 65000, 65535] * 7)
    flags = np.random.default_rng(4).random(chances.size) < chances / 65536
    coder = SymbolEncoder()
    coder.put_flags(flags, chances)
    decoder = Decoder(coder.finish())
    assert [decoder.symbol([65536 - int(c), int(c)]) for c in chances] == flags.astype(int).tolist()


def test_computed_distributions_are_read_the_same_by_both() -> None:
    rng = np.random.default_rng(6)
    distributions = [
        np.floor(rng.exponential(3, size)) + (np.arange(size) == 0) for size in (2, 1025, 40, 4364)
    ]
    symbols = [1, 700, 39, 4000]
    encoder = SymbolEncoder()
    for symbol, one in zip(symbols, distributions, strict=True):
        encoder.put_among(symbol, one)
    decoder = Decoder(encoder.finish())
    assert [decoder.symbol([int(count) for count in one]) for one in distributions] == symbols
