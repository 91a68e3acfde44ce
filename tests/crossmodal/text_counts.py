"""What a language model says along the captions, computed without anything but NumPy."""

import hashlib
import sys
from pathlib import Path

import numpy as np

from crossmodal.text.language import LanguageModel, budget_of
from crossmodal.text.mixture import Mixture
from crossmodal.text.tokens import END

LENGTHS = np.array([0, 3, 5, 9, 31, 40])


def counts_of(model: LanguageModel, captions: list[str]) -> list[np.ndarray]:
    """Frequencies of frequent and rare tokens along six captions, some of them told how long they are.

    Of the network alone, then of network and counts together.
    """
    texts = [model.vocabulary.tokens(caption.encode())[:7] for caption in captions]
    states = np.zeros((len(texts), model.size), np.float32)
    contexts = model.ngrams.begin(len(texts))
    alone, mixed, last = [], [], np.full(len(texts), END)
    for step in range(7):
        states, hidden = model.step(states, last, budget_of(LENGTHS, np.full(6, 13 * step)))
        alone += [model.frequent(hidden), model.rare(hidden)]
        mixture, said = Mixture(model, hidden), model.ngrams.chances(contexts)
        mixed += [mixture.frequent(said), mixture.rare(np.arange(len(texts)), said)]
        last = np.array([text[step] for text in texts])
        contexts = model.ngrams.follow(contexts, last)
    return alone + mixed


def fingerprint(weights: Path) -> str:
    """Of all frequencies; weights: an .npz with the captions in it."""
    with np.load(weights) as stored:
        arrays = dict(stored)
    captions = arrays.pop("captions").tolist()
    counts = counts_of(LanguageModel(arrays), captions)
    return hashlib.sha256(b"".join(one.tobytes() for one in counts)).hexdigest()


if __name__ == "__main__":
    print(fingerprint(Path(sys.argv[1])))
