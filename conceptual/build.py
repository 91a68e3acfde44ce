"""From a name and options to the codec: weights loaded and checked."""

from functools import cache
from typing import Any

import torch

from genvc.device import pick
from genvc.errors import BadInput
from genvc.models import full_name, load

from .codec import ConceptualCodec, Decoder, Finish
from .engine import Engine
from .generator import PARTS
from .header import Repaint
from .line_model import LineNetwork
from .model import Conceptual
from .painting import NAMES, Painting
from .textures import KINDS

__all__ = ["ARCHITECTURE", "LINES", "MODEL", "create", "engine_of"]

MODEL = "conceptual-still"
ARCHITECTURE = "conceptual-1"
LINES = "lines."  # the line model's weights among the others: lines.0.weight, lines.0.bias, ...
_KNOWN = ("quality", "bytes", "bitrate", "lines", "regions", "show")


def create(model: str = "", device: str = "auto", **options: Any) -> ConceptualCodec:
    """The codec; options are those of ConceptualCodec and of Painting. Raises BadInput, ModelNotFound."""
    painting = {key: options.pop(key) for key in NAMES if key in options}
    for option in options:
        if option not in _KNOWN:
            known = ", ".join((*_KNOWN, *NAMES))
            raise BadInput(f"codec 'conceptual' has no option '{option}'; it has: {known}")
    name, chosen = full_name(model or MODEL), Painting(**painting)

    def decoder(repaint: Repaint) -> Decoder:
        from .diffusion import DiffusionDecoder

        return DiffusionDecoder(repaint, device)

    def finish() -> Finish:
        from .flow import flow_of

        return flow_of(chosen.painter or "", pick(device), chosen.steps or 1, chosen.seed or 0)

    engine = engine_of(name, pick(device))
    return ConceptualCodec(engine, name, **options, painting=chosen, decoder=decoder, finish=finish)


@cache
def engine_of(name: str, device: torch.device) -> Engine:
    """The networks of a model's full name, ready to run; kept. Raises BadInput, ModelNotFound."""
    config, weights = load(name, "conceptual")
    if config.get("architecture") != ARCHITECTURE:
        raise BadInput(f"{name} is not of the architecture '{ARCHITECTURE}'")
    without = config.get("without", [])
    if not isinstance(without, list) or not set(without) <= set(PARTS):
        raise BadInput(f"{name} says that it was trained without {without!r}")
    texture = config.get("texture", "latents")
    if texture not in KINDS:
        raise BadInput(f"{name} says that its texture layer is {texture!r}")
    own = {key: value for key, value in weights.items() if key.startswith(LINES)}
    try:
        model = Conceptual(without, texture)
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
