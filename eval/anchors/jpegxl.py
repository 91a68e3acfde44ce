"""JPEG XL by libjxl, where Pillow has it: VarDCT at effort 7."""

from collections.abc import Mapping
from typing import Any

from .still import StillRecipe

__all__ = ["create"]


def options(step: int) -> Mapping[str, Any]:
    """Quality 99 down to 1."""
    return {"quality": 99 - step, "effort": 7}


create = StillRecipe("jpegxl", "JXL", options, 98).create
