"""From a checkpoint to a model that texts can be coded with: weights in half precision, words and tables."""

from pathlib import Path
from typing import Any

from genvc import models
from genvc.errors import BadInput
from genvc.training.exporting import command, listed, record
from genvc.training.run import saved

from ..language import LanguageModel
from . import counting
from .network import Language, Shape
from .vocabulary import load as load_vocabulary
from .weights import tensors_of

__all__ = ["export"]


def export(
    checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str
) -> models.Model:
    """Add the checkpoint's averaged weights to the collection of models below `root`.

    stages: the commands that trained it, in order. Vocabulary, counts and validation curve lie beside the
    checkpoint. folder: below weights/; another one for each version.
    """
    held = saved(checkpoint)
    vocabulary = load_vocabulary(checkpoint.parent)
    stage: dict[str, Any] = held["stage"]
    net = Language(Shape(len(vocabulary), stage["head"], stage["embedding"], stage["state"]))
    try:
        net.load_state_dict(held["average"])
    except RuntimeError as error:
        raise BadInput(f"{checkpoint} is of a network of another size") from error
    made = tensors_of(
        net, b" ".join(vocabulary.words), b" ".join(vocabulary.pieces), counting.load(checkpoint.parent)
    )
    LanguageModel({key: value.numpy() for key, value in made.items()})
    config = record(checkpoint, held, stages, trained_on)
    return listed("crossmodal", config, made, root, name, folder)


if __name__ == "__main__":
    command(export, __doc__.splitlines()[0])
