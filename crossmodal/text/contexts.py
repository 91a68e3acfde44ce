"""Bytes of any text by what came after the same bytes before: for what no language model knows."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np

from genvc.entropy import SymbolDecoder, SymbolEncoder

__all__ = ["MAX_BYTES", "read", "write"]

MAX_BYTES: Final = 1 << 12
_LENGTH_BITS: Final = 12
_ORDERS: Final = 6
_ONE: Final = 1 << 16
_NONE: Final = (0, 0)
_TRUST: Final = (6, 3, 2, 1, 1, 1)
"""How many sightings the next shorter context counts for, by the length of the context."""

# Both sides have read this before the first byte: English that is not about pictures.
_PRIMER: Final = (
    b"The first thing to say is that there were many of them, and that they had not been here before; "
    b'this is what he would have done with it. She said: "We can\'t know which one will come, or when." '
    b"It was for you (or for me) that people from all over the world made these things: some of which "
    b"are very good, others about as good as any. https://www.example.com/index.html 1990, 2012, 34.5 %, "
    b"more than 678 times. What could be better? Their work does not end with our own, but it should. "
)


_Key = tuple[int, bytes, int]


class _Bits:
    """The probability of the next bit of a byte, after the bytes before; learns each bit.

    before: counts of zeros and ones in contexts that others have seen, which stay as they are.
    """

    def __init__(self, before: Mapping[_Key, list[int]], past: bytes) -> None:
        self.seen: dict[_Key, list[int]] = {}
        self._before, self._past = before, past
        self._found: list[list[int]] = []

    def chance(self, node: int) -> int:
        """Of a 1, of 65536. node: 1 and the bits of this byte so far."""
        chance = _ONE // 2
        self._found = []
        for order in range(_ORDERS):
            key = (order, self._past[len(self._past) - order :], node)
            counts = self.seen.get(key)
            if counts is None:
                counts = self.seen[key] = list(self._before.get(key, _NONE))
            self._found.append(counts)
            zeros, ones = counts
            if trust := _TRUST[order]:
                # sightings weigh twice, so that even one outweighs what shorter contexts say
                chance = (2 * ones * _ONE + trust * chance) // (2 * (zeros + ones) + trust)
        return min(max(chance, 64), _ONE - 64)

    def learn(self, bit: int) -> None:
        """That this is the bit whose chance was asked for."""
        for counts in self._found:
            counts[bit] += 1
            if counts[bit] > 255:
                counts[0] >>= 1
                counts[1] >>= 1
            elif counts[1 - bit] > 2:
                counts[1 - bit] -= counts[1 - bit] >> 2

    def end(self, byte: int) -> None:
        """Of a byte."""
        self._past = (self._past + bytes([byte]))[-_ORDERS:]


@cache
def _primed() -> Mapping[_Key, list[int]]:
    bits = _Bits({}, b"")
    for byte in _PRIMER:
        for shift in range(7, -1, -1):
            bits.chance(1 << 7 - shift | byte >> shift + 1)
            bits.learn(byte >> shift & 1)
        bits.end(byte)
    return bits.seen


def write(text: bytes) -> bytes:
    """The code of 1 to MAX_BYTES bytes."""
    coder, bits = SymbolEncoder(), _Bits(_primed(), _PRIMER[-_ORDERS:])
    coder.put_bits(len(text) - 1, _LENGTH_BITS)
    for byte in text:
        node = 1
        for shift in range(7, -1, -1):
            bit = byte >> shift & 1
            chance = bits.chance(node)
            coder.put_among(bit, np.array([_ONE - chance, chance], np.float64))
            bits.learn(bit)
            node = node << 1 | bit
        bits.end(byte)
    return coder.finish()


def read(code: bytes) -> bytes:
    """The bytes; raises CorruptStream for a code that write() does not give."""
    coder, bits = SymbolDecoder(code), _Bits(_primed(), _PRIMER[-_ORDERS:])
    text = bytearray()
    for _ in range(coder.get_bits(_LENGTH_BITS) + 1):
        node = 1
        while node < 256:
            chance = bits.chance(node)
            bit = coder.get_among(np.array([_ONE - chance, chance], np.float64))
            bits.learn(bit)
            node = node << 1 | bit
        text.append(node & 255)
        bits.end(node & 255)
    coder.finish()
    return bytes(text)
