"""The vocabulary of a language model, learnt from the training split's captions."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from genvc.errors import BadInput

from ..tokens import Vocabulary

__all__ = ["learned", "load", "save", "stored"]

_FILE = "vocabulary.json"
_LEAST_COUNT = 2


def learned(texts: Sequence[bytes], merges: int = 300) -> Vocabulary:
    """Words that come at least twice, in any case, most frequent first; pieces by pair merging of the rest.

    Of a word's cases the most frequent one is stored; the first word of a text, which has a capital,
    counts as small. The pieces are those of byte pair encoding (Sennrich et al., 2016), learnt on the
    distinct words.
    """
    counts: Counter[bytes] = Counter()
    for text in texts:
        parts = text.split(b" ")
        counts.update([parts[0][:1].lower() + parts[0][1:], *parts[1:]])
    for mark in b",.;:!?'\"()-":
        counts[bytes([mark])] += 2  # out of captions as in the training split, but likely in others
    cases: dict[bytes, list[bytes]] = {}
    for word, _ in counts.most_common():
        cases.setdefault(word.lower(), []).append(word)
    total = {lower: sum(counts[word] for word in words) for lower, words in cases.items()}
    kept = sorted(
        (lower for lower in cases if total[lower] >= _LEAST_COUNT), key=lambda one: (-total[one], one)
    )
    words = [cases[lower][0] for lower in kept]
    singles = [bytes([code]) for code in range(256) if code != ord(" ")]
    return Vocabulary(words, singles + _merged(cases.keys(), merges))


def _merged(words: Iterable[bytes], merges: int) -> list[bytes]:
    """Pieces of two bytes and more, the most frequent pairs of pieces within words, merged one by one."""
    split = [[word[at : at + 1] for at in range(len(word))] for word in sorted(words) if word.isalpha()]
    made: list[bytes] = []
    for _ in range(merges):
        pairs = Counter(pair for parts in split for pair in pairwise(parts))
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        made.append(best[0] + best[1])
        for number, parts in enumerate(split):
            if best[1] in parts:
                split[number] = _joined(parts, best)
    return list(dict.fromkeys(made))


def _joined(parts: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    found: list[bytes] = []
    for part in parts:
        if part == pair[1] and found and found[-1] == pair[0]:
            found[-1] += part
        else:
            found.append(part)
    return found


def stored(tensors: Mapping[str, Any]) -> Vocabulary:
    """That of a model's tensors; raises BadInput."""
    try:
        return Vocabulary(*(bytes(tensors[key].numpy()).split(b" ") for key in ("words", "pieces")))
    except (KeyError, AttributeError) as error:
        raise BadInput(f"the model has no vocabulary: {error}") from error


def save(vocabulary: Vocabulary, folder: Path) -> None:
    """Beside the checkpoint, which is of no use without it."""
    lists = {"words": vocabulary.words, "pieces": vocabulary.pieces}
    text = json.dumps({key: [one.decode("latin-1") for one in some] for key, some in lists.items()})
    (folder / _FILE).write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> Vocabulary:
    """The one that save() wrote; raises BadInput."""
    try:
        lists = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return Vocabulary(*([one.encode("latin-1") for one in lists[key]] for key in ("words", "pieces")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{folder / _FILE} is no vocabulary that a training left") from error
