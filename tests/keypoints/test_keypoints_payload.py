"""A packet's two parts and the header's params come back as they were, and nothing else comes in."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genvc.errors import CorruptStream, Unsupported
from genvc.inner import Inner
from keypoints import header, payload

PIXELS = [0, 1, 2, 126, 127, 128, 129, 197, 198, 199, 200, 201, 16383, 16384]


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("numbers", [0, 1, 2, *range(190, 211)])
def test_split_undoes_join_around_the_short_limit(key: bool, numbers: int) -> None:
    coded = bytes(range(1, 251))[:numbers]
    for size in PIXELS:
        pixels = b"\xaa" * size
        found = payload.split(payload.join(pixels, coded, key), key)
        assert found[0] == pixels
        assert found[1].rstrip(b"\0") == coded


def test_a_packet_that_only_moves_things_is_nothing_but_numbers() -> None:
    assert payload.join(b"", b"\x07" * 199, False) == b"\x07" * 199
    assert payload.split(b"\x07" * 199, False) == (b"", b"\x07" * 199)


@settings(deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_split_or_are_corrupt(data: bytes, key: bool) -> None:
    try:
        pixels, numbers = payload.split(data, key)
    except CorruptStream:
        return
    assert len(pixels) + len(numbers) <= len(data)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x05abcd", b"\xff" * 9, b"\xff\xff\xff\xff\x7f"])
def test_a_picture_longer_than_its_packet_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptStream):
        payload.split(data, True)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789._@+-", max_size=64)


@settings(deadline=None)
@given(NAMES, NAMES, st.binary(max_size=300))
def test_unpack_undoes_pack(codec: str, model: str, params: bytes) -> None:
    key = Inner(codec, model, params)
    assert header.unpack(header.pack(key)) == key


def test_params_of_a_later_version_are_refused_by_number() -> None:
    later = bytes([header.VERSION + 1]) + header.pack(Inner("avif", "", b""))[1:]
    with pytest.raises(Unsupported, match=str(header.VERSION + 1)):
        header.unpack(later)


def test_params_cut_anywhere_or_too_long_are_corrupt() -> None:
    whole = header.pack(Inner("avif", "some-model@01234567", b"\1\2\3"))
    for end in range(len(whole)):
        with pytest.raises(CorruptStream):
            header.unpack(whole[:end])
    with pytest.raises(CorruptStream):
        header.unpack(whole + b"\0")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_any_params_are_understood_or_refused(params: bytes) -> None:
    with contextlib.suppress(CorruptStream, Unsupported):
        header.unpack(params)
