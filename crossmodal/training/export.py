"""Makes the model that ships out of the describer's numbers and the painter's checkpoint.

python -m crossmodal.training.export --describer FOLDER --painter CHECKPOINT --name NAME --out genvc
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genvc import models
from genvc.training.run import saved

from .describer import SURE

__all__ = ["main"]


def main() -> None:
    """Write the model's folder and its line in the table, and print its full name."""
    parser = argparse.ArgumentParser(description="export the model of crossmodal")
    parser.add_argument("--describer", type=Path, required=True, help="folder with describer.npz")
    parser.add_argument("--painter", type=Path, help="checkpoint of the painter, if one was trained")
    parser.add_argument("--name", required=True)
    parser.add_argument("--command", default="", help="what trained the painter")
    parser.add_argument("--trained-on", default="265 captioned photos (describer)")
    parser.add_argument("--out", type=Path, required=True, help="the collection of models to add to")
    chosen = parser.parse_args()
    command = "python -m crossmodal.training.describer --data $GENVC_DATA --out run/describer"
    config: dict[str, Any] = {
        "describer": {"sure": SURE, "command": command},
        "purpose": "research; not for decisions about people",
    }
    with np.load(chosen.describer / "describer.npz") as parts:
        tensors = {f"describer.{name}": torch.from_numpy(parts[name]).float() for name in parts.files}
    if chosen.painter is not None:
        from ..decoder import settings_of

        held = saved(chosen.painter)
        config["painter"] = {**settings_of(held), "command": chosen.command, "stage": held["stage"]}
        tensors |= {f"painter.{name}": one.half() for name, one in held["average"].items()}
    models.save(chosen.out / "weights" / chosen.name, config, tensors)
    made = models.add(
        chosen.name,
        "crossmodal",
        licence="Apache-2.0",
        trained_on=chosen.trained_on,
        command=chosen.command or command,
        root=chosen.out,
    )
    print(made.full_name)


if __name__ == "__main__":
    main()
