"""The weights of a language model as a model stores them, and as they are trained."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch

from ..language import tables
from .counting import Tensors
from .network import Language

__all__ = ["state_of", "tensors_of"]

_NAMES: Final = {
    "embedding": "embedding.weight",
    "budget": "budget.weight",
    "input": "gru.weight_ih_l0",
    "input_bias": "gru.bias_ih_l0",
    "state_bias": "gru.bias_hh_l0",
    "project": "project.weight",
    "project_bias": "project.bias",
    "tail": "tail.weight",
    "tail_bias": "tail.bias",
    "bias": "bias",
}


def tensors_of(net: Language, words: bytes, pieces: bytes, counts: Tensors) -> dict[str, torch.Tensor]:
    """What LanguageModel takes; words, pieces: joined by spaces, which they have none of."""
    own = {key: value.detach().cpu() for key, value in net.state_dict().items()}
    found = {"language." + key: own[name].half() for key, name in _NAMES.items()}
    found["language.tail"] = found["language.tail"][0]
    found["language.state"], found["state_shift"] = _bytes(own["gru.weight_hh_l0"])
    found |= {key: torch.from_numpy(table) for key, table in tables().items()}
    found |= {key: torch.from_numpy(some) for key, some in counts.items()}
    found |= {
        key: torch.from_numpy(np.frombuffer(text, np.uint8).copy())
        for key, text in (("words", words), ("pieces", pieces))
    }
    found["head"] = torch.tensor(net.shape.head, dtype=torch.int32)
    return found


def _bytes(weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights as bytes, and the bits after the point of each row: as many as its largest weight allows."""
    shift = torch.floor(torch.log2(127 / weights.abs().amax(1).clamp_min(1e-3))).clamp(0, 12)
    return (weights * torch.exp2(shift)[:, None]).round().clamp(-127, 127).char(), shift.char()


def state_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The mirror of tensors_of(): the state of a Language, as exact as it was stored."""
    found = {name: tensors["language." + key].float() for key, name in _NAMES.items()}
    found["tail.weight"] = found["tail.weight"][None]
    steps, shift = tensors["language.state"].float(), tensors["state_shift"].float()
    found["gru.weight_hh_l0"] = steps * torch.exp2(-shift)[:, None]
    return found
