"""From a checkpoint to a model that streams can name: half-precision weights, config, a line in the table."""

from pathlib import Path

from ... import models
from ...training.exporting import command, listed, record
from ...training.run import saved
from ..build import ARCHITECTURE

__all__ = ["export"]


def export(
    checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str
) -> models.Model:
    """Add the checkpoint's averaged weights to the collection of models below `root`.

    stages: the commands that trained it, in order. The validation curve beside the checkpoint goes into
    the config. folder: below weights/; another one for each version.
    """
    held = saved(checkpoint)
    config = record(checkpoint, held, stages, trained_on)
    config |= {
        "architecture": ARCHITECTURE,
        "without": held["stage"].get("without", []),
        "validation": {key: value for key, value in config["validation"].items() if key.isdigit()},
    }
    tensors = {key: value.half() for key, value in held["average"].items()}
    return listed("predictive", config, tensors, root, name, folder)


if __name__ == "__main__":
    command(export, __doc__.splitlines()[0])
