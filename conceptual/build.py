"""From a name and options to the codec: weights loaded and checked."""

from functools import cache
from typing import Any

import torch

from genvc.device import pick
from genvc.errors import BadInput
from genvc.models import full_name, load

from .codec import ConceptualCodec
from .engine import Engine
from .generator import PARTS
from .line_model import LineNetwork
from .model import Conceptual

__all__ = ["ARCHITECTURE", "LINES", "MODEL", "create", "engine_of"]

MODEL = "conceptual"
ARCHITECTURE = "conceptual-1"
LINES = "lines."  # the line model's weights among the others: lines.0.weight, lines.0.bias, ...
_KNOWN = ("quality", "bytes", "bitrate", "lines", "regions", "show")


def create(model: str = "", device: str = "auto", **options: Any) -> ConceptualCodec:
    """The codec; options are those of ConceptualCodec. Raises BadInput, ModelNotFound."""
    for option in options:
        if option not in _KNOWN:
            raise BadInput(f"codec 'conceptual' has no option '{option}'; it has: {', '.join(_KNOWN)}")
    name = full_name(model or MODEL)
    return ConceptualCodec(engine_of(name, pick(device)), name, **options)


@cache
def engine_of(name: str, device: torch.device) -> Engine:
    """The networks of a model's full name, ready to run; kept. Raises BadInput, ModelNotFound."""
    config, weights = load(name, "conceptual")
    if config.get("architecture") != ARCHITECTURE:
        raise BadInput(f"{name} is not of the architecture '{ARCHITECTURE}'")
    without = config.get("without", [])
    if not isinstance(without, list) or not set(without) <= set(PARTS):
        raise BadInput(f"{name} says that it was trained without {without!r}")
    own = {key: value for key, value in weights.items() if key.startswith(LINES)}
    try:
        model = Conceptual(without)
        rest = {key: value.float() for key, value in weights.items() if key not in own}
        model.load_state_dict(rest, strict=True)
        lines = _line_network(own)
    except (RuntimeError, KeyError) as error:
        raise BadInput(f"the weights of {name} are not those of a conceptual model") from error
    return Engine(model, lines, device)


def _line_network(weights: dict[str, torch.Tensor]) -> LineNetwork:
    layers = []
    for number in range(len(weights) // 2):
        pair = (weights[f"{LINES}{number}.{part}"] for part in ("weight", "bias"))
        matrix, bias = (one.double().numpy() for one in pair)
        layers.append((matrix, bias))
    return LineNetwork(tuple(layers))
