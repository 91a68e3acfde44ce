"""keypoints: a talking head as reference pictures, key points and coarse motion, at 2 to 20 kbit/s."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genvc.types import Codec

__all__ = ["create"]


def create(model: str = "", device: str = "auto", **options: Any) -> "Codec":
    """The codec; options as in codec.Options. Raises BadInput, ModelNotFound."""
    from .build import build

    return build(model, device, options)
