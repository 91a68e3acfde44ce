"""What comes next by the network and by counts together: the frequencies that tokens are coded with.

A network and counts err in different places: three parts of the one and one part of the other cost some
two percent less than the network alone. All of it is whole numbers: a quotient and a product of float64,
each rounded to nearest as IEEE 754 has it, then down.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from .language import CODE_BITS, MIXED, LanguageModel
from .ngrams import ONE, Numbers, Whole

__all__ = ["Mixture"]

_ALL_BITS: Final = 40
_ALL: Final = float(1 << _ALL_BITS)  # frequencies add up to a little less
_COUNTED: Final = _ALL * MIXED / ONE


class Mixture:
    """Of texts at one step; hidden: (n, width), as LanguageModel.step() gives it.

    `said` is what the counts say, of ONE: (n, tokens) of all tokens, or (n,) of those that come.
    """

    def __init__(self, model: LanguageModel, hidden: Numbers) -> None:
        self._model, self._hidden = model, hidden
        self._counts = model.frequent(hidden)
        self._share = _ALL * (1 - MIXED) / self._counts.sum(1)

    def frequent(self, said: Numbers) -> Numbers:
        """(n, head + 1): frequencies of the frequent tokens; the last: of all others together."""
        head = self._model.head
        found: Numbers = np.floor(self._counts * self._share[:, None])
        found[:, :head] += _COUNTED * said[:, :head]
        found[:, head] += _COUNTED * said[:, head:].sum(1)
        return found

    def rare(self, rows: npt.NDArray[np.intp], said: Numbers) -> Numbers:
        """(rows, tokens - head): frequencies of the other tokens, given that it is one of them."""
        counts, share = self._rare(rows)
        found: Numbers = np.floor(counts * share[:, None])
        found += _COUNTED * said[rows, self._model.head :]
        return found

    def cost(self, tokens: Whole, said: Numbers) -> Whole:
        """(n,): what these tokens cost, in 1/16 bit, about."""
        symbols = np.minimum(tokens, self._model.head)
        part = np.floor(self._counts[np.arange(len(tokens)), symbols] * self._share)
        rare = np.flatnonzero(symbols == self._model.head)
        if len(rare):
            counts, share = self._rare(rare)
            chosen = counts[np.arange(len(rare)), tokens[rare] - self._model.head]
            part[rare] = np.floor(chosen * share)
        bits = CODE_BITS * _ALL_BITS - self._model.log2(np.maximum(part + _COUNTED * said, 1))
        return np.maximum(bits, 0).astype(np.int64)

    def _rare(self, rows: npt.NDArray[np.intp]) -> tuple[Numbers, Numbers]:
        """What the network says of rare tokens, and what that is multiplied by."""
        counts = self._model.rare(self._hidden[rows])
        tail: Numbers = self._counts[rows, -1] * self._share[rows]
        return counts, tail / counts.sum(1)
