"""What is special to the codec `avif`: its rate options."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import genvc
from genvc.errors import BadInput, CorruptStream, ModelNotFound
from genvc.types import StreamInfo

FPS = Fraction(10)


def sizes(make_clip: Any, **options: Any) -> list[int]:
    codec = genvc.create("avif", speed=9, **options)
    info = codec.describe(96, 80, FPS)
    return [len(packet.payload) for packet in codec.encode(make_clip(96, 80, 4), info)]


def test_quality_orders_sizes(make_clip: Any) -> None:
    low, default, high = (sum(sizes(make_clip, **given)) for given in ({"quality": 5}, {}, {"quality": 90}))
    assert low < default < high


def test_bytes_are_a_limit_for_each_picture(make_clip: Any) -> None:
    assert all(200 < size <= 400 for size in sizes(make_clip, bytes=400))


def test_a_bitrate_counts_the_container(make_clip: Any, tmp_path: Any) -> None:
    from genvc import container

    codec = genvc.create("avif", speed=9, bitrate=32000)
    info = codec.describe(96, 80, FPS)
    frames = make_clip(96, 80, 10)
    summary = container.write(tmp_path / "a.gvc", info, codec.encode(frames, info))
    assert 0.8 * 4000 < summary.bytes <= 4100


def test_every_packet_is_a_key(make_clip: Any) -> None:
    codec = genvc.create("avif", speed=9)
    info = codec.describe(32, 24, FPS)
    assert all(packet.key for packet in codec.encode(make_clip(32, 24, 3), info))


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 101},
        {"quality": 50.5},
        {"quality": True},
        {"bytes": 0},
        {"bitrate": "fast"},
        {"bitrate": float("nan")},
        {"speed": 99},
        {"subsampling": 420},
        {"quality": 50, "bytes": 500},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="codec 'avif'"):
        genvc.create("avif", **options)


def test_it_has_no_models() -> None:
    with pytest.raises(ModelNotFound):
        genvc.create("avif", model="large")


def test_parameters_from_elsewhere_are_corrupt() -> None:
    info = StreamInfo("avif", "", 8, 8, FPS, b"unknown")
    with pytest.raises(CorruptStream):
        list(genvc.create("avif").decode([], info))


def test_a_frame_of_another_size_is_refused(make_clip: Any) -> None:
    codec = genvc.create("avif", speed=9)
    info = codec.describe(32, 24, FPS)
    with pytest.raises(BadInput, match="16x16"):
        list(codec.encode([genvc.Frame(np.zeros((16, 16, 3), np.uint8), 0)], info))
