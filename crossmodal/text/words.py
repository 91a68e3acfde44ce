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

from .language import CODE_BITS, MOST_TOLD, LanguageModel, States, budget_of
from .mixture import Mixture
from .ngrams import ORDERS, Whole
from .tokens import END

__all__ = ["FIRST", "MAX_TOKENS", "costs", "read", "write"]

MAX_TOKENS: Final = 1024
FIRST: Final = np.array([252.0, 4.0])
"""A code begins with symbol 0 of these frequencies, so that its first byte is below 252."""

_SIDE_BY_SIDE: Final = 256
_AT_ONCE: Final = 256  # steps whose distributions are held
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
        group = _Group(model, [texts[number] for number in order[at : at + _SIDE_BY_SIDE]])
        rows = np.arange(len(group))
        cost, _ = group.tried(rows, np.zeros_like(rows), np.full_like(rows, 1 << 20))
        for number, one in zip(order[at : at + _SIDE_BY_SIDE], cost, strict=True):
            found[number] = int(one)
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
    group = _Group(model, texts)
    every, none = np.arange(len(group)), np.zeros(len(group), np.int64)
    blind, _ = group.tried(every, none, np.array(most))
    found: list[bytes | None] = [None] * len(group)
    likely = np.maximum(1, -(-(blind - _SAVED * CODE_BITS) // (8 * CODE_BITS)))
    lengths = {row: int(length) for row, length in enumerate(likely) if length <= most[row]}
    while lengths := {row: length for row, length in lengths.items() if 1 <= length <= MOST_TOLD}:
        made = group.coded(np.array(list(lengths)), np.array(list(lengths.values())), None)
        following = {}
        for (row, length), (code, spent) in zip(lengths.items(), made, strict=True):
            best = found[row]
            if code is not None and (best is None or length < len(best)):
                found[row] = code.ljust(length, b"\0")
            if code is None and likely[row] <= length < likely[row] + _TRIES:
                following[row] = length + 1
            elif length == likely[row] and spent <= (8 * length - 8 + _ROOM) * CODE_BITS:
                following[row] = length - 1
        lengths = following
    rest = np.flatnonzero([code is None for code in found])
    for row, (code, _) in zip(rest, group.coded(rest, none[rest], np.array(most)[rest]), strict=True):
        # a code as short as those whose length is told would be taken for one of them
        if code is not None and len(code.ljust(MOST_TOLD + 1)) <= most[row]:
            found[row] = code.ljust(MOST_TOLD + 1, b"\0")
    return found


class _Group:
    """Texts that are coded side by side, and what the counts say of them, which no length changes."""

    def __init__(self, model: LanguageModel, texts: Sequence[Sequence[int]]) -> None:
        self.model, self.texts = model, texts
        self._longest = max(map(len, texts)) + 1
        self._tokens = np.full((len(texts), self._longest), END)
        for row, tokens in enumerate(texts):
            self._tokens[row, : len(tokens)] = tokens
        self._contexts = np.empty((len(texts), self._longest, ORDERS - 1), np.int64)
        self._said = np.empty((len(texts), self._longest))
        contexts = model.ngrams.begin(len(texts))
        for step in range(self._longest):
            column = self._tokens[:, step]
            self._contexts[:, step] = contexts
            self._said[:, step] = model.ngrams.chance(contexts, column)
            contexts = model.ngrams.follow(contexts, column)

    def __len__(self) -> int:
        return len(self.texts)

    def tried(self, rows: Whole, lengths: Whole, most: Whole) -> tuple[Whole, States]:
        """What these texts cost if their codes are said to be so long, 0 for nothing said, in 1/16 bit.

        And what the network says along them, (rows, steps, width). most: bytes, beyond which the rest of a
        text is left out.
        """
        model = self.model
        limit = (8 * most + _LUCK) * CODE_BITS
        cost = np.zeros(len(rows), np.int64)
        steps = max(len(self.texts[row]) for row in rows) + 1
        kept = np.zeros((len(rows), steps, model.width), np.float32)
        states, last = np.zeros((len(rows), model.size), np.float32), np.full(len(rows), END)
        places = np.arange(len(rows))
        for step in range(steps):
            states, hidden = model.step(states, last, budget_of(lengths[places], cost[places]))
            kept[places, step] = hidden
            last = self._tokens[rows[places], step]
            cost[places] += Mixture(model, hidden).cost(last, self._said[rows[places], step])
            on = (last != END) & (cost[places] <= limit[places])
            places, states, last = places[on], states[on], last[on]
            if not len(places):
                break
        return cost, kept

    def coded(self, rows: Whole, lengths: Whole, most: Whole | None) -> list[tuple[bytes | None, int]]:
        """Codes of texts if they are said to be so long, and their cost in 1/16 bit.

        None for codes of more than `most` bytes, or than was said.
        """
        if not len(rows):
            return []
        bounds = lengths if most is None else most
        spent, hidden = self.tried(rows, lengths, bounds)
        fit = np.flatnonzero(spent <= (8 * bounds + _LUCK) * CODE_BITS)
        found: list[bytes | None] = [None] * len(rows)
        for place, code in zip(fit, self._codes(rows[fit], hidden[fit]), strict=True):
            found[place] = code if len(code) <= bounds[place] else None
        return list(zip(found, spent.tolist(), strict=True))

    def _codes(self, rows: Whole, hidden: States) -> list[bytes]:
        """The bytes of texts along which the network says this, (rows, steps, width)."""
        head = self.model.head
        coders = [SymbolEncoder() for _ in rows]
        for coder in coders:
            coder.put_among(0, FIRST)
        steps = [(place, step) for place, row in enumerate(rows) for step in range(len(self.texts[row]) + 1)]
        for at in range(0, len(steps), _AT_ONCE):
            some = steps[at : at + _AT_ONCE]
            places, when = (np.array(part) for part in zip(*some, strict=True))
            mine = rows[places]
            mixture = Mixture(self.model, hidden[places, when].astype(np.float64))
            said = self.model.ngrams.chances(self._contexts[mine, when])
            tokens = self._tokens[mine, when]
            rare = np.flatnonzero(tokens >= head)
            among = iter(mixture.rare(rare, said))
            for (place, _), token, frequent in zip(some, tokens, mixture.frequent(said), strict=True):
                coders[place].put_among(min(token, head), frequent)
                if token >= head:
                    coders[place].put_among(token - head, next(among))
        return [coder.finish() for coder in coders]


def _read(model: LanguageModel, codes: Sequence[bytes]) -> list[list[int]]:
    decoders = [SymbolDecoder(code.rstrip(b"\0")) for code in codes]
    for decoder in decoders:
        if decoder.get_among(FIRST):
            raise CorruptStream("the text is coded in a way that is not known here")
    lengths = np.array([len(code) for code in codes])
    found: list[list[int]] = [[] for _ in codes]
    rows = np.arange(len(codes))
    states = np.zeros((len(codes), model.size), np.float32)
    contexts = model.ngrams.begin(len(codes))
    spent = np.zeros(len(codes), np.int64)
    last = np.full(len(codes), END)
    for _ in range(MAX_TOKENS + 1):
        states, hidden = model.step(states, last, budget_of(lengths[rows], spent))
        mixture, said = Mixture(model, hidden), model.ngrams.chances(contexts)
        frequent = mixture.frequent(said)
        symbols = np.array([decoders[row].get_among(one) for row, one in zip(rows, frequent, strict=True)])
        rare = np.flatnonzero(symbols == model.head)
        if len(rare):
            among = mixture.rare(rare, said)
            symbols[rare] += [decoders[rows[at]].get_among(one) for at, one in zip(rare, among, strict=True)]
        spent += mixture.cost(symbols, said[np.arange(len(rows)), symbols])
        on = symbols != END
        for row, symbol in zip(rows[on], symbols[on], strict=True):
            found[row].append(int(symbol))
        rows, states, spent, last = rows[on], states[on], spent[on], symbols[on]
        contexts = model.ngrams.follow(contexts[on], last)
        if not len(rows):
            break
    else:
        raise CorruptStream("the text has more words than any that is written")
    for decoder in decoders:
        decoder.finish()
    return found
