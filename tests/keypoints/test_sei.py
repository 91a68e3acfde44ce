"""Generative face video SEI messages: points within an eighth of a pixel, and a way back without loss."""

import contextlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvc import container
from genvc.cli import run
from genvc.errors import BadInput, CorruptStream, Unsupported
from genvc.types import Picture
from keypoints import sei
from keypoints.moments import read as moments_of
from keypoints.structure import FaceBasis, Structure


@pytest.fixture(scope="module")
def stream(talk: list[Picture], code: Callable[..., Any]) -> Any:
    return code(talk[:8], Fraction(30), bitrate=12_000)


@pytest.fixture(scope="module")
def exported(stream: Any, basis: FaceBasis) -> bytes:
    moments = moments_of(stream.packets, stream.info, basis)
    return b"".join(sei.written(sei.messages(moments, basis, 176, 144)))


def test_messages_say_where_the_points_are(stream: Any, exported: bytes, basis: FaceBasis) -> None:
    found = list(sei.parsed(exported))
    moments = list(moments_of(stream.packets, stream.info, basis))
    assert [message.base for message in found] == [True] + [False] * 7
    first = moments[0].reference
    assert first is not None
    assert first.structure is not None
    for message, moment in zip(found, moments, strict=True):
        assert moment.picture.structure is not None
        points = basis.points(Structure(moment.picture.structure, first.structure.identity), 144)
        x = (message.points[:, 0] / 2048 + 1) * 176 / 2 - 0.5
        y = (message.points[:, 1] / 2048 + 1) * 144 / 2 - 0.5
        assert np.abs(np.stack([x, y], 1) - points[:, :2]).max() < 0.05


def test_the_bits_are_those_of_the_standard(exported: bytes) -> None:
    """The head of a base picture's message, field by field."""
    assert exported[0] == 223
    at = 1
    while exported[at] == 255:
        at += 1
    head = "".join(format(byte, "08b") for byte in exported[at + 1 : at + 8])
    #                  id  cnt base nn chroma low coord pred precision-1 points-1
    assert head.startswith("1110001000010110000000011101111011")


def test_what_was_exported_is_imported_without_loss(stream: Any, tmp_path: Path) -> None:
    with (tmp_path / "in.gvc").open("wb") as file:
        container.write(file, stream.info, stream.packets)
    path = {name: str(tmp_path / name) for name in ("in.gvc", "still.gvc", "points.sei", "out.gvc")}
    assert run(["sei", path["in.gvc"], path["points.sei"]]) == 0
    assert run(["edit", path["in.gvc"], path["still.gvc"], "--freeze"]) == 0
    assert run(["sei", path["still.gvc"], path["out.gvc"], "--import", path["points.sei"]]) == 0
    packets = {name: list(container.Reader(Path(path[name])).packets()) for name in path if ".gvc" in name}
    assert packets["out.gvc"] == packets["in.gvc"] != packets["still.gvc"]


def test_messages_of_another_stream_are_refused(stream: Any, exported: bytes, basis: FaceBasis) -> None:
    moments = list(moments_of(stream.packets, stream.info, basis))
    found = list(sei.parsed(exported))
    with pytest.raises(BadInput, match="not those"):
        list(sei.placed(moments, found[:5], basis))
    with pytest.raises(BadInput, match="more"):
        list(sei.placed(moments[:5], found, basis))


def test_other_messages_are_passed_over(exported: bytes) -> None:
    other = bytes([137, 3, 1, 2, 3])
    assert len(list(sei.parsed(other + exported + other))) == 8


def test_messages_cut_anywhere_are_refused(exported: bytes) -> None:
    first = next(end for end in range(2, len(exported)) if exported[end] == 223 and end > 1000)
    for end in range(1, first, 97):
        with pytest.raises((CorruptStream, Unsupported)):
            list(sei.parsed(exported[:end]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_noise_is_refused_or_understood(data: bytes) -> None:
    with contextlib.suppress(CorruptStream, Unsupported):
        list(sei.parsed(bytes([223, len(data) % 255]) + data))
