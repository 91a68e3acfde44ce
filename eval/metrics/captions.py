"""How alike sentences are: BLEU and CIDEr-D of captions against references.

BLEU (Papineni et al., 2002) over the whole corpus, without smoothing. CIDEr-D (Vedantam, Zitnick and
Parikh, "CIDEr: Consensus-based image description evaluation", 2015): tf-idf weighted n-grams of 1 to 4
words, counts clipped, a Gaussian penalty of the difference in length, times 10. Document frequencies are
those of the references that are given. Words are runs of letters and digits in lower case; there is no
stemming, as in the tools of the COCO challenge.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from genvc.errors import BadInput

__all__ = ["bleu", "cider", "words"]

_ORDERS: Final = 4
_SIGMA: Final = 6.0
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

Grams = Counter[tuple[str, ...]]


def words(text: str) -> list[str]:
    """The words of a sentence in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def bleu(captions: Sequence[str], references: Sequence[Sequence[str]], order: int = _ORDERS) -> float:
    """Corpus BLEU of that order, 0 to 1; `references` has one or more sentences for each caption.

    Raises BadInput when there are no captions or one has no reference.
    """
    _check(captions, references)
    hits, totals = [0] * order, [0] * order
    length = closest = 0
    for caption, others in zip(captions, references, strict=True):
        said = words(caption)
        wanted = [words(other) for other in others]
        length += len(said)
        closest += min((abs(len(one) - len(said)), len(one)) for one in wanted)[1]
        for n in range(1, order + 1):
            most: Grams = Counter()
            for one in wanted:
                most |= _grams(one, n)
            own = _grams(said, n)
            hits[n - 1] += (own & most).total()
            totals[n - 1] += own.total()
    if not all(hits):
        return 0.0
    precision = sum(math.log(hit / total) for hit, total in zip(hits, totals, strict=True)) / order
    return math.exp(precision + min(0.0, 1 - closest / length))


def cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """CIDEr-D of each caption, 0 to 10; raises BadInput as bleu() does."""
    _check(captions, references)
    frequency: Grams = Counter()
    for others in references:
        frequency.update({gram for other in others for gram in _all_grams(words(other))})
    documents = math.log(len(references))
    found = []
    for caption, others in zip(captions, references, strict=True):
        own = _weighted(words(caption), frequency, documents)
        scores = [_alike(own, _weighted(words(other), frequency, documents)) for other in others]
        found.append(10 * sum(scores) / len(scores))
    return found


def _check(captions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if not captions or len(captions) != len(references) or not all(references):
        raise BadInput("each caption needs one reference or more")


def _grams(sentence: Sequence[str], n: int) -> Grams:
    return Counter(tuple(sentence[at : at + n]) for at in range(len(sentence) - n + 1))


def _all_grams(sentence: Sequence[str]) -> Grams:
    found: Grams = Counter()
    for n in range(1, _ORDERS + 1):
        found.update(_grams(sentence, n))
    return found


Weighted = tuple[int, list[dict[tuple[str, ...], float]]]


def _weighted(sentence: Sequence[str], frequency: Grams, documents: float) -> Weighted:
    """A sentence's number of words, and tf-idf of its n-grams by their length."""
    orders: list[dict[tuple[str, ...], float]] = [{} for _ in range(_ORDERS)]
    for gram, count in _all_grams(sentence).items():
        orders[len(gram) - 1][gram] = count * (documents - math.log(max(1, frequency[gram])))
    return len(sentence), orders


def _alike(one: Weighted, other: Weighted) -> float:
    """The mean over n of the clipped cosine, 0 to 1, less the farther the lengths are apart."""
    penalty = math.exp(-((one[0] - other[0]) ** 2) / (2 * _SIGMA**2))
    total = 0.0
    for ours, theirs in zip(one[1], other[1], strict=True):
        norm = math.sqrt(sum(w * w for w in ours.values()) * sum(w * w for w in theirs.values()))
        if norm:
            shared = sum(
                min(weight, theirs[gram]) * theirs[gram] for gram, weight in ours.items() if gram in theirs
            )
            total += shared / norm
    return penalty * total / _ORDERS
