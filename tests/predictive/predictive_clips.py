"""Clips through the codec."""

from collections.abc import Callable
from fractions import Fraction

from genvc.predictive.codec import Predictive
from genvc.types import Frame

FPS = Fraction(25)


Make = Callable[..., Predictive]


def coded(codec: Predictive, frames: list[Frame]) -> tuple[list[bytes], list[Frame], list[bool]]:
    high, wide = frames[0].rgb.shape[:2]
    info = codec.describe(wide, high, FPS)
    packets = list(codec.encode(iter(frames), info))
    return [p.payload for p in packets], list(codec.decode(packets, info)), [p.key for p in packets]
