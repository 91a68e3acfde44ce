"""Entropy coding: integers into the fewest bytes, and back.

The range coder is constriction's queue (32-bit words, 64-bit state, 24-bit probabilities); this is
the only module that imports it. Every probability comes from integers: a frequency table is handed
over as float64 numbers that hold integers exactly, and a symbol's interval out of 2^24 is

    start(i) = trunc(below(i) * ((2^24 - n) / total)) + i,    start(n) = 2^24

where n is the number of symbols, below(i) the sum of the frequencies before symbol i, and product
and quotient are IEEE doubles: the same on every machine. docs/bitstream.md has the whole coder.
"""

import math
from collections.abc import Sequence
from typing import Final

import constriction  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from .errors import BadInput, CorruptStream

__all__ = ["MAX_INTEGER", "AdaptiveModel", "SymbolDecoder", "SymbolEncoder"]

MAX_SYMBOLS: Final = 4096
MAX_INTEGER: Final = 1 << 20
"""put_integer takes values of at most this size, either sign."""

_WORD: Final = 32
_MAX_TOTAL: Final = 1 << 24
_RAW_BITS: Final = 16
_UNIFORM: Final = [None] + [constriction.stream.model.Uniform(1 << bits) for bits in range(1, _RAW_BITS + 1)]
_categorical: Final = constriction.stream.model.Categorical


class AdaptiveModel:
    """Frequencies of the symbols 0 .. n-1 that follow the symbols seen so far.

    Encoder and decoder start from equal models and each coded symbol updates both alike. Every
    symbol stays codable, however rare.

    start: the number of symbols (2 to 4096), or one positive integer count a symbol. increment: what
    a symbol's count grows by each time it is seen. limit: once the total passes it, all counts are
    halved, so that a small limit forgets fast. Raises BadInput.
    """

    __slots__ = ("_counts", "_increment", "_limit", "_total")

    def __init__(self, start: int | Sequence[int], increment: int = 32, limit: int = 1 << 13) -> None:
        counts = [1] * start if isinstance(start, int) else [int(count) for count in start]
        if not 2 <= len(counts) <= MAX_SYMBOLS:
            raise BadInput(f"a model has 2 to {MAX_SYMBOLS} symbols, not {len(counts)}")
        if min(counts) < 1 or increment < 1 or limit < 2 * len(counts) or limit + increment > _MAX_TOTAL:
            raise BadInput("a model's counts and increment are at least 1, its limit at most 2^24")
        # float64 holds these integers exactly, and is what the coder wants: no conversion per symbol
        self._counts: npt.NDArray[np.float64] = np.array(counts, dtype=np.float64)
        self._total = sum(counts)
        self._increment = increment
        self._limit = limit
        self._shrink()

    @property
    def size(self) -> int:
        """The number of symbols."""
        return len(self._counts)

    def cost(self, symbol: int) -> float:
        """Bits that this symbol would cost now; for decisions in the encoder only, it is a float."""
        return math.log2(self._total / self._counts[symbol])

    def copy(self) -> "AdaptiveModel":
        """An independent model in the same state."""
        twin = object.__new__(AdaptiveModel)
        twin._counts = self._counts.copy()
        twin._total = self._total
        twin._increment = self._increment
        twin._limit = self._limit
        return twin

    def update(self, symbol: int) -> None:
        """Learn that this symbol came."""
        self._counts[symbol] += self._increment
        self._total += self._increment
        if self._total > self._limit:
            self._shrink()

    def _shrink(self) -> None:
        while self._total > self._limit:
            self._counts = np.floor(self._counts / 2) + 1
            total = int(self._counts.sum())
            if total >= self._total:
                break
            self._total = total


class SymbolEncoder:
    """Symbols in, one packet's bytes out."""

    __slots__ = ("_coder",)

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()

    def put(self, symbol: int, model: AdaptiveModel) -> None:
        """Code one symbol and update the model; BadInput when the model does not have the symbol."""
        if not 0 <= symbol < len(model._counts):
            raise BadInput(f"the model has the symbols 0 to {model.size - 1}, not {symbol}")
        self._coder.encode(int(symbol), _categorical(model._counts, lazy=True))
        model.update(symbol)

    def put_bits(self, value: int, nbits: int) -> None:
        """Code the low nbits (0 to 64) of a number from 0 to 2^nbits - 1 as they are."""
        if not 0 <= nbits <= 64 or not 0 <= value < 1 << nbits:
            raise BadInput(f"{value} is not a number of {nbits} bits")
        while nbits > 0:
            step = min(nbits, _RAW_BITS)
            nbits -= step
            self._coder.encode(value >> nbits & (1 << step) - 1, _UNIFORM[step])

    def put_integer(self, value: int, model: AdaptiveModel) -> None:
        """Code an integer from -2^20 to 2^20.

        A model of n symbols holds the values -m .. m as symbols 0 .. 2m, m = (n - 2) // 2, and
        symbol n - 1 says that a value beyond follows in raw bits: its sign, then its distance from
        the range as an Exp-Golomb number.
        """
        reach = (model.size - 2) // 2
        if -reach <= value <= reach:
            self.put(value + reach, model)
            return
        if abs(value) > MAX_INTEGER:
            raise BadInput(f"{value} is beyond the integers that can be coded, +-{MAX_INTEGER}")
        self.put(model.size - 1, model)
        self.put_bits(int(value < 0), 1)
        distance = abs(value) - reach
        length = distance.bit_length()
        # bit by bit, as the decoder reads it: a raw number is one symbol of the coder
        for _ in range(length - 1):
            self.put_bits(0, 1)
        self.put_bits(1, 1)
        self.put_bits(distance - (1 << length - 1), length - 1)

    def bits(self) -> float:
        """Information in the symbols so far, in bits: what finish() would cost but for rounding up."""
        words, (_, width) = self._coder.pos()
        return float(words * _WORD + 2 * _WORD - math.log2(width))

    def finish(self) -> bytes:
        """The packet: the shortest run of bytes that decodes to these symbols, possibly none."""
        words, (low, width) = self._coder.pos()
        sealed: npt.NDArray[np.uint32] = self._coder.get_compressed()
        size = (words + 2) * _WORD
        # constriction's own ending lies less than a word above the interval's lower end, so that
        # end follows from it although carries may be pending
        ending = int.from_bytes(sealed.astype(">u4").tobytes(), "big") << size - _WORD * len(sealed)
        start = ending - (ending - low) % (1 << 2 * _WORD)
        for length in range(size // 8 + 1):
            unit = 1 << size - 8 * length
            code: int = -(-start // unit)
            if code * unit < start + width:
                return code.to_bytes(length, "big")
        raise AssertionError("an interval of at least one holds an integer")


class SymbolDecoder:
    """One packet's bytes in, the symbols out: the mirror of SymbolEncoder.

    Bytes that no encoder wrote give some symbols or CorruptStream.
    """

    __slots__ = ("_coder",)

    def __init__(self, payload: bytes) -> None:
        words = np.frombuffer(payload + bytes(-len(payload) % 4), dtype=">u4").astype(np.uint32)
        self._coder = constriction.stream.queue.RangeDecoder(words)

    def get(self, model: AdaptiveModel) -> int:
        """The next symbol; updates the model."""
        symbol = self._decode(_categorical(model._counts, lazy=True))
        model.update(symbol)
        return symbol

    def get_bits(self, nbits: int) -> int:
        """The next raw number of nbits (0 to 64)."""
        if not 0 <= nbits <= 64:
            raise BadInput(f"raw numbers have 0 to 64 bits, not {nbits}")
        value = 0
        while nbits > 0:
            step = min(nbits, _RAW_BITS)
            nbits -= step
            value = value << step | self._decode(_UNIFORM[step])
        return value

    def get_integer(self, model: AdaptiveModel) -> int:
        """The next integer, -2^20 to 2^20."""
        reach = (model.size - 2) // 2
        symbol = self.get(model)
        if symbol <= 2 * reach:
            return symbol - reach
        negative = self.get_bits(1)
        length = 1
        while not self.get_bits(1):
            length += 1
            if length > MAX_INTEGER.bit_length():
                raise CorruptStream("an integer in the packet is longer than any that is written")
        value = (1 << length - 1 | self.get_bits(length - 1)) + reach
        if value > MAX_INTEGER:
            raise CorruptStream("an integer in the packet is beyond those that are written")
        return -value if negative else value

    def _decode(self, model: object) -> int:
        try:
            return int(self._coder.decode(model))
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic of the native code is a bare BaseException
            raise CorruptStream("the packet does not decode to any symbols") from error
