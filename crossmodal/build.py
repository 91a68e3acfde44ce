"""Makes a crossmodal codec from a model's name and options."""

from functools import cache
from typing import Any

from genvc import models

from . import paint
from .codec import Captioner, CrossModal, Paint
from .describe import SceneClassifier
from .header import Painter
from .options import Options, chosen

__all__ = ["DEFAULT_MODEL", "build", "classifier"]

DEFAULT_MODEL = "crossmodal-scenes"


def build(model: str, device: str, options: dict[str, Any]) -> CrossModal:
    """The codec; raises BadInput for an option that it does not have or cannot use, ModelNotFound."""
    settings = chosen(options)
    config, tensors = models.load(model or DEFAULT_MODEL, "crossmodal")
    # a header has no room for the name of the model that comes along: version 1 of the packets stands for it
    name = models.full_name(model) if model else ""
    return CrossModal(
        name,
        settings,
        _classifier(config, tensors),
        _painter(config, tensors, device),
        _captioner(settings, device),
        lambda painter: _diffusion(painter, device),
    )


@cache
def classifier() -> SceneClassifier:
    """The default model's."""
    return _classifier(*models.load(DEFAULT_MODEL, "crossmodal"))


def _classifier(config: dict[str, Any], tensors: dict[str, Any]) -> SceneClassifier:
    names = ("weights", "bias", "mean", "spread")
    weights, bias, mean, spread = (tensors[f"describer.{name}"].double().numpy() for name in names)
    return SceneClassifier(weights, bias, mean, spread, float(config["describer"]["sure"]))


def _painter(config: dict[str, Any], tensors: dict[str, Any], device: str) -> Paint:
    if "painter" not in config:
        return paint.painted
    from .decoder import Painting

    return Painting.of(config["painter"], tensors, device)


def _captioner(settings: Options, device: str) -> Captioner | None:
    if not settings.captioner:
        return None
    from .captioner import TransformersCaptioner

    return TransformersCaptioner(settings.captioner, device)


def _diffusion(painter: Painter, device: str) -> Paint:
    from .diffusion import DiffusionPainter

    return DiffusionPainter(painter, device)
