"""crossmodal: a picture as a sentence, a few colours and a sketch, in some hundred bytes."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genvc.types import Codec

__all__ = ["create"]


def create(model: str = "", device: str = "auto", **options: Any) -> "Codec":
    """The codec; options as in codec.Options. Raises BadInput, ModelNotFound."""
    from .build import build

    return build(model, device, options)
