"""The language model in whole numbers: near the trained network, and the same everywhere."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from text_counts import LENGTHS, counts_of, fingerprint
from text_models import CAPTIONS, language_model, network, tensors, vocabulary

from crossmodal.text import decode, encode, words
from crossmodal.text.coder import method_of
from crossmodal.text.language import LanguageModel, budget_of
from crossmodal.text.tokens import END, Vocabulary
from crossmodal.text.training import network as trained
from genvc import models
from genvc.errors import BadInput, CorruptStream

HERE = Path(__file__).parent


def test_probabilities_are_nearly_those_of_the_trained_network() -> None:
    net = network().eval()
    exact = counts_of(language_model(), CAPTIONS)
    texts = torch.tensor([vocabulary().tokens(caption.encode())[:6] for caption in CAPTIONS])
    tokens = torch.cat([torch.full((6, 1), END), texts], 1)
    lengths = LENGTHS[:, None]
    budgets = budget_of(lengths, np.arange(0, 91, 13)[None])
    with torch.no_grad():
        hidden = net(tokens, torch.from_numpy(budgets))
        weight = net.embedding.weight[:24]
        first = torch.cat([hidden @ weight.T + net.bias[:24], net.tail(hidden)], 2).softmax(2).numpy()
    for step in range(7):
        shares = exact[2 * step] / exact[2 * step].sum(1, keepdims=True)
        assert np.abs(shares - first[:, step]).max() < 0.05


def test_what_both_say_of_the_bits_left_is_the_same() -> None:
    lengths = np.arange(0, 40)[:, None]
    spent = np.arange(0, 3000, 7)[None]
    said = budget_of(lengths, spent)
    left = torch.from_numpy(np.floor(8 * lengths - spent / 16)).long()
    wanted = np.where((lengths > 0) & (lengths <= 31), trained.budget_of(left).numpy(), 0)
    assert np.array_equal(said, wanted)
    assert said.max() < trained.BUDGETS


@pytest.mark.parametrize(
    "setting",
    [
        {"OPENBLAS_NUM_THREADS": "1"},
        {"OPENBLAS_NUM_THREADS": "2"},
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"},
    ],
)
def test_threads_and_processors_change_nothing(setting: dict[str, str], tmp_path: Path) -> None:
    weights = tmp_path / "weights.npz"
    arrays = {name: value.numpy() for name, value in tensors().items()}
    np.savez(weights, captions=np.array(CAPTIONS), **arrays)
    environment = {**os.environ, **setting, "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(
        [sys.executable, str(HERE / "text_counts.py"), str(weights)],
        capture_output=True,
        check=True,
        env=environment,
        timeout=120,
    )
    assert done.stdout.decode().strip() == fingerprint(weights)


def test_texts_cost_the_same_alone_and_side_by_side() -> None:
    model = language_model()
    tokens = [model.vocabulary.tokens(caption.encode()) for caption in CAPTIONS]
    together = words.write(model, tokens, [200] * 6)
    assert together == [words.write(model, [one], [200])[0] for one in tokens]
    assert words.read(model, [code for code in together if code is not None]) == tokens


def test_a_model_codes_what_it_expects_in_few_bytes() -> None:
    """Texts that the model itself makes likely, token by token."""
    model = language_model()
    state, tokens = np.zeros((1, model.size), np.float32), [END]
    for _ in range(12):
        state, hidden = model.step(state, np.array(tokens[-1:]), np.zeros(1, np.int64))
        tokens.append(int(np.argmax(model.frequent(hidden)[0][1:-1])) + 1)
    (likely,) = words.costs(model, [tokens[1:]])
    (unlikely,) = words.costs(model, [[len(model.vocabulary) - 1 - place for place in range(12)]])
    assert 2 * likely < unlikely


def test_a_text_without_end_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MAX_TOKENS", 4)
    model = language_model()
    (code,) = words.write(model, [model.vocabulary.tokens(CAPTIONS[5].encode())], [200])
    assert code is not None
    with pytest.raises(CorruptStream):
        words.read(model, [code])


@pytest.mark.parametrize("key", [key for key in tensors() if not key.startswith("ngrams.")])
def test_weights_that_are_no_language_model_are_refused(key: str) -> None:
    whole = {name: value.numpy() for name, value in tensors().items()}
    own = whole[key]
    others = [np.zeros((2, 2))]
    if key.startswith("table.") or key == "state_shift":
        # whole numbers alone give the same sums everywhere
        others += [own + 0.5, own * 0 - 1, own.astype(np.int64) * 0 + (1 << 31)]
    elif key.startswith("language."):
        others += [own[..., None], own[:0]]
    for wrong in others:
        with pytest.raises(BadInput):
            LanguageModel({**whole, key: wrong})
    with pytest.raises(BadInput):
        LanguageModel({name: value for name, value in whole.items() if name != key})


def test_a_word_that_is_a_book_is_damage() -> None:
    """A hostile vocabulary does not make a short code a long text."""
    words = Vocabulary([b"x" * 40_000], [bytes([code]) for code in range(256) if code != 32])
    assert len(words.text([5])) == 40_000
    with pytest.raises(CorruptStream, match="longer"):
        words.text([5, 5])


def test_a_model_in_bfloat16_is_read_as_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        name: one.bfloat16() if name in ("language.embedding", "language.input") else one
        for name, one in tensors().items()
    }
    (tmp_path / "models.json").write_text('{"models": []}')
    models.save(tmp_path / "weights" / "half", {}, made)
    listed = models.add(
        "half", "crossmodal", licence="", trained_on="", command="", folder="half", root=tmp_path
    )
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    code = encode(CAPTIONS[0], model=listed.full_name)
    assert method_of(code) == "words"
    assert decode(code, model=listed.full_name) == CAPTIONS[0]
