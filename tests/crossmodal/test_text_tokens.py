"""Texts become tokens and come back, whatever they are made of."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from text_models import CAPTIONS, vocabulary

from crossmodal.text.tokens import CASE, GLUE, SPELL, UPPER, Vocabulary
from genvc.errors import BadInput, CorruptStream

WORDS = vocabulary()
spoken = st.lists(
    st.sampled_from(
        ["a", "A", "dog", "Dog", "DOG", "dogs", ",", "'s", "asian", "Asian", "x", "", "é", "-", "iPhone"]
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=40), st.text(max_size=30).map(lambda text: text.encode("utf-8", "ignore")))
)
@example(b"")
@example(b"  ")
@example(b"\0\n\xff")
def test_any_bytes_come_back(text: bytes) -> None:
    assert WORDS.text(WORDS.tokens(text)) == text


@settings(max_examples=300, deadline=None)
@given(spoken, st.sampled_from([" ", "", "-", ". "]))
def test_words_in_any_case_and_glued_together_come_back(parts: list[str], between: str) -> None:
    text = between.join(parts).encode()
    assert WORDS.text(WORDS.tokens(text)) == text


def test_a_caption_is_one_token_a_word() -> None:
    for caption in CAPTIONS[:4]:
        assert len(WORDS.tokens(caption.encode())) == len(caption.split())


def test_marks_that_stick_to_words_are_glued_and_unknown_words_spelled() -> None:
    glued = WORDS.tokens(b"A dog, a ball.")
    assert glued.count(GLUE) == 2
    assert SPELL not in glued
    assert SPELL in WORDS.tokens(b"A xylophone")


def test_case_is_said_where_it_is_not_as_usual() -> None:
    usual, small, large = (WORDS.tokens(text) for text in (b"A dog", b"a dog", b"A DOG"))
    assert small == [CASE, *usual]
    assert large == [usual[0], UPPER, usual[1]]


def test_a_word_can_be_spelled_although_it_is_known() -> None:
    tokens = WORDS.tokens(b"A dog runs", frozenset([b"dog"]))
    assert len(tokens) > 3
    assert WORDS.text(tokens) == b"A dog runs"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, len(WORDS) - 1), max_size=12))
def test_tokens_in_any_order_are_a_text_or_damage(tokens: list[int]) -> None:
    try:
        text = WORDS.text(tokens)
    except CorruptStream:
        return
    assert WORDS.text(WORDS.tokens(text)) == text


@pytest.mark.parametrize("tokens", [[GLUE], [CASE], [CASE, UPPER], [len(WORDS) - 1], [GLUE, SPELL]])
def test_tokens_without_a_word_are_damage(tokens: list[int]) -> None:
    with pytest.raises(CorruptStream):
        WORDS.text(tokens)


SINGLES = [bytes([code]) for code in range(256) if code != 32]


@pytest.mark.parametrize(
    ("words", "pieces"),
    [([b"a"], SINGLES[1:]), ([b"a b"], SINGLES), ([b"a", b"a"], SINGLES), ([], [*SINGLES, b""])],
)
def test_a_vocabulary_that_cannot_say_everything_is_refused(words: list[bytes], pieces: list[bytes]) -> None:
    with pytest.raises(BadInput):
        Vocabulary(words, pieces)
