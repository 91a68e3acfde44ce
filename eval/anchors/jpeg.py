"""JPEG by libjpeg-turbo: progressive, optimised Huffman tables, 4:2:0."""

from collections.abc import Mapping
from typing import Any

from .still import StillRecipe

__all__ = ["create"]


def options(step: int) -> Mapping[str, Any]:
    """Quality 95 down to 1."""
    return {"quality": 95 - step, "progressive": True, "optimize": True, "subsampling": "4:2:0"}


create = StillRecipe("jpeg", "JPEG", options, 94).create
