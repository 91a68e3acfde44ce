"""From a checkpoint to a model that texts can be coded with: weights in half precision, words and tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genvc import models
from genvc.errors import BadInput
from genvc.training.exporting import command

from ..language import LanguageModel, tables
from .network import Language, Shape
from .vocabulary import load as load_vocabulary

__all__ = ["export", "tensors_of"]


def tensors_of(net: Language, words: bytes, pieces: bytes) -> dict[str, torch.Tensor]:
    """What LanguageModel takes; words, pieces: joined by spaces, which they have none of."""
    own = {key: value.detach().cpu() for key, value in net.state_dict().items()}
    named = {
        "embedding": own["embedding.weight"],
        "budget": own["budget.weight"],
        "input": own["gru.weight_ih_l0"],
        "input_bias": own["gru.bias_ih_l0"],
        "state_bias": own["gru.bias_hh_l0"],
        "project": own["project.weight"],
        "project_bias": own["project.bias"],
        "tail": own["tail.weight"][0],
        "tail_bias": own["tail.bias"],
        "bias": own["bias"],
    }
    found = {"language." + key: value.half() for key, value in named.items()}
    found["language.state"], found["state_shift"] = _bytes(own["gru.weight_hh_l0"])
    found |= {key: torch.from_numpy(table) for key, table in tables().items()}
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


def export(
    checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str
) -> models.Model:
    """Add the checkpoint's averaged weights to the collection of models below `root`.

    stages: the commands that trained it, in order. The vocabulary and the validation curve lie beside the
    checkpoint. folder: below weights/; another one for each version.
    """
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    vocabulary = load_vocabulary(checkpoint.parent)
    stage: dict[str, Any] = saved["stage"]
    net = Language(Shape(len(vocabulary), stage["head"], stage["embedding"], stage["state"]))
    try:
        net.load_state_dict(saved["average"])
    except RuntimeError as error:
        raise BadInput(f"{checkpoint} is of a network of another size") from error
    made = tensors_of(net, b" ".join(vocabulary.words), b" ".join(vocabulary.pieces))
    LanguageModel({key: value.numpy() for key, value in made.items()})
    curve = (checkpoint.parent / "curve.jsonl").read_text(encoding="utf-8").splitlines()
    config = {
        "commands": stages,
        "trained_on": trained_on,
        "stage": stage,
        "steps_of_last_stage": saved["done"],
        "validation": json.loads(curve[-1]),
    }
    models.save(root / "weights" / folder, config, made)
    return models.add(
        name,
        "crossmodal",
        licence="Apache-2.0",
        trained_on=trained_on,
        command=stages[-1],
        folder=folder,
        root=root,
    )


if __name__ == "__main__":
    command(export, __doc__.splitlines()[0])
