"""How likely each token is after the last ones, by counts of the training texts, in whole numbers.

Interpolated Kneser-Ney smoothing with three discounts (Chen and Goodman, "An empirical study of smoothing
techniques for language modeling", 1999). Shares are integers of 2^24; each product of two is rounded down,
in float64, which holds them exactly: alike on every machine.

The counts are a tree: tokens after one token, each of those with the tokens after both, and so on. An entry's
place in the list of its order names the context that it makes for the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from genvc.errors import BadInput

from .tokens import END

__all__ = ["DISCOUNTS", "MOST_TOKENS", "ONE", "ORDERS", "NGrams", "Order"]

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

ORDERS: Final = 4
"""The last of these tokens is predicted from those before it."""
ONE: Final = 1 << 24
MOST_TOKENS: Final = 1 << 15
DISCOUNTS: Final = np.array([75, 110, 140])
"""Hundredths that counts of 1, 2, and 3 and more are lowered by; chosen on the validation captions."""
_PART: Final = 1 / ONE
_PARTS: Final = ("sizes", "words", "counts")


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Entries in rising order of context, then token. begins: (contexts + 1), where each one's entries begin.

    words: (entries,). counts: (entries,). shares: (entries,), of ONE. left: (contexts,), what is left for
    the next lower order, of ONE; ONE for a context without entries. keys: (entries,), context times tokens
    plus token, rising.
    """

    begins: Whole
    words: Whole
    counts: Whole
    shares: Numbers
    left: Numbers
    keys: Whole


class NGrams:
    """Counts ready to be asked; contexts are the callers': (n, ORDERS - 1), -1 where there is none.

    tensors: "ngrams.1.counts" (tokens,), and for each order k from 2 on "ngrams.k.sizes" (contexts,),
    "ngrams.k.words" and "ngrams.k.counts" (entries,). Raises BadInput where they are not these.
    """

    def __init__(self, tensors: Mapping[str, Any], tokens: int) -> None:
        try:
            lists = {key: np.asarray(tensors[key]).astype(np.int64) for key in _keys()}
        except (KeyError, ValueError, TypeError) as error:
            raise BadInput(f"the counts of the language model are not there: {error}") from error
        self.tokens = tokens
        single = lists["ngrams.1.counts"]
        if single.shape != (tokens,) or tokens > MOST_TOKENS or single.min() < 0 or single.max() >= ONE:
            raise BadInput("the counts of the language model do not fit its vocabulary")
        # every token is possible: each has half a count more
        twice = 2 * single + 1
        self.single: Numbers = (twice * ONE // twice.sum()).astype(np.float64)
        self.single_counts = single
        self.orders: list[Order] = []
        contexts = tokens
        for order in range(2, ORDERS + 1):
            sizes, words, counts = (lists[f"ngrams.{order}.{part}"] for part in _PARTS)
            self.orders.append(_order(sizes, words, counts, contexts, tokens))
            contexts = len(self.orders[-1].words)

    def begin(self, texts: int) -> Whole:
        """The contexts before the first tokens of texts, which END stands before."""
        found = np.full((texts, ORDERS - 1), -1)
        found[:, 0] = END
        return found

    def follow(self, contexts: Whole, tokens: Whole) -> Whole:
        """The contexts after these tokens."""
        found = np.empty_like(contexts)
        found[:, 0] = tokens
        for place, order in enumerate(self.orders[:-1]):
            found[:, place + 1] = self._entries(order, contexts[:, place], tokens)
        return found

    def chance(self, contexts: Whole, tokens: Whole) -> Numbers:
        """(n,), of ONE: how likely these tokens are; the numbers that chances() has of them."""
        total, weight = np.zeros(len(tokens)), np.full(len(tokens), float(ONE))
        for place in range(ORDERS - 2, -1, -1):
            order, context = self.orders[place], contexts[:, place]
            entry = self._entries(order, context, tokens)
            shares = np.zeros(len(tokens))
            shares[entry >= 0] = order.shares[entry[entry >= 0]]
            total += np.floor(weight * _PART * shares)
            weight = np.floor(weight * _PART * _left(order, context))
        found: Numbers = total + np.floor(weight * _PART * self.single[tokens])
        return found

    def chances(self, contexts: Whole) -> Numbers:
        """(n, tokens), of ONE: how likely each token is; they add up to a little less than ONE."""
        count = len(contexts)
        weights = [np.full(count, float(ONE))]
        for place in range(ORDERS - 2, -1, -1):
            context = contexts[:, place]
            weights.append(np.floor(weights[-1] * _PART * _left(self.orders[place], context)))
        found: Numbers = np.floor(np.multiply.outer(weights[-1] * _PART, self.single))
        flat = found.reshape(-1)
        for place in range(ORDERS - 2, -1, -1):
            order, context = self.orders[place], contexts[:, place]
            known = np.flatnonzero(context >= 0)
            begin = order.begins[context[known]]
            sizes = order.begins[context[known] + 1] - begin
            # the entries of all contexts in one list
            rows = np.repeat(known, sizes)
            entries = np.arange(len(rows)) + np.repeat(begin - (np.cumsum(sizes) - sizes), sizes)
            weight = (weights[ORDERS - 2 - place] * _PART)[rows]
            # no token comes twice in a context, so no sum is lost
            flat[rows * self.tokens + order.words[entries]] += np.floor(weight * order.shares[entries])
        return found

    def _entries(self, order: Order, contexts: Whole, tokens: Whole) -> Whole:
        """The entry of each token in its context, -1 where there is none."""
        if not len(order.keys):
            return np.full(len(tokens), -1)
        keys = contexts * self.tokens + tokens
        at = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
        return np.where((contexts >= 0) & (order.keys[at] == keys), at, -1)


def _left(order: Order, contexts: Whole) -> Numbers:
    """What these contexts leave for the next lower order, of ONE."""
    found = np.full(len(contexts), float(ONE))
    known = contexts >= 0
    found[known] = order.left[contexts[known]]
    return found


def _keys() -> list[str]:
    parts = [
        f"ngrams.{order}.{part}" for order in range(2, ORDERS + 1) for part in ("sizes", "words", "counts")
    ]
    return ["ngrams.1.counts", *parts]


def _order(sizes: Whole, words: Whole, counts: Whole, contexts: int, tokens: int) -> Order:
    fits = (
        sizes.shape == (contexts,)
        and words.shape == counts.shape == (sizes.sum(),)
        and (sizes >= 0).all()
        and (not len(words) or (words.min() >= 0 and words.max() < tokens))
        and (not len(words) or (counts.min() >= 1 and counts.max() < 1 << 15))
    )
    keys = np.repeat(np.arange(len(sizes)), sizes) * tokens + words if fits else words
    if not fits or (np.diff(keys) <= 0).any():
        raise BadInput("the counts of the language model are no tree of contexts and tokens")
    begins = np.concatenate([[0], np.cumsum(sizes)])
    parents = np.repeat(np.arange(contexts), sizes)
    totals = np.bincount(parents, counts, contexts).astype(np.int64)
    shares = (100 * counts - DISCOUNTS[np.minimum(counts, 3) - 1]) * ONE // (100 * totals[parents])
    given = np.bincount(parents, shares, contexts).astype(np.float64)
    left: Numbers = ONE - given
    return Order(begins, words, counts, shares.astype(np.float64), left, keys)
