"""From a checkpoint and a line network to a model that streams can name."""

from pathlib import Path

import torch

from genvc import models
from genvc.training.exporting import command, listed, record
from genvc.training.run import saved

from ..build import ARCHITECTURE, LINES
from ..flow import ARCHITECTURE as FLOW
from ..flow import SIZE
from .tables import FILE, load

__all__ = ["export"]


def export(
    checkpoint: Path, root: Path, name: str, folder: str, stages: list[str], trained_on: str
) -> models.Model:
    """Add the checkpoint's averaged weights to the collection of models below `root`.

    stages: the commands that trained it, in order. The validation curve and the line network (stage tables)
    lie beside the checkpoint. folder: below weights/; another one for each version.
    """
    held = saved(checkpoint)
    config = record(checkpoint, held, stages, trained_on)
    if held["stage"]["name"] == "flow":
        config |= {"architecture": FLOW, "network": SIZE}
        config["validation"] = {key: one for key, one in config["validation"].items() if "/" in key}
        tensors = {key: value.half() for key, value in held["average"].items()}
        return listed("conceptual", config, tensors, root, name, folder)
    config |= {
        "architecture": ARCHITECTURE,
        "without": held["stage"].get("without", []),
        "texture": held["stage"].get("texture", "latents"),
        "validation": {key: value for key, value in config["validation"].items() if "/" in key},
    }
    tensors = {key: value.half() for key, value in held["average"].items()}
    for number, (matrix, bias) in enumerate(load(checkpoint.with_name(FILE)).layers):
        # whole numbers of 20 bits, which half precision would round
        tensors[f"{LINES}{number}.weight"] = torch.from_numpy(matrix).int().contiguous()
        tensors[f"{LINES}{number}.bias"] = torch.from_numpy(bias).int().contiguous()
    return listed("conceptual", config, tensors, root, name, folder)


if __name__ == "__main__":
    command(export, __doc__.splitlines()[0])
