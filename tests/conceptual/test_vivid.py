"""Stills with stronger colours than the picture's: which, and that they come back."""

from dataclasses import replace

import numpy as np
import pytest
from conceptual_scenes import scene

from conceptual.engine import Engine, Plan
from conceptual.syntax import joined, parted_sections
from conceptual.textures import decoded_still, encoded_still
from genvc.errors import CorruptStream
from genvc.media import decode_still_av1, encode_still_av1
from genvc.types import Picture


def faint(strength: float) -> Picture:
    """A scene with so much of its colours."""
    rgb = scene(64, 96).astype(float)
    grey = rgb @ (0.299, 0.587, 0.114)
    return np.clip(96 + 0.3 * (grey - 128)[..., None] + strength * (rgb - grey[..., None]), 0, 255).astype(
        np.uint8
    )


def chroma_error(one: Picture, other: Picture) -> float:
    first, second = (rgb - rgb.mean(2, keepdims=True) for rgb in (one.astype(float), other.astype(float)))
    return float(np.square(first - second).mean())


def test_faint_colours_are_coded_stronger_and_come_back_better() -> None:
    rgb = faint(0.3)
    data, vivid = encoded_still(rgb, 4)
    assert vivid == 2
    shown = decoded_still(data, 96, 64, vivid)
    plain = decode_still_av1(encode_still_av1(rgb, 4), 96, 64)
    assert chroma_error(rgb, shown) < 0.85 * chroma_error(rgb, plain)
    assert np.abs(shown.mean((0, 1)) - rgb.mean((0, 1))).max() < 4


def test_colours_that_would_leave_their_range_stay_as_they_are() -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:32, :, 0] = 250
    rgb[32:, :, 2] = 250
    data, vivid = encoded_still(rgb, 30)
    assert vivid == 0
    assert np.array_equal(decoded_still(data, 64, 64, 0), decode_still_av1(data, 64, 64))


def test_grey_stays_grey() -> None:
    rgb = np.repeat(faint(0)[..., :1], 3, 2)
    data, vivid = encoded_still(rgb, 60)
    assert vivid == 2
    assert np.ptp(decoded_still(data, 96, 64, vivid).astype(int), 2).max() <= 1


def test_a_strength_that_there_is_not_is_a_broken_stream(engine: Engine) -> None:
    parts = parted_sections(engine.encode(scene(64, 96), Plan(8, 5, 0.0, 1)))
    broken = joined(replace(parts, vivid=3))
    assert parted_sections(broken).vivid == 3
    with pytest.raises(CorruptStream):
        engine.read(broken, 96, 64)
