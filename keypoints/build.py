"""Makes a keypoints codec from a model's name and options."""

from dataclasses import fields
from typing import Any

from genvc import device as devices
from genvc import models
from genvc.errors import BadInput

from .codec import KeyPoints, Options
from .mesh import Mesh
from .structure import FaceBasis

__all__ = ["DEFAULT_MODEL", "build"]

DEFAULT_MODEL = "face-basis"


def build(model: str, device: str, options: dict[str, Any]) -> KeyPoints:
    """The codec; raises BadInput for an option that it does not have or cannot use, ModelNotFound."""
    known = [field.name for field in fields(Options)]
    for name in options:
        if name not in known:
            raise BadInput(f"codec 'keypoints' has no option '{name}'; it has: {', '.join(known)}")
    chosen = Options(**options)
    name = model or DEFAULT_MODEL
    config, tensors = models.load(name, "keypoints")
    mean, basis = tensors["mean"].double().numpy(), tensors["basis"].double().numpy()
    mesh = Mesh(*(tensors[key].long().numpy() for key in ("triangles", "mouth", "left_eye", "right_eye")))
    return KeyPoints(
        FaceBasis(mean, basis, int(config["expression"])),
        mesh,
        models.full_name(name),
        devices.pick(device),
        chosen,
    )
