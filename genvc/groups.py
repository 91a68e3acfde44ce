"""Frames in groups, for encoders that look ahead over a whole group."""

from collections.abc import Iterable, Iterator

from .types import Frame

__all__ = ["grouped"]


def grouped(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    """Groups of `size` frames; the last one may be a quarter longer instead of leaving a short rest."""
    held: list[Frame] = []
    for frame in frames:
        held.append(frame)
        if len(held) > size + size // 4:
            yield held[:size]
            held = held[size:]
    if held:
        yield held
