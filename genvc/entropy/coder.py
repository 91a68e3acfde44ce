"""The range coder: symbols to bytes, and back.

It is constriction's queue (32-bit words, 64-bit state, 24-bit probabilities), and this is the only
module that imports it. A frequency table is handed over as float64 numbers that hold integers
exactly, and symbol i gets the part of 2^24 from start(i) up to start(i + 1):

    start(i) = trunc(below(i) * ((2^24 - n) / total)) + i,    start(n) = 2^24

n is the number of symbols, below(i) the sum of the frequencies before symbol i; quotient and product
are IEEE doubles, rounded to nearest: the same on every machine.
"""

import math
from functools import cache
from typing import Any, Final

import constriction  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from ..errors import BadInput, CorruptStream
from .models import MAX_INTEGER, REACH, AdaptiveModel, Frequencies, ScaleModel, scale_frequencies
from .tables import Integers, Tables

_WORD: Final = 32
_RAW_BITS: Final = 16
MAX_AMONG: Final = 1 << 16
_MAX_SUM: Final = 1 << 52
_LENGTH_BITS: Final = 5  # an escaped table value's distance has its length in so many raw bits

_range_encoder: Final = constriction.stream.queue.RangeEncoder
_range_decoder: Final = constriction.stream.queue.RangeDecoder
_categorical: Final = constriction.stream.model.Categorical
_uniform: Final = constriction.stream.model.Uniform
_each_its_own: Final = _categorical(perfect=False)
_CHANCES: Final = 1 << 16
_RAW: Final = [None, *(_uniform(1 << bits) for bits in range(1, _RAW_BITS + 1))]


@cache
def _scale(scale: int) -> Any:
    return _categorical(scale_frequencies(scale), perfect=False)


class SymbolEncoder:
    """Symbols in, one packet's bytes out."""

    __slots__ = ("_coder",)

    def __init__(self) -> None:
        self._coder = _range_encoder()

    def put(self, symbol: int, model: AdaptiveModel) -> None:
        """Code one symbol and update the model; BadInput when the model does not have the symbol."""
        if not 0 <= symbol < len(model.frequencies):
            raise BadInput(f"the model has the symbols 0 to {model.size - 1}, not {symbol}")
        self._coder.encode(int(symbol), _categorical(model.frequencies, lazy=True))
        model.update(symbol)

    def put_bits(self, value: int, nbits: int) -> None:
        """Code a number from 0 to 2^nbits - 1 as it is; nbits: 0 to 64."""
        if not 0 <= nbits <= 64 or not 0 <= value < 1 << nbits:
            raise BadInput(f"{value} is not a number of {nbits} bits")
        while nbits > 0:
            step = min(nbits, _RAW_BITS)
            nbits -= step
            self._coder.encode(int(value) >> nbits & (1 << step) - 1, _RAW[step])

    def put_integer(self, value: int, model: AdaptiveModel | ScaleModel) -> None:
        """Code an integer from -2^20 to 2^20 and update the model; BadInput beyond these.

        A value for which the model has no symbol costs its last symbol and raw bits.
        """
        value = int(value)
        if abs(value) > MAX_INTEGER:
            raise BadInput(f"{value} is beyond the integers that can be coded, +-{MAX_INTEGER}")
        if isinstance(model, ScaleModel):
            reach = REACH[scale := model.scale]
            inside = -reach <= value <= reach
            self._coder.encode(value + reach if inside else 2 * reach + 1, _scale(scale))
            model.update(value)
        else:
            reach = model.reach
            inside = -reach <= value <= reach
            self.put(value + reach if inside else model.size - 1, model)
        if not inside:
            self._put_beyond(value, reach)

    def put_array(self, values: Integers, indices: Integers, tables: Tables) -> None:
        """Code an array of integers (-2^20 to 2^20), each with the table that its index names.

        values, indices: of one shape. BadInput when they do not fit each other or the tables.
        """
        values = np.asarray(values)
        order, groups = _by_table(indices, tables)
        if values.dtype.kind not in "iu" or values.shape != np.shape(indices):
            raise BadInput("values are integers, as many as indices")
        if values.size and not (values.min() >= -MAX_INTEGER and values.max() <= MAX_INTEGER):
            raise BadInput(f"a value is beyond the integers that can be coded, +-{MAX_INTEGER}")
        sorted_values = values.astype(np.int64).ravel()[order]
        distances = []
        for table, part in groups:
            escape = tables.lengths[table] - 1
            symbols = sorted_values[part] - tables.offsets[table]
            outside = (symbols < 0) | (symbols >= escape)
            # 1, 2, ... above the table's values, -1, -2, ... below
            distances.append(np.where(symbols < 0, symbols, symbols - escape + 1)[outside])
            symbols[outside] = escape
            self._coder.encode(symbols.astype(np.int32), _categorical(tables.rows[table], perfect=False))
        beyond = np.concatenate(distances) if distances else np.zeros(0, np.int64)
        if beyond.size:
            self._put_distances(beyond)

    def put_among(self, symbol: int, frequencies: Frequencies) -> None:
        """Code one symbol of a distribution that was computed for it; BadInput when that has no such symbol.

        frequencies: float64 whole numbers of 0 and more, 2 to 2^16 of them, at least 1 and at most 2^52 in
        all. A symbol of frequency 0 can be coded, at 24 bits.
        """
        _check(frequencies)
        if not 0 <= symbol < len(frequencies):
            raise BadInput(f"the distribution has the symbols 0 to {len(frequencies) - 1}, not {symbol}")
        self._coder.encode(int(symbol), _categorical(frequencies, lazy=True))

    def put_flags(self, flags: npt.NDArray[np.bool_], chances: Integers) -> None:
        """Code an array of flags, each with its own chance to be set: 1 to 65535, of 65536.

        flags, chances: of one shape. BadInput when they do not fit each other.
        """
        flags = np.asarray(flags)
        frequencies = _of_flags(chances)
        if flags.dtype != np.bool_ or flags.shape != np.shape(chances):
            raise BadInput("flags are true or false, as many as chances")
        if flags.size:
            self._coder.encode(flags.ravel().astype(np.int32), _each_its_own, frequencies)

    def bits(self) -> float:
        """Information in the symbols so far, in bits: what finish() would cost but for rounding up."""
        words, (_, width) = self._coder.pos()
        return float(words * _WORD + 2 * _WORD - math.log2(width))

    def finish(self) -> bytes:
        """The packet: the shortest run of bytes that decodes to these symbols, possibly none."""
        return _shortest(self._coder)

    def _put_beyond(self, value: int, reach: int) -> None:
        self.put_bits(int(value < 0), 1)
        distance = abs(value) - reach
        length = distance.bit_length()
        # bit by bit, as the decoder reads it: a raw number is one symbol of the coder
        for _ in range(length - 1):
            self.put_bits(0, 1)
        self.put_bits(1, 1)
        self.put_bits(distance - (1 << length - 1), length - 1)

    def _put_distances(self, distances: npt.NDArray[np.int64]) -> None:
        sizes = np.abs(distances)
        lengths = np.frexp(sizes.astype(np.float64))[1].astype(np.int32)
        self._coder.encode((distances < 0).astype(np.int32), _RAW[1])
        self._coder.encode(lengths, _RAW[_LENGTH_BITS])
        longer = lengths > 1
        if longer.any():
            spans = np.left_shift(1, lengths[longer] - 1).astype(np.int32)
            self._coder.encode((sizes[longer] - spans).astype(np.int32), _uniform(), spans)


class SymbolDecoder:
    """One packet's bytes in, the symbols out: the mirror of SymbolEncoder.

    Bytes that no encoder wrote give some symbols or CorruptStream.
    """

    __slots__ = ("_coder", "_mirror", "_payload")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        words = np.frombuffer(payload + bytes(-len(payload) % 4), dtype=">u4").astype(np.uint32)
        self._coder = _range_decoder(words)
        self._mirror = _range_encoder()

    def get(self, model: AdaptiveModel) -> int:
        """The next symbol; updates the model."""
        symbol = int(self._decode(_categorical(model.frequencies, lazy=True)))
        model.update(symbol)
        return symbol

    def get_bits(self, nbits: int) -> int:
        """The next raw number; nbits: 0 to 64."""
        if not 0 <= nbits <= 64:
            raise BadInput(f"raw numbers have 0 to 64 bits, not {nbits}")
        value = 0
        while nbits > 0:
            step = min(nbits, _RAW_BITS)
            nbits -= step
            value = value << step | int(self._decode(_RAW[step]))
        return value

    def get_integer(self, model: AdaptiveModel | ScaleModel) -> int:
        """The next integer, -2^20 to 2^20; updates the model."""
        if isinstance(model, ScaleModel):
            reach = REACH[scale := model.scale]
            symbol = int(self._decode(_scale(scale)))
            value = symbol - reach if symbol <= 2 * reach else self._get_beyond(reach)
            model.update(value)
            return value
        reach = model.reach
        symbol = self.get(model)
        return symbol - reach if symbol <= 2 * reach else self._get_beyond(reach)

    def get_array(self, indices: Integers, tables: Tables) -> npt.NDArray[np.int32]:
        """The next array of integers, of the shape of indices; BadInput when these do not fit the tables."""
        order, groups = _by_table(indices, tables)
        sorted_values = np.zeros(len(order), np.int64)
        escaped = np.zeros(len(order), np.bool_)
        for table, part in groups:
            escape = tables.lengths[table] - 1
            symbols = self._decode(_categorical(tables.rows[table], perfect=False), part.stop - part.start)
            sorted_values[part] = symbols + tables.offsets[table]
            escaped[part] = symbols == escape
        if escaped.any():
            distances = self._get_distances(int(escaped.sum()))
            below = np.asarray(indices).ravel()[order][escaped]
            # an escape symbol stands where the first value above the table would
            last = np.where(distances < 0, tables.lengths[below] - 1, 1)
            sorted_values[escaped] += distances - last
            if np.abs(sorted_values).max() > MAX_INTEGER:
                raise CorruptStream("an integer in the packet is beyond those that are written")
        values = np.zeros(len(order), np.int32)
        values[order] = sorted_values
        return values.reshape(np.shape(indices))

    def get_among(self, frequencies: Frequencies) -> int:
        """The next symbol of a distribution that was computed for it; see put_among()."""
        _check(frequencies)
        return int(self._decode(_categorical(frequencies, lazy=True)))

    def get_flags(self, chances: Integers) -> npt.NDArray[np.bool_]:
        """The next array of flags, of the shape of chances; BadInput when these are beyond 1 to 65535."""
        frequencies = _of_flags(chances)
        if not len(frequencies):
            return np.zeros(np.shape(chances), np.bool_)
        found = self._decode(_each_its_own, frequencies)
        return np.asarray(found == 1).reshape(np.shape(chances))

    def finish(self) -> None:
        """CorruptStream unless an encoder would write just this packet for the symbols that were read.

        Not all damage shows here, but much of it does, long before the container's checksum comes.
        """
        if _shortest(self._mirror) != self._payload:
            raise CorruptStream("the packet is not what its symbols are written as")

    def _get_beyond(self, reach: int) -> int:
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

    def _get_distances(self, count: int) -> npt.NDArray[np.int64]:
        negative = self._decode(_RAW[1], count)
        lengths = self._decode(_RAW[_LENGTH_BITS], count)
        if lengths.min() < 1 or lengths.max() > MAX_INTEGER.bit_length() + 1:
            raise CorruptStream("an integer in the packet is longer than any that is written")
        sizes = np.left_shift(1, lengths - 1).astype(np.int64)
        longer = lengths > 1
        if longer.any():
            sizes[longer] += self._decode(_uniform(), sizes[longer].astype(np.int32))
        return np.where(negative == 1, -sizes, sizes)

    def _decode(self, model: Any, *more: Any) -> Any:
        try:
            symbols = self._coder.decode(model, *more)
            # more is the parameters of a model family, an array, or else a number of symbols
            self._mirror.encode(symbols, model, *(part for part in more if not isinstance(part, int)))
        except Exception as error:
            raise CorruptStream("the packet does not decode to any symbols") from error
        except BaseException as error:
            # a panic of the native code is a bare BaseException
            if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            raise CorruptStream("the packet does not decode to any symbols") from error
        return symbols


def encode(values: Integers, indices: Integers, tables: Tables) -> bytes:
    """An array of integers as bytes, each coded with the table that its index names; see put_array."""
    encoder = SymbolEncoder()
    encoder.put_array(values, indices, tables)
    return encoder.finish()


def decode(payload: bytes, indices: Integers, tables: Tables) -> npt.NDArray[np.int32]:
    """The mirror of encode(): int32, of the shape of indices. Raises CorruptStream, BadInput."""
    decoder = SymbolDecoder(payload)
    values = decoder.get_array(indices, tables)
    decoder.finish()
    return values


def _check(frequencies: Frequencies) -> None:
    """BadInput unless the coder takes these frequencies; it would take others for what they are not."""
    if frequencies.ndim != 1 or frequencies.dtype != np.float64 or not 2 <= len(frequencies) <= MAX_AMONG:
        raise BadInput(f"a distribution is an array of 2 to {MAX_AMONG} numbers in float64")
    total = frequencies.sum()
    if not 1 <= total <= _MAX_SUM or frequencies.min() < 0 or (np.floor(frequencies) != frequencies).any():
        raise BadInput("frequencies are whole numbers of 0 and more, 1 to 2^52 in all")


def _of_flags(chances: Integers) -> npt.NDArray[np.float64]:
    """(n, 2): how often of 65536 each flag is clear, and set; raises BadInput."""
    chances = np.asarray(chances)
    if chances.dtype.kind not in "iu":
        raise BadInput("chances are integers")
    if chances.size and not (chances.min() >= 1 and chances.max() < _CHANCES):
        raise BadInput("chances are 1 to 65535")
    given = chances.astype(np.float64).ravel()
    return np.stack([_CHANCES - given, given], 1)


def _by_table(indices: Integers, tables: Tables) -> tuple[npt.NDArray[np.int64], list[tuple[int, slice]]]:
    """The order in which values are coded, table by table, and each used table's part of it."""
    flat = tables.checked_indices(indices)
    order = np.argsort(flat, kind="stable")
    used, starts = np.unique(flat[order], return_index=True)
    parts = map(slice, starts.tolist(), [*starts[1:].tolist(), len(order)])
    return order, list(zip(used.tolist(), parts, strict=True))


def _shortest(coder: Any) -> bytes:
    """The fewest bytes that, followed by zeros, decode to what was encoded."""
    words, (low, width) = coder.pos()
    sealed: npt.NDArray[np.uint32] = coder.get_compressed()
    size = (words + 2) * _WORD
    # constriction's own ending lies less than a word above the interval's lower end, so that
    # end follows from it although carries may be pending
    ending = int.from_bytes(sealed.astype(">u4").tobytes(), "big") << size - _WORD * len(sealed)
    start = ending - (ending - low) % (1 << 2 * _WORD)
    # only the last words can be undecided: whatever lies before is the same all over the interval
    length = max(0, (size - (start ^ start + width - 1).bit_length()) // 8)
    while True:
        unit = 1 << size - 8 * length
        code: int = -(-start // unit)
        if code * unit < start + width:
            return code.to_bytes(length, "big").rstrip(b"\0")
        length += 1
