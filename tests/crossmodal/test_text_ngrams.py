"""Counts of tokens after tokens: one tree of whole numbers, asked for one token or for all."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from text_models import CAPTIONS, tensors, vocabulary

from crossmodal.text.ngrams import DISCOUNTS, ONE, ORDERS, NGrams
from crossmodal.text.tokens import END
from crossmodal.text.training.counting import counted, left_out, load, save
from genvc.errors import BadInput

TEXTS = [vocabulary().tokens(caption.encode()) for caption in CAPTIONS]
COUNT = len(vocabulary())


@pytest.fixture(scope="module")
def ngrams() -> NGrams:
    return NGrams(counted(TEXTS, COUNT), COUNT)


def kneser_ney(texts: list[list[int]], context: tuple[int, ...], token: int) -> float:
    """The textbook's recursion over dictionaries of counts, for comparison."""
    seen: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for text in texts:
        whole = (END, *text, END)
        for at in range(1, len(whole)):
            for length in range(min(at, ORDERS - 1) + 1):
                seen[whole[at - length : at]][whole[at]] += 1

    def counts_of(history: tuple[int, ...]) -> Counter[int]:
        if len(history) == ORDERS - 1 or history[:1] == (END,):
            return seen.get(history, Counter())
        found: Counter[int] = Counter()
        for longer, counts in seen.items():
            if len(longer) == len(history) + 1 and longer[1:] == history:
                found.update(counts.keys())
        return found

    def chance(history: tuple[int, ...]) -> float:
        counts = counts_of(history)
        total = sum(counts.values())
        if not history:
            return (counts[token] + 0.5) / (total + 0.5 * COUNT)
        if not total:
            return chance(history[1:])
        lowered = {key: DISCOUNTS[min(value, 3) - 1] / 100 for key, value in counts.items()}
        own = (counts[token] - lowered[token]) / total if token in counts else 0.0
        return own + sum(lowered.values()) / total * chance(history[1:])

    return chance(context)


def along(ngrams: NGrams, text: list[int]) -> list[np.ndarray]:
    """The contexts before each token of a text and its end."""
    found = [ngrams.begin(1)]
    for token in text:
        found.append(ngrams.follow(found[-1], np.array([token])))
    return found


@pytest.mark.parametrize("text", [TEXTS[0], TEXTS[5], [7, 7, 9, COUNT - 1, 3]])
def test_shares_are_those_of_the_textbook(ngrams: NGrams, text: list[int]) -> None:
    whole = (END, *text)
    for step, contexts in enumerate(along(ngrams, text)):
        context = whole[max(0, step + 2 - ORDERS) : step + 1]
        for token in (5, 9, END, *text[step : step + 1]):
            share = ngrams.chance(contexts, np.array([token]))[0] / ONE
            assert share == pytest.approx(kneser_ney(TEXTS, context, token), abs=6 / ONE)


def test_one_token_has_the_share_that_it_has_among_all(ngrams: NGrams) -> None:
    contexts = np.concatenate(along(ngrams, TEXTS[2]))
    every = ngrams.chances(contexts)
    assert every.shape == (len(contexts), COUNT)
    for token in range(COUNT):
        assert np.array_equal(every[:, token], ngrams.chance(contexts, np.full(len(contexts), token)))
    assert (every == np.floor(every)).all()
    assert (every.sum(1) <= ONE).all()
    assert (every.sum(1) > 0.999 * ONE).all()


def test_what_is_left_out_is_nearly_what_was_never_counted(ngrams: NGrams) -> None:
    found = left_out(ngrams, TEXTS)
    for row, text in enumerate(TEXTS):
        others = TEXTS[:row] + TEXTS[row + 1 :]
        whole = (END, *text, END)
        wanted = [
            kneser_ney(others, whole[max(0, at + 1 - ORDERS) : at], whole[at]) for at in range(1, len(whole))
        ]
        assert (found[row, len(wanted) :] == 0).all()
        # a text is left out token by token: its other tokens are still counted
        mean = np.mean(np.log2(found[row, : len(wanted)]))
        assert mean == pytest.approx(np.mean(np.log2(wanted)), abs=0.35)
        counted_too = [
            float(ngrams.chance(one, np.array([token]))[0]) / ONE
            for one, token in zip(along(ngrams, text), whole[1:], strict=True)
        ]
        assert mean < np.mean(np.log2(counted_too)) - 0.5


def test_texts_that_were_not_counted_cannot_be_left_out(ngrams: NGrams) -> None:
    with pytest.raises(BadInput, match="not of these texts"):
        left_out(ngrams, [[COUNT - 1, COUNT - 1]])


def test_counts_of_nothing_say_that_all_is_alike() -> None:
    empty = NGrams(counted([], COUNT), COUNT)
    contexts = empty.begin(2)
    assert np.array_equal(empty.chances(contexts)[:, 7], empty.chance(contexts, np.array([7, 7])))
    assert empty.chances(contexts).max() == ONE // COUNT


def test_counts_are_stored_and_read_again(tmp_path) -> None:
    counts = counted(TEXTS, COUNT)
    save(counts, tmp_path)
    again = load(tmp_path)
    assert counts.keys() == again.keys()
    assert all(np.array_equal(counts[key], again[key]) for key in counts)
    (tmp_path / "ngrams.npz").write_bytes(b"no counts")
    with pytest.raises(BadInput, match="no counts"):
        load(tmp_path)


@pytest.mark.parametrize("key", [key for key in tensors() if key.startswith("ngrams.")])
@pytest.mark.parametrize("wrong", ["none", "shape", "negative", "large", "order"])
def test_a_tree_that_is_none_is_refused(key: str, wrong: str) -> None:
    counts = {name: value.copy() for name, value in counted(TEXTS, COUNT).items()}
    if wrong == "none":
        del counts[key]
    elif wrong == "shape":
        counts[key] = counts[key][:-1]
    elif wrong == "order":
        # only words have one
        key = key.rpartition(".")[0].replace("ngrams.1", "ngrams.2") + ".words"
        counts[key] = counts[key][::-1]
    else:
        counts[key] = counts[key].astype(np.int64)
        counts[key][0] = -1 if wrong == "negative" else 1 << 40
    with pytest.raises(BadInput):
        NGrams(counts, COUNT)
