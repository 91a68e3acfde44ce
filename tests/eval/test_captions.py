"""BLEU against torchmetrics, CIDEr-D against values worked out by hand."""

import math

import pytest

from eval.metrics.captions import bleu, cider, words
from eval.metrics.clip import clip_scores
from genvc.errors import BadInput, ModelNotFound

CAPTIONS = ["a dog runs on the green grass", "two people sit at a table", "a red bus"]
REFERENCES = [
    ["a dog runs over grass", "the brown dog runs on the grass"],
    ["two men sit at a small table", "people sit at a table with food", "a table"],
    ["a red double decker bus on a street"],
]


def test_bleu_is_that_of_torchmetrics() -> None:
    text = pytest.importorskip("torchmetrics.functional.text")
    for order in (1, 2, 3):
        expected = text.bleu_score(CAPTIONS, REFERENCES, n_gram=order).item()
        assert bleu(CAPTIONS, REFERENCES, order) == pytest.approx(expected, abs=1e-6)


def test_cider_of_the_only_reference_is_the_best_there_is() -> None:
    captions = ["a cat on a mat", "seven dogs run home"]
    assert cider(captions, [[one] for one in captions]) == pytest.approx([10, 10])


def test_cider_by_hand() -> None:
    # two pictures, so an n-gram of one picture's references weighs ln 2 and one of both nothing;
    # "red bus" against "red car": of the single words "red" and "bus" (not in any reference, so it too
    # weighs ln 2) one is shared: 1 / 2; of pairs none; of 3 and 4 words there are none
    found = cider(["red bus", "big tree"], [["red car"], ["big tree"]])
    assert found[0] == pytest.approx(10 * (1 / 2) / 4)
    # the same words in both: pairs of words are all there are, and of 3 and 4 words there are none
    assert found[1] == pytest.approx(10 * 2 / 4)


def test_cider_clips_what_is_said_again_and_holds_back_other_lengths() -> None:
    # "red red": its vector is 2 ln 2 long, clipped to 1 against the reference's "red": 1 / (2 * 1)
    again = cider(["red red", "x"], [["red"], ["y"]])[0]
    assert again == pytest.approx(10 / 4 * 1 / 2 * math.exp(-1 / 72))


def test_words_leave_punctuation_out() -> None:
    assert words("A dog's ball, on-top.") == ["a", "dog's", "ball", "on", "top"]


@pytest.mark.parametrize("references", [[], [["a"], ["b"]], [[]]])
def test_captions_without_references_are_refused(references: list[list[str]]) -> None:
    for measure in (bleu, cider):
        with pytest.raises(BadInput):
            measure(["a"], references)


@pytest.mark.parametrize("folder", ["", "jinaai/jina-clip-v2", "openai/nothing"])
def test_a_clip_score_without_weights_says_so(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setenv("GENVC_CLIP", folder)
    with pytest.raises(ModelNotFound, match="weights missing"):
        clip_scores([], [])
