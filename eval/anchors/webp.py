"""WebP by libwebp: lossy, the slowest method."""

from collections.abc import Mapping
from typing import Any

from .still import StillRecipe

__all__ = ["create"]


def options(step: int) -> Mapping[str, Any]:
    """Quality 100 down to 0."""
    return {"quality": 100 - step, "method": 6}


create = StillRecipe("webp", "WEBP", options, 100).create
