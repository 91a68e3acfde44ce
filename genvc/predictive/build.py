"""From a name and options to the codec: weights loaded and checked."""

from typing import Any

from ..device import pick
from ..errors import BadInput
from ..models import full_name, load
from .codec import MODEL, Predictive

__all__ = ["ARCHITECTURE", "create"]

ARCHITECTURE = "predictive-1"
_KNOWN = ("quality", "bitrate", "bytes", "gop", "period", "effort")


def create(model: str = "", device: str = "auto", **options: Any) -> Predictive:
    """The codec; options are those of Predictive. Raises BadInput, ModelNotFound."""
    for name in options:
        if name not in _KNOWN:
            raise BadInput(f"codec 'predictive' has no option '{name}'; it has: {', '.join(_KNOWN)}")
    from .model import Predictive as Networks_
    from .networks import Networks

    name = full_name(model or MODEL)
    config, weights = load(name, "predictive")
    if config.get("architecture") != ARCHITECTURE:
        raise BadInput(f"{name} is not of the architecture '{ARCHITECTURE}'")
    networks = Networks_()
    try:
        networks.load_state_dict({key: value.float() for key, value in weights.items()}, strict=True)
    except RuntimeError as error:
        raise BadInput(f"the weights of {name} are not those of a predictive model") from error
    return Predictive(Networks(networks, pick(device)), name, **options)
