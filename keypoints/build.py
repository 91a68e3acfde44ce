"""Makes a keypoints codec from a model's name and options."""

from dataclasses import fields
from typing import Any

import torch

from genvc import device as devices
from genvc import models
from genvc.errors import BadInput

from .codec import KeyPoints, Options
from .generator import Generator, size_of
from .maps import Outlines
from .mesh import Mesh
from .painter import Painter
from .structure import FaceBasis
from .texture import texture_of

__all__ = ["DEFAULT_MODEL", "build"]

DEFAULT_MODEL = "keypoints-people"


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
    place = devices.pick(device)
    return KeyPoints(
        FaceBasis(mean, basis, int(config["expression"])),
        mesh,
        models.full_name(name),
        place,
        chosen,
        _painter(config, tensors, place),
    )


def _painter(config: dict[str, Any], tensors: dict[str, torch.Tensor], device: torch.device) -> Painter:
    """With the model's generator, if it has one, and the one for heads of the model it names.

    Raises BadInput for one that does not fit its config, ModelNotFound.
    """
    if "generator" not in config:
        return Painter(device, None, None)
    rings = {
        key.removeprefix("outline."): one.long().numpy()
        for key, one in tensors.items()
        if key.startswith("outline.")
    }
    heads = None
    if "heads" in config:
        if not isinstance(config["heads"], str):
            raise BadInput(f"the model's config names no model for heads: {config['heads']!r}")
        other, weights = models.load(config["heads"], "keypoints")
        if "generator" not in other:
            raise BadInput(f"the model for heads, {config['heads']}, has no generator")
        heads = _generator(other, weights)
    return Painter(device, _generator(config, tensors), Outlines.of(rings), heads)


def _generator(config: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Generator:
    """Raises BadInput for weights that do not fit the config."""
    generator = Generator(size_of(config["generator"]), texture_of(config))
    prefix = "generator."
    try:
        generator.load_state_dict(
            {key.removeprefix(prefix): one.float() for key, one in tensors.items() if key.startswith(prefix)}
        )
    except RuntimeError as error:
        raise BadInput("the model's weights do not fit its generator's size") from error
    return generator
