"""Texts in the words of a language model: tokens into a range coder's bytes, and back, many texts at once.

The length of a code is known to whoever has it, so the model is told: of the codes of seven bytes it
expects texts of some fifty bits. The writer tries lengths from short to long and takes the first that
the text's code fits into.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream

from .language import CODE_BITS, MOST_TOLD, LanguageModel, Whole, budget_of
from .tokens import END

__all__ = ["FIRST", "MAX_TOKENS", "read", "write"]

MAX_TOKENS: Final = 1024
FIRST: Final = np.array([252.0, 4.0])
"""A code begins with symbol 0 of these frequencies, so that its first byte is below 252."""

_SIDE_BY_SIDE: Final = 64
_SAVED: Final = 3  # bits that knowing the length saves, about
_LUCK: Final = 5  # bits too many at which a code is still tried: it may fit by chance


def write(model: LanguageModel, texts: Sequence[Sequence[int]]) -> list[bytes]:
    """The codes of texts, each tokens without END, fewer than MAX_TOKENS."""
    found = [b""] * len(texts)
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    for at in range(0, len(order), _SIDE_BY_SIDE):
        group = order[at : at + _SIDE_BY_SIDE]
        for number, code in zip(group, _written(model, [texts[number] for number in group]), strict=True):
            found[number] = code
    return found


def read(model: LanguageModel, codes: Sequence[bytes]) -> list[list[int]]:
    """The tokens of texts, without END. Raises CorruptStream where one is not what write() gives."""
    found: list[list[int]] = [[]] * len(codes)
    order = sorted(range(len(codes)), key=lambda number: len(codes[number]))
    for at in range(0, len(order), _SIDE_BY_SIDE):
        group = order[at : at + _SIDE_BY_SIDE]
        for number, tokens in zip(group, _read(model, [codes[number] for number in group]), strict=True):
            found[number] = tokens
    return found


def _written(model: LanguageModel, texts: Sequence[Sequence[int]]) -> list[bytes]:
    blind = _tried(model, texts, [0] * len(texts))
    # a code as short as those whose length is told would be taken for one of them
    found = [code.ljust(MOST_TOLD + 1, b"\0") for code, _ in blind]
    tried = [max(1, -(-(bits - _SAVED * CODE_BITS) // (8 * CODE_BITS)) - 1) for _, bits in blind]
    open_ = [number for number, length in enumerate(tried) if length <= MOST_TOLD]
    while open_:
        attempts = _tried(model, [texts[number] for number in open_], [tried[number] for number in open_])
        left = []
        for number, (code, _) in zip(open_, attempts, strict=True):
            if code is not None and len(code) <= tried[number]:
                found[number] = code.ljust(tried[number], b"\0")
            elif tried[number] < min(MOST_TOLD, len(blind[number][0]) + 4):
                tried[number] += 1
                left.append(number)
        open_ = left
    return found


def _tried(
    model: LanguageModel, texts: Sequence[Sequence[int]], lengths: Sequence[int]
) -> list[tuple[bytes | None, int]]:
    """Codes of texts if they are told to have these lengths, and their cost in 1/16 bit; None where it is too much."""
    count = len(texts)
    coders = [SymbolEncoder() for _ in texts]
    for coder in coders:
        coder.put_among(0, FIRST)
    longest = max(map(len, texts)) + 1
    wanted = np.full((count, longest), END)
    for row, tokens in enumerate(texts):
        wanted[row, : len(tokens)] = tokens
    told = np.array(lengths)
    most = np.where(told > 0, (8 * told + _LUCK) * CODE_BITS, np.iinfo(np.int64).max)
    costs = np.zeros(count, np.int64)
    rows = np.arange(count)
    states = np.zeros((count, model.size))
    last = np.full(count, END)
    for step in range(longest):
        states, hidden = model.step(states, last, budget_of(told[rows], costs[rows]))
        counts = model.frequent(hidden)
        last = wanted[rows, step]
        symbols = np.minimum(last, model.head)
        costs[rows] += model.cost(counts, symbols)
        for row, symbol, one in zip(rows, symbols, counts, strict=True):
            coders[row].put_among(symbol, one)
        rare = np.flatnonzero(symbols == model.head)
        if len(rare):
            among, chosen = model.rare(hidden[rare]), last[rare] - model.head
            costs[rows[rare]] += model.cost(among, chosen)
            for row, symbol, one in zip(rows[rare], chosen, among, strict=True):
                coders[row].put_among(symbol, one)
        on = (last != END) & (costs[rows] <= most[rows])
        rows, states, last = rows[on], states[on], last[on]
        if not len(rows):
            break
    return [
        (coder.finish() if cost <= limit else None, int(cost))
        for coder, cost, limit in zip(coders, costs, most, strict=True)
    ]


def _read(model: LanguageModel, codes: Sequence[bytes]) -> list[list[int]]:
    decoders = [SymbolDecoder(code.rstrip(b"\0")) for code in codes]
    for decoder in decoders:
        if decoder.get_among(FIRST):
            raise CorruptStream("the text is coded in a way that is not known here")
    lengths = np.array([len(code) for code in codes])
    found: list[list[int]] = [[] for _ in codes]
    rows = np.arange(len(codes))
    states = np.zeros((len(codes), model.size))
    spent = np.zeros(len(codes), np.int64)
    last = np.full(len(codes), END)
    for _ in range(MAX_TOKENS + 1):
        states, hidden = model.step(states, last, budget_of(lengths[rows], spent))
        counts = model.frequent(hidden)
        symbols = np.array([decoders[row].get_among(one) for row, one in zip(rows, counts, strict=True)])
        spent += model.cost(counts, symbols)
        rare = np.flatnonzero(symbols == model.head)
        if len(rare):
            among = model.rare(hidden[rare])
            chosen = np.array([decoders[rows[at]].get_among(one) for at, one in zip(rare, among, strict=True)])
            spent[rare] += model.cost(among, chosen)
            symbols[rare] += chosen
        on = symbols != END
        for row, symbol in zip(rows[on], symbols[on], strict=True):
            found[row].append(int(symbol))
        rows, states, spent, last = rows[on], states[on], spent[on], symbols[on]
        if not len(rows):
            break
    else:
        raise CorruptStream("the text has more words than any that is written")
    for decoder in decoders:
        decoder.finish()
    return found
