"""A language model with random weights that fits the texts of these tests, in a collection of its own."""

import json
from pathlib import Path

import torch

from crossmodal.text.coder import DEFAULT
from crossmodal.text.language import LanguageModel
from crossmodal.text.tokens import Vocabulary
from crossmodal.text.training.counting import counted
from crossmodal.text.training.network import Language, Shape
from crossmodal.text.training.vocabulary import learned
from crossmodal.text.training.weights import tensors_of
from genvc import models

CAPTIONS = [
    "A red ball lies on the grass .",
    "A dog runs after a red ball .",
    "Two dogs play on the grass .",
    "A dog 's red ball lies in the water .",
    "the Asian child holds a ball .",
    "Two children , one with a red hat , run on the grass .",
]


def vocabulary() -> Vocabulary:
    return learned([caption.encode() for caption in CAPTIONS * 2], merges=12)


def network(seed: int = 1) -> Language:
    """Wider than the texts need, and with weights that make some tokens likely, as trained ones do."""
    torch.manual_seed(seed)
    made = Language(Shape(len(vocabulary()), head=24, embedding=40, state=72))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3)
    return made


def language_model(seed: int = 1) -> LanguageModel:
    return LanguageModel({key: value.numpy() for key, value in tensors(seed).items()})


def tensors(seed: int = 1) -> dict[str, torch.Tensor]:
    words = vocabulary()
    counts = counted([words.tokens(caption.encode()) for caption in CAPTIONS], len(words))
    return tensors_of(network(seed), b" ".join(words.words), b" ".join(words.pieces), counts)


def collection(root: Path, seed: int = 1) -> None:
    """Lists the model in a collection under the shipped model's name, which it then stands for."""
    (root / "models.json").write_text(json.dumps({"models": []}))
    models.save(root / "weights" / "tiny", {}, tensors(seed))
    models.add(
        DEFAULT, "crossmodal", licence="Apache-2.0", trained_on="", command="", folder="tiny", root=root
    )
