"""Texts as tokens of a language model: words, marks and pieces of words; and back, exactly.

A text is its UTF-8 split at spaces. Each part is a word of the vocabulary, or words and marks that
GLUE holds together ("dog" GLUE ","), or a word spelled by pieces. A text begins with a capital, all
else is as it stands in the vocabulary; CASE before a word turns the case of its first letter about
and UPPER raises all its letters. Letters are those of ASCII. What a reader does with tokens is
`text()`; how a writer chooses among several ways to say the same is free.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from genvc.errors import BadInput, CorruptStream

__all__ = ["CASE", "END", "GLUE", "SPELL", "UPPER", "Vocabulary"]

END, GLUE, CASE, UPPER, SPELL = range(5)
SPECIAL: Final = 5
_LEAST_PREFIX: Final = 3  # letters of a word that may begin a spelled one
_RUN: Final = re.compile(rb"[A-Za-z0-9\x80-\xff]+|[^A-Za-z0-9\x80-\xff]", re.DOTALL)


class Vocabulary:
    """Tokens by number: 5 special ones, then words, then pieces, all of them byte strings without spaces.

    words: may include b"", the part between two spaces. pieces: continue a word; all single bytes but
    the space are among them, so that any text has tokens. Raises BadInput.
    """

    def __init__(self, words: Sequence[bytes], pieces: Sequence[bytes]) -> None:
        singles = {bytes([code]) for code in range(256)} - {b" "}
        if not singles <= set(pieces) or b"" in pieces or any(b" " in token for token in (*words, *pieces)):
            raise BadInput("a vocabulary has all single bytes as pieces, and no token with a space")
        if len(set(words)) != len(words) or len(set(pieces)) != len(pieces):
            raise BadInput("a vocabulary has each token once")
        self.words, self.pieces = tuple(words), tuple(pieces)
        self.first_piece: Final = SPECIAL + len(self.words)
        self._stored: Final = (*(b"",) * SPECIAL, *self.words, *self.pieces)
        self._word: Final = {word: SPECIAL + number for number, word in enumerate(self.words)}
        # "asian" finds "Asian"; of words that differ in case alone the first is found
        self._any_case: Final = {word.lower(): word for word in reversed(self.words)}
        self._piece: Final = {piece: self.first_piece + number for number, piece in enumerate(self.pieces)}
        self._longest: Final = max(map(len, self.pieces))

    def __len__(self) -> int:
        return len(self._stored)

    def tokens(self, text: bytes, spelled: frozenset[bytes] = frozenset()) -> list[int]:
        """The tokens of a text, without END. spelled: words to spell although they are in the vocabulary."""
        found: list[int] = []
        for number, part in enumerate(text.split(b" ")):
            for place, word in enumerate(self._words_of(part)):
                if place:
                    found.append(GLUE)
                found += self._said(word, number == 0 and place == 0, spelled)
        return found

    def rank(self, word: bytes) -> int:
        """How rare a word is: its number in the vocabulary, in any case, or beyond all numbers."""
        return self._word.get(self._any_case.get(word.lower(), b" "), len(self))

    def text(self, tokens: Sequence[int], most: int = 1 << 16) -> bytes:
        """The text of tokens, without END.

        Raises CorruptStream where they are in no order that makes one, or make one of more than `most` bytes.
        """
        made: list[bytes] = []
        at, count, size = 0, len(tokens), 0
        while at < count:
            if tokens[at] == GLUE and made:
                at += 1
            elif made:
                made.append(b" ")
            change = tokens[at] if at < count and tokens[at] in (CASE, UPPER) else 0
            begin = at + (change != 0)
            at = begin + 1
            if at > count or not SPELL <= tokens[begin] < self.first_piece:
                raise CorruptStream("the tokens of a text lack a word")
            while at < count and tokens[at] >= self.first_piece:
                at += 1
            stored = b"".join(self._stored[token] for token in tokens[begin:at])
            made.append(_shown(stored, change, not made))
            size += len(made[-1])
            if size > most:
                raise CorruptStream("the text is longer than any that is written")
        return b"".join(made)

    def _words_of(self, part: bytes) -> Iterator[bytes]:
        """A part between spaces as the words and marks that are glued to make it; b"" is one too."""
        if part.lower() in self._any_case or not part:
            yield part
            return
        at = 0
        while at < len(part):
            if at and part[at:].lower() in self._any_case:  # such as "'s"
                yield part[at:]
                return
            match = _RUN.match(part, at)
            assert match is not None  # the expression matches any byte
            yield match[0]
            at = match.end()

    def _said(self, word: bytes, first: bool, spelled: frozenset[bytes]) -> list[int]:
        """A word's tokens: what is to be done with its case, the word or its beginning, pieces."""
        stored = self._any_case.get(word.lower())
        if word in self._word and stored != word and _shown(word, 0, first) == word:
            stored = word
        if stored is not None and stored not in spelled:
            for change in (0, CASE, UPPER):
                if _shown(stored, change, first) == word:
                    return [change, self._word[stored]][change == 0 :]
        for base in (word.lower(), word):
            for change in (0, CASE, UPPER):
                if _shown(base, change, first) == word:
                    return [change, *self._spelled(base, spelled)][change == 0 :]
        raise AssertionError("turning the first letter's case is its own inverse")

    def _spelled(self, word: bytes, spelled: frozenset[bytes]) -> list[int]:
        at = next(
            (
                end
                for end in range(len(word) - 1, _LEAST_PREFIX - 1, -1)
                if word[:end] in self._word and word[:end] not in spelled
            ),
            0,
        )
        found = [self._word[word[:at]]] if at else [SPELL]
        while at < len(word):
            for end in range(min(len(word), at + self._longest), at, -1):
                if (token := self._piece.get(word[at:end])) is not None:
                    found.append(token)
                    at = end
                    break
        return found


def _turned(word: bytes) -> bytes:
    """With the case of the first letter turned about, if it is one of ASCII's."""
    return word[:1].swapcase() + word[1:]


def _shown(stored: bytes, change: int, first: bool) -> bytes:
    """A word as it is in the text. change: CASE, UPPER or 0. first: of the text, which has a capital."""
    if change == UPPER:
        return stored.upper()
    word = stored[:1].upper() + stored[1:] if first else stored
    return _turned(word) if change == CASE else word
