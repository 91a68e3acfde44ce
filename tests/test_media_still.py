"""Bare AV1 stills: tight, exact in size, and safe against any bytes."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from genvc import media
from genvc.errors import BadInput, CorruptStream, Unsupported


def picture(width: int, height: int) -> Any:
    down, across = np.mgrid[0:height, 0:width]
    parts = [across * 255 // max(1, width), down * 255 // max(1, height), 128 + 60 * np.sin(across / 5)]
    return np.stack(np.broadcast_arrays(*parts), axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def payload() -> bytes:
    return media.encode_still_av1(picture(64, 48), 50, speed=8)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize(("width", "height"), [(64, 48), (53, 37), (1, 1), (7, 1), (130, 65), (257, 3)])
def test_any_size_comes_back(width: int, height: int, subsampling: str) -> None:
    source = picture(width, height)
    payload = media.encode_still_av1(source, 95, speed=8, subsampling=subsampling)
    decoded = media.decode_still_av1(payload, width, height)
    assert decoded.shape == source.shape
    assert decoded.dtype == np.uint8
    if min(width, height) > 8:
        assert np.abs(decoded.astype(int) - source).mean() < 4


def test_a_payload_is_an_avif_file_without_its_boxes() -> None:
    source = picture(256, 256)
    file = io.BytesIO()
    tuning = {"tune": "psnr"}
    Image.fromarray(source).save(
        file, "AVIF", quality=40, speed=6, codec="aom", max_threads=1, autotiling=False, advanced=tuning
    )
    payload = media.encode_still_av1(source, 40, speed=6, advanced=tuning)
    # the same frame is in both, and around it there are 280 bytes more in the file
    assert payload[1:] in file.getvalue()
    assert len(file.getvalue()) - len(payload) > 280
    by_pillow = np.asarray(Image.open(file).convert("RGB")).astype(int)
    decoded = media.decode_still_av1(payload, 256, 256)
    assert np.abs(decoded - by_pillow).mean() < 0.5


def test_more_quality_is_more_bytes_and_less_error() -> None:
    source = picture(96, 80)
    sizes, errors = [], []
    for quality in (0, 30, 60, 90):
        payload = media.encode_still_av1(source, quality, speed=8)
        sizes.append(len(payload))
        decoded = media.decode_still_av1(payload, 96, 80)
        errors.append(np.square(decoded.astype(float) - source).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_the_size_search_finds_the_best_that_fits() -> None:
    source = picture(96, 80)
    sizes = [len(media.encode_still_av1(source, quality, speed=9)) for quality in range(101)]
    for limit in (sizes[20] + 1, sizes[50], 3000, 10**6):
        for guess in (0, 50, 100):
            payload, quality = media.encode_still_av1_to_size(source, limit, speed=9, first_guess=guess)
            assert len(payload) == sizes[quality] <= limit
            # the next quality would not have fitted
            assert quality == 100 or sizes[quality + 1] > limit


def test_a_size_that_cannot_be_reached_gives_the_smallest() -> None:
    payload, quality = media.encode_still_av1_to_size(picture(96, 80), 10, speed=9)
    assert quality == 0
    assert payload == media.encode_still_av1(picture(96, 80), 0, speed=9)
    assert len(payload) > 10


def test_the_other_size_than_encoded_is_no_crash(payload: bytes) -> None:
    for width, height in ((32, 32), (128, 128), (63, 48), (1, 1)):
        with contextlib.suppress(CorruptStream):
            assert media.decode_still_av1(payload, width, height).shape == (height, width, 3)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200))
def test_noise_is_a_picture_or_corrupt(data: bytes) -> None:
    with contextlib.suppress(CorruptStream):
        assert media.decode_still_av1(data, 40, 24).shape == (24, 40, 3)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.integers(0, 10**6))
def test_damage_is_a_picture_or_corrupt(payload: bytes, place: int, bit: int, cut: int) -> None:
    damaged = bytearray(payload)
    damaged[place % len(damaged)] ^= 1 << bit
    for data in (bytes(damaged), payload[: cut % len(payload)]):
        with contextlib.suppress(CorruptStream):
            assert media.decode_still_av1(data, 64, 48).shape == (48, 64, 3)


def test_bytes_cannot_ask_for_a_bigger_picture(payload: bytes) -> None:
    # a whole AV1 stream of 4096x4096 in place of the frame: its own size does not count
    big = media.encode_still_av1(np.zeros((2048, 2048, 3), np.uint8), 10, speed=10)
    with contextlib.suppress(CorruptStream):
        assert media.decode_still_av1(big, 16, 16).shape == (16, 16, 3)
    with pytest.raises(Unsupported):
        media.decode_still_av1(payload, 100000, 100000)


@pytest.mark.parametrize("data", [b"", b"\x36", b"\x36\x00", b"\xff" * 50, b"GVC\x01" * 20])
def test_what_is_no_picture_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptStream):
        media.decode_still_av1(data, 64, 48)


def test_options_out_of_range_are_refused() -> None:
    source = picture(16, 16)
    for named in ({"speed": 11}, {"subsampling": "4:1:1"}, {"advanced": {"no-such-option": "1"}}):
        with pytest.raises(BadInput):
            media.encode_still_av1(source, 50, **named)  # type: ignore[arg-type]
    for quality in (-1, 101):
        with pytest.raises(BadInput, match="quality"):
            media.encode_still_av1(source, quality)
    with pytest.raises(BadInput, match="uint8"):
        media.encode_still_av1(source.astype(np.float32), 50)


def test_stored_bytes_still_decode() -> None:
    """Written by libaom 3.14 through Pillow: picture(24, 16) at quality 60."""
    stored = bytes.fromhex(
        "3016400002404a2dff19d44979fd24da27684dbbb83dcd54458d328860bfaa5c4ff48325e887de7a70d680"
    )
    decoded = media.decode_still_av1(stored, 24, 16)
    assert np.abs(decoded.astype(int) - picture(24, 16)).mean() < 2.2
    assert np.abs(decoded.mean(axis=(0, 1)) - [121.2, 119.6, 139.8]).max() < 0.3
