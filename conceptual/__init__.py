"""The codec `conceptual`: still pictures below 0.1 bit a pixel as lines, texture codes and a generator."""

from typing import Any

__all__ = ["create"]


def create(model: str = "", device: str = "auto", **options: Any) -> Any:
    """The codec; see build.create. Imports torch only now."""
    from .build import create as made

    return made(model, device, **options)
