"""What every registered codec has to do; a codec is tested by being registered.

Anchors (codecs marked `elementary`, which stand for other formats) may let their decoder wait for later
packets and may refuse noise in their own way; all else holds for them too.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genvc
from genvc import container, media
from genvc.errors import BadInput, CodecNotFound, CorruptStream, GenvcError, ModelNotFound, Unsupported
from genvc.types import Codec, Frame, Packet, StreamInfo

FPS = Fraction(25)
COUNT = 6
SIZES = [(64, 64), (96, 80), (75, 67), (130, 66)]
CODECS = genvc.codec_names()


@pytest.fixture(scope="module", params=CODECS)
def codec(request: pytest.FixtureRequest) -> Codec:
    try:
        made = genvc.create(request.param, device="cpu")
        # one that only decodes here (no encoder on this machine) says so now
        blank = Frame(np.zeros((64, 64, 3), np.uint8), 0)
        list(made.encode([blank], made.describe(64, 64, FPS)))
    except (ModelNotFound, Unsupported) as error:
        pytest.skip(str(error))
    return made


def is_anchor(codec: Codec) -> bool:
    return bool(getattr(codec, "elementary", False))


def described(codec: Codec, width: int, height: int) -> StreamInfo:
    try:
        return codec.describe(width, height, FPS)
    except Unsupported as error:
        pytest.skip(str(error))


def encoded(codec: Codec, frames: list[Frame]) -> tuple[StreamInfo, list[Packet]]:
    height, width = frames[0].rgb.shape[:2]
    info = described(codec, width, height)
    return info, list(codec.encode(iter(frames), info))


def psnr(frame: Frame, other: Frame) -> float:
    error = np.square(frame.rgb.astype(float) - other.rgb).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_frames_come_back_in_number_size_time_and_likeness(
    codec: Codec, make_clip: Any, width: int, height: int
) -> None:
    frames = [Frame(frame.rgb, frame.pts + 3 * (frame.pts > 2)) for frame in make_clip(width, height, COUNT)]
    info, packets = encoded(codec, frames)
    assert (info.width, info.height, info.fps) == (width, height, FPS)
    assert info.codec in CODECS
    assert packets[0].key
    assert sorted(packet.pts for packet in packets if packet.track == 0) == [frame.pts for frame in frames]
    decoded = list(codec.decode(iter(packets), info))
    assert [frame.pts for frame in decoded] == [frame.pts for frame in frames]
    for before, after in zip(frames, decoded, strict=True):
        assert after.rgb.shape == before.rgb.shape
        assert after.rgb.dtype == np.uint8
        assert psnr(before, after) > 18


def test_one_frame_is_a_clip(codec: Codec, make_clip: Any) -> None:
    info, packets = encoded(codec, make_clip(96, 80, 1))
    assert len(list(codec.decode(packets, info))) == 1


def test_no_frames_are_no_packets(codec: Codec) -> None:
    info = described(codec, 64, 64)
    assert list(codec.encode([], info)) == []
    assert list(codec.decode([], info)) == []


@pytest.mark.parametrize("kind", ["black", "noise", "cut"])
def test_any_content_can_be_coded(codec: Codec, kind: str) -> None:
    random = np.random.default_rng(7)
    pictures = {
        "black": [np.zeros((72, 88, 3), np.uint8)] * 3,
        "noise": [random.integers(0, 256, (72, 88, 3), np.uint8) for _ in range(3)],
        "cut": [np.full((72, 88, 3), value, np.uint8) for value in (250, 250, 10, 10)],
    }[kind]
    frames = [Frame(rgb, index) for index, rgb in enumerate(pictures)]
    info, packets = encoded(codec, frames)
    decoded = list(codec.decode(packets, info))
    assert len(decoded) == len(frames)
    if kind != "noise":
        assert all(psnr(a, b) > 20 for a, b in zip(frames, decoded, strict=True))


def test_decoder_does_not_wait_for_later_packets(codec: Codec, make_clip: Any) -> None:
    if is_anchor(codec):
        pytest.skip("an anchor may reorder its pictures")
    info, packets = encoded(codec, make_clip(96, 80, COUNT))
    taken = 0

    def counted() -> Iterator[Packet]:
        nonlocal taken
        for packet in packets:
            taken += packet.track == 0
            yield packet

    for place, _ in enumerate(codec.decode(counted(), info), 1):
        assert taken == place


def test_encoder_streams(codec: Codec, make_clip: Any) -> None:
    """A packet comes out before a quarter of a minute has gone in: memory does not grow with the clip."""
    if is_anchor(codec):
        pytest.skip("an anchor may look ahead over the whole clip")
    # 5 pictures a second: a codec that looks ahead by the clock has to be asked for few of them
    frames = make_clip(64, 64, 3) * 25
    taken = 0

    def counted() -> Iterator[Frame]:
        nonlocal taken
        for index, frame in enumerate(frames):
            taken += 1
            yield Frame(frame.rgb, index)

    info = replace(described(codec, 64, 64), fps=Fraction(5))
    next(iter(codec.encode(counted(), info)))
    assert taken < len(frames)


def test_one_object_serves_interleaved_streams(codec: Codec, make_clip: Any) -> None:
    one, other = make_clip(64, 64, COUNT), make_clip(96, 80, COUNT)[::-1]
    other = [Frame(frame.rgb, index) for index, frame in enumerate(other)]
    alone = [encoded(codec, clip) for clip in (one, other)]
    both = [codec.encode(iter(clip), info) for clip, (info, _) in zip((one, other), alone, strict=True)]
    mixed: list[list[Packet]] = [[], []]
    for _ in range(COUNT + 2):
        for place, stream in enumerate(both):
            mixed[place].extend(packet for packet in [next(stream, None)] if packet is not None)
    for place, stream in enumerate(both):
        mixed[place].extend(stream)
    assert mixed == [packets for _, packets in alone]
    decoders = [codec.decode(iter(packets), info) for info, packets in alone]
    expected = [media.md5(codec.decode(packets, info)) for info, packets in alone]
    shown: list[list[Frame]] = [[], []]
    for _ in range(COUNT):
        for place, frames in enumerate(decoders):
            shown[place].append(next(frames))
    assert [media.md5(frames) for frames in shown] == expected


def test_garbage_is_corrupt_or_a_picture(codec: Codec, make_clip: Any) -> None:
    info, packets = encoded(codec, make_clip(64, 64, 3))
    random = np.random.default_rng(11)
    for trial in range(60):
        damaged = list(packets)
        place = trial % len(packets)
        payload = bytearray(packets[place].payload)
        kind = trial // len(packets) % 4
        if kind == 0 and payload:
            payload[int(random.integers(len(payload)))] ^= 1 << int(random.integers(8))
        elif kind == 1:
            payload = payload[: int(random.integers(len(payload) + 1))]
        elif kind == 2:
            payload = bytearray(random.integers(0, 256, int(random.integers(200)), np.uint8).tobytes())
        else:
            payload = bytearray()
        old = packets[place]
        damaged[place] = Packet(bytes(payload), old.pts, old.key, old.track)
        try:
            for frame in codec.decode(iter(damaged), info):
                assert frame.rgb.shape == (64, 64, 3)
        except (CorruptStream, Unsupported):
            pass


def test_a_stream_without_its_beginning_is_corrupt_or_pictures(codec: Codec, make_clip: Any) -> None:
    info, packets = encoded(codec, make_clip(64, 64, 4))
    with contextlib.suppress(CorruptStream):
        assert all(frame.rgb.shape == (64, 64, 3) for frame in codec.decode(packets[1:], info))


@pytest.mark.parametrize("name", CODECS)
def test_unknown_options_and_models_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no_such_option"):
        genvc.create(name, no_such_option=1)
    with pytest.raises((ModelNotFound, BadInput)):
        genvc.create(name, model="no-such-model")


@pytest.mark.parametrize(
    "options", [{"quality": "fine"}, {"quality": 1000}, {"bitrate": -5}, {"bitrate": "x"}]
)
@pytest.mark.parametrize("name", CODECS)
def test_option_values_that_make_no_sense_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        genvc.create(name, **options)


def test_a_frame_of_another_size_is_refused(codec: Codec, make_clip: Any) -> None:
    info = described(codec, 64, 64)
    with pytest.raises(BadInput):
        list(codec.encode(iter([*make_clip(64, 64, 2), *make_clip(66, 64, 1)]), info))


def test_a_fresh_process_decodes_the_same(codec: Codec, make_clip: Any, tmp_path: Path) -> None:
    info, packets = encoded(codec, make_clip(96, 80, COUNT))
    path = tmp_path / "clip.gvc"
    container.write(path, info, packets)
    expected = media.md5(codec.decode(packets, info))
    command = [sys.executable, "-m", "genvc", "decode", str(path), "--to", "md5", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected


def test_an_unknown_codec_lists_the_installed_ones() -> None:
    with pytest.raises(CodecNotFound, match="avif"):
        genvc.create("no-such-codec")


def test_errors_have_one_root() -> None:
    assert all(issubclass(kind, GenvcError) for kind in (BadInput, CodecNotFound, CorruptStream))
