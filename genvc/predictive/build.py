"""From a name and options to the codec: weights loaded and checked."""

from functools import cache
from typing import Any

import torch

from ..device import pick
from ..errors import BadInput
from ..models import full_name, load
from .codec import EYE, MODEL, Predictive
from .networks import Networks

__all__ = ["ARCHITECTURE", "create", "networks_of"]

ARCHITECTURE = "predictive-1"
_KNOWN = ("quality", "bitrate", "bytes", "gop", "period", "effort")


def create(model: str = "", device: str = "auto", **options: Any) -> Predictive:
    """The codec; options are those of Predictive. Raises BadInput, ModelNotFound."""
    for option in options:
        if option not in _KNOWN:
            raise BadInput(f"codec 'predictive' has no option '{option}'; it has: {', '.join(_KNOWN)}")
    chosen = pick(device)
    names = full_name(model or MODEL), full_name(model or EYE)
    return Predictive(lambda name: networks_of(name, chosen), names, **options)


@cache
def networks_of(name: str, device: torch.device) -> Networks:
    """The networks of a model's full name, ready to run; kept. Raises BadInput, ModelNotFound."""
    from .model import PARTS
    from .model import Predictive as Model

    config, weights = load(name, "predictive")
    if config.get("architecture") != ARCHITECTURE:
        raise BadInput(f"{name} is not of the architecture '{ARCHITECTURE}'")
    without = config.get("without", [])
    if not isinstance(without, list) or not set(without) <= set(PARTS):
        raise BadInput(f"{name} says that it was trained without {without!r}")
    try:
        model = Model(without)
        model.load_state_dict({key: value.float() for key, value in weights.items()}, strict=True)
    except RuntimeError as error:
        raise BadInput(f"the weights of {name} are not those of a predictive model") from error
    return Networks(model, device)
