"""Texts in the words of a language model: tokens into a range coder's bytes, and back, many texts at once.

The length of a code is known to whoever has it, so the model is told: of the codes of seven bytes it
expects texts of some fifty bits. The writer tries lengths from short to long and takes the first that
the text's code fits into.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream

from .language import CODE_BITS, MOST_TOLD, LanguageModel, budget_of
from .tokens import END

__all__ = ["FIRST", "MAX_TOKENS", "costs", "read", "write"]

MAX_TOKENS: Final = 1024
FIRST: Final = np.array([252.0, 4.0])
"""A code begins with symbol 0 of these frequencies, so that its first byte is below 252."""

_SIDE_BY_SIDE: Final = 128
_SAVED: Final = 3  # bits that knowing the length saves, about
_ROOM: Final = 4  # bits above those of the next shorter length at which that is tried too
_TRIES: Final = 4  # lengths
_LUCK: Final = 5  # bits too many at which a code is still tried: it may fit by chance


def write(
    model: LanguageModel,
    texts: Sequence[Sequence[int]],
    most: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> list[bytes | None]:
    """The codes of texts, each tokens without END, fewer than MAX_TOKENS; None for those that are not short.

    most: bytes for each text. progress: is told how many are done, of how many.
    """
    found: list[bytes | None] = [None] * len(texts)
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    for at in range(0, len(order), _SIDE_BY_SIDE):
        group = order[at : at + _SIDE_BY_SIDE]
        codes = _written(model, [texts[number] for number in group], [most[number] for number in group])
        for number, code in zip(group, codes, strict=True):
            found[number] = code
        if progress is not None:
            progress(min(at + _SIDE_BY_SIDE, len(order)), len(order))
    return found


def costs(model: LanguageModel, texts: Sequence[Sequence[int]]) -> list[int]:
    """What texts and their ends cost where the length of a code is not told, in 1/16 bit."""
    found = [0] * len(texts)
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    for at in range(0, len(order), _SIDE_BY_SIDE):
        group = order[at : at + _SIDE_BY_SIDE]
        some = [texts[number] for number in group]
        without_limit = [1 << 20] * len(group)
        for number, (_, cost) in zip(
            group, _tried(model, some, [0] * len(group), without_limit), strict=True
        ):
            found[number] = cost
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


def _written(model: LanguageModel, texts: Sequence[Sequence[int]], most: Sequence[int]) -> list[bytes | None]:
    blind = _tried(model, texts, [0] * len(texts), most)
    # a code as short as those whose length is told would be taken for one of them
    found = [None if code is None else code.ljust(MOST_TOLD + 1, b"\0") for code, _ in blind]
    likely = [max(1, -(-(bits - _SAVED * CODE_BITS) // (8 * CODE_BITS))) for _, bits in blind]
    lengths = {number: likely[number] for number, code in enumerate(found) if code is not None}
    while lengths := {number: length for number, length in lengths.items() if 1 <= length <= MOST_TOLD}:
        told = list(lengths.values())
        attempts = _tried(model, [texts[number] for number in lengths], told, told)
        following = {}
        for (number, length), (code, bits) in zip(lengths.items(), attempts, strict=True):
            best = found[number]
            if code is not None and best is not None and length < len(best):
                found[number] = code.ljust(length, b"\0")
            if code is None and likely[number] <= length < likely[number] + _TRIES:
                following[number] = length + 1
            elif length == likely[number] and bits <= (8 * length - 8 + _ROOM) * CODE_BITS:
                following[number] = length - 1
        lengths = following
    return found


def _tried(
    model: LanguageModel, texts: Sequence[Sequence[int]], lengths: Sequence[int], most: Sequence[int]
) -> list[tuple[bytes | None, int]]:
    """Codes of texts if these are said to be their lengths, 0 for nothing said, and their cost in 1/16 bit.

    None for codes of more than `most` bytes; their cost is then that of a part of the text.
    """
    count = len(texts)
    coders = [SymbolEncoder() for _ in texts]
    for coder in coders:
        coder.put_among(0, FIRST)
    longest = max(map(len, texts)) + 1
    wanted = np.full((count, longest), END)
    for row, tokens in enumerate(texts):
        wanted[row, : len(tokens)] = tokens
    told = np.array(lengths)
    limit = (8 * np.array(most) + _LUCK) * CODE_BITS
    costs = np.zeros(count, np.int64)
    rows = np.arange(count)
    states = np.zeros((count, model.size), np.float32)
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
        on = (last != END) & (costs[rows] <= limit[rows])
        rows, states, last = rows[on], states[on], last[on]
        if not len(rows):
            break
    codes = [coder.finish() if within else None for coder, within in zip(coders, costs <= limit, strict=True)]
    return [
        (code if code is not None and len(code) <= bytes_ else None, int(cost))
        for code, cost, bytes_ in zip(codes, costs, most, strict=True)
    ]


def _read(model: LanguageModel, codes: Sequence[bytes]) -> list[list[int]]:
    decoders = [SymbolDecoder(code.rstrip(b"\0")) for code in codes]
    for decoder in decoders:
        if decoder.get_among(FIRST):
            raise CorruptStream("the text is coded in a way that is not known here")
    lengths = np.array([len(code) for code in codes])
    found: list[list[int]] = [[] for _ in codes]
    rows = np.arange(len(codes))
    states = np.zeros((len(codes), model.size), np.float32)
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
            chosen = np.array(
                [decoders[rows[at]].get_among(one) for at, one in zip(rare, among, strict=True)]
            )
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
