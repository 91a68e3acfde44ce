"""Which texts answer a query: BM25.

Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

__all__ = ["Index", "terms"]

_GAIN: Final = 1.2  # k1: how soon more of a word stops counting
_LENGTH: Final = 0.75  # b: how much longer texts are held back
_WORD: Final = re.compile(r"[^\W_]+")
_IDLE: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "some",
        "that",
        "the",
        "there",
        "to",
        "with",
    ]
)


def terms(text: str) -> list[str]:
    """Words in lower case without those that say nothing; a plural's s is left out."""
    found = [word for word in _WORD.findall(text.casefold()) if word not in _IDLE]
    return [
        word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word for word in found
    ]


class Index:
    """Texts, to be asked."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter(terms(text)) for text in texts]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean = sum(self._lengths) / max(1, len(self._lengths))
        self._holding: Counter[str] = Counter(word for counts in self._counts for word in counts)

    def ranked(self, query: str) -> list[tuple[int, float]]:
        """(place of a text, score above 0), best first; texts without a word of the query are left out."""
        asked = list(dict.fromkeys(terms(query)))
        found = [
            (place, sum(self._score(word, place) for word in asked)) for place in range(len(self._counts))
        ]
        return sorted((one for one in found if one[1] > 0), key=lambda one: -one[1])

    def _score(self, word: str, place: int) -> float:
        count = self._counts[place][word]
        if not count:
            return 0.0
        texts, holding = len(self._counts), self._holding[word]
        rarity = math.log(1 + (texts - holding + 0.5) / (holding + 0.5))
        length = 1 - _LENGTH + _LENGTH * self._lengths[place] / self._mean
        return rarity * count * (_GAIN + 1) / (count + _GAIN * length)
