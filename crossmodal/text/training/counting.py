"""Counts of tokens after tokens, for ngrams.py, and what they say of a text that was left out of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genvc.errors import BadInput

from ..ngrams import DISCOUNTS, MOST_TOKENS, ORDERS, NGrams
from ..tokens import END

__all__ = ["Tensors", "counted", "left_out", "load", "save"]

_FILE = "ngrams.npz"
_MOST = (1 << 15) - 1
_Counts = dict[tuple[int, ...], Counter[int]]
Tensors = dict[str, npt.NDArray[np.integer[Any]]]


def counted(texts: Sequence[Sequence[int]], tokens: int) -> Tensors:
    """What NGrams takes. texts: tokens without END.

    The highest order counts how often a token comes after a context, the lower ones after how many
    different tokens it does so; where a text begins there is but one. Raises BadInput.
    """
    if tokens > MOST_TOKENS:
        raise BadInput(f"a vocabulary has at most {MOST_TOKENS} tokens, not {tokens}")
    often = _often(texts)
    orders: list[_Counts] = [often[ORDERS - 1]]
    for order in range(ORDERS - 1, 0, -1):
        orders.insert(0, _different(often[order], often[order - 1]))
    single = np.zeros(tokens, np.int32)
    for token, count in orders[0][()].items():
        single[token] = count
    found: Tensors = {"ngrams.1.counts": single}
    contexts: list[tuple[int, ...]] = [(token,) for token in range(tokens)]
    for number, counts in enumerate(orders[1:], 2):
        entries = [(context, sorted(counts.get(context, {}).items())) for context in contexts]
        found[f"ngrams.{number}.sizes"] = np.array([len(some) for _, some in entries], np.int16)
        flat = [pair for _, some in entries for pair in some]
        found[f"ngrams.{number}.words"] = np.array([token for token, _ in flat], np.int16)
        found[f"ngrams.{number}.counts"] = np.array([min(count, _MOST) for _, count in flat], np.int16)
        contexts = [(*context, token) for context, some in entries for token, _ in some]
    return found


def _often(texts: Sequence[Sequence[int]]) -> list[_Counts]:
    """Of each order from 1 on: how often each token comes after each context."""
    found: list[_Counts] = [defaultdict(Counter) for _ in range(ORDERS)]
    for text in texts:
        whole = (END, *text, END)
        for at in range(1, len(whole)):
            for length in range(min(at, ORDERS - 1) + 1):
                found[length][whole[at - length : at]][whole[at]] += 1
    return found


def _different(higher: _Counts, own: _Counts) -> _Counts:
    """After how many different tokens a context and its token come."""
    found: _Counts = defaultdict(Counter)
    for context, counts in higher.items():
        found[context[1:]].update(counts.keys())
    for context, counts in own.items():
        if context[:1] == (END,):
            found[context] = counts
    return found


def left_out(ngrams: NGrams, texts: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    """(texts, longest + 1): the share of each token, END last, if its text were counted once less.

    texts: tokens without END, of those that were counted; BadInput for others. 0 beyond the end.
    """
    longest = max(map(len, texts)) + 1
    found = np.zeros((len(texts), longest), np.float32)
    contexts = ngrams.begin(len(texts))
    rows = np.arange(len(texts))
    for step in range(longest):
        tokens = np.array([texts[row][step] if step < len(texts[row]) else END for row in rows])
        found[rows, step] = _without(ngrams, contexts, tokens)
        on = np.array([step < len(texts[row]) for row in rows])
        rows, contexts = rows[on], ngrams.follow(contexts, tokens)[on]
    return found


def _without(ngrams: NGrams, contexts: Any, tokens: Any) -> Any:
    count = len(tokens)
    total, weight = np.zeros(count), np.ones(count)
    gone = np.ones(count, np.int64)
    for place in range(ORDERS - 2, -1, -1):
        order, context = ngrams.orders[place], contexts[:, place]
        known = np.flatnonzero(context >= 0)
        keys = context[known] * ngrams.tokens + tokens[known]
        entry = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
        if not len(order.keys) or (order.keys[entry] != keys).any():
            raise BadInput("the counts are not of these texts")
        parents = np.repeat(np.arange(len(order.left)), np.diff(order.begins))
        given = np.bincount(parents, _discount(order.counts), len(order.left))
        totals = np.bincount(parents, order.counts, len(order.left))
        here, less = order.counts[entry], gone[known]
        sums = totals[context[known]] - less
        lowered = given[context[known]] - _discount(here) + _discount(here - less)
        some = sums > 0
        at, sums = known[some], sums[some]
        total[at] += weight[at] * ((here - less) - _discount(here - less))[some] / sums
        weight[at] *= lowered[some] / sums
        # what came once under a longer context is one context less for the shorter one
        gone[known] = less * (here == 1)
    single = ngrams.single_counts
    return total + weight * (single[tokens] - gone + 0.5) / (single.sum() + 0.5 * len(single))


def _discount(counts: Any) -> Any:
    return np.where(counts > 0, DISCOUNTS[np.clip(counts, 1, 3) - 1], 0) / 100


def save(tensors: Tensors, folder: Path) -> None:
    """Beside the checkpoint, as the vocabulary."""
    np.savez(folder / _FILE, **tensors)


def load(folder: Path) -> Tensors:
    """What save() wrote; raises BadInput."""
    try:
        with np.load(folder / _FILE, allow_pickle=False) as found:
            return {key: found[key] for key in found.files}
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder / _FILE} are no counts that a training left") from error
