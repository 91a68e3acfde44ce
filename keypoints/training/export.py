"""From a checkpoint to a model that streams can name: the face basis and the generator in one file."""

from pathlib import Path

import torch

from genvc import models
from genvc.errors import BadInput
from genvc.training.exporting import command, listed, record
from genvc.training.run import saved

from ..detector import outlines
from ..generator import SIZES, Generator, plain

__all__ = ["export"]

_BASIS = "face-basis"


def export(
    checkpoint: Path,
    root: Path,
    name: str,
    folder: str,
    stages: list[str],
    trained_on: str,
    heads: str = "",
) -> models.Model:
    """Add the checkpoint's averaged weights to the collection of models below `root`.

    stages: the commands that trained it, in order. The validation curve beside the checkpoint goes into
    the config. folder: below weights/; another one for each version. heads: the model whose generator paints
    talking heads, where that is not this one's. Raises BadInput, ModelNotFound.
    """
    held = saved(checkpoint)
    size = SIZES[held["stage"]["size"]]
    texture = held["stage"].get("texture")
    try:
        Generator(size, texture).load_state_dict(held["average"])
    except RuntimeError as error:
        raise BadInput(f"{checkpoint} is of a generator of another size than '{size}'") from error
    config, tensors = models.load(_BASIS, "keypoints")
    if texture:
        config["texture"] = list(texture)
    config |= {"generator": plain(size), **record(checkpoint, held, stages, trained_on)}
    if heads:
        config["heads"] = models.full_name(heads)
    tensors |= {"generator." + key: value.half() for key, value in held["average"].items()}
    tensors |= {"outline." + key: torch.from_numpy(ring).short() for key, ring in outlines().items()}
    return listed("keypoints", config, tensors, root, name, folder)


if __name__ == "__main__":
    command(export, __doc__.splitlines()[0], {"heads": "the model whose generator paints talking heads"})
