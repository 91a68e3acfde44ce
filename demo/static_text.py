"""The text of a file that comes with the demo."""

from pathlib import Path

__all__ = ["static_text"]


def static_text(name: str) -> str:
    """The file of that name in the folder static."""
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")
