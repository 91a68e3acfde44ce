"""The codec `predictive`: learned intra and predicted pictures, for any content, at any rate."""

from typing import Any

__all__ = ["create"]


def create(model: str = "", device: str = "auto", **options: Any) -> Any:
    """The codec; see build.create. Imports torch only now."""
    from .build import create as made

    return made(model, device, **options)
