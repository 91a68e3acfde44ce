"""auto: each group by the codec that suits it, one stream, no codec inside itself."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import lpips
import numpy as np
import pytest
import torch

import genvc
from genvc import auto, inner, media
from genvc.errors import BadInput, CorruptStream, Notice, Unsupported
from genvc.types import Frame, Packet, Picture, StreamInfo
from genvc.unlike import unlike


@pytest.fixture(scope="module")
def talk(carphone: Path) -> list[Picture]:
    return [frame.rgb for frame in media.frames(carphone)[1]]


def chosen(packets: list[Packet], params: bytes) -> list[str]:
    """The codec of each group."""
    names, at = [], 2
    for _ in range(params[1]):
        one, at = inner.unpack(params, at, "the header")
        names.append(one.codec)
    return [names[packet.payload[0]] for packet in packets if packet.key]


def test_a_talking_head_goes_to_keypoints_and_comes_back(talk: list[Picture]) -> None:
    codec = genvc.create("auto", device="cpu", bitrate=6000)
    info = codec.describe(176, 144, Fraction(30))
    frames = [Frame(rgb, index) for index, rgb in enumerate(talk[:30])]
    packets = list(codec.encode(frames, info))
    assert chosen(packets, info.params) == ["keypoints"]
    shown = list(codec.decode(packets, info))
    assert [frame.pts for frame in shown] == list(range(30))
    assert np.mean([unlike(a.rgb, b.rgb) for a, b in zip(frames, shown, strict=True)]) < 0.45


def test_groups_of_different_codecs_follow_each_other(talk: list[Picture]) -> None:
    """What moves without being a face, and in no smooth way, is not for keypoints."""
    random = np.random.default_rng(2)
    tiles = random.integers(0, 256, (12, 18, 18, 3), np.uint8)
    noise = [np.kron(tile[:9, :11], np.ones((16, 16, 1), np.uint8)) for tile in tiles]
    codec = genvc.create("auto", device="cpu", bitrate=60_000, seconds=0.4)
    info = codec.describe(176, 144, Fraction(30))
    pictures = [*talk[:12], *noise, *talk[12:24]]
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(pictures)], info))
    names = chosen(packets, info.params)
    assert len(set(names)) == 2
    shown = list(codec.decode(packets, info))
    assert [frame.pts for frame in shown] == list(range(36))
    assert np.mean([unlike(a, b.rgb) for a, b in zip(pictures, shown, strict=True)]) < 0.5


def test_each_group_is_what_its_codec_alone_decodes(talk: list[Picture]) -> None:
    codec = genvc.create("auto", device="cpu", quality=40, codecs="avif")
    info = codec.describe(176, 144, Fraction(30))
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(talk[:3])], info))
    alone = genvc.create("avif", device="cpu", quality=40)
    own = alone.describe(176, 144, Fraction(30))
    expected = list(alone.decode(alone.encode([Frame(rgb, i) for i, rgb in enumerate(talk[:3])], own), own))
    for one, other in zip(codec.decode(packets, info), expected, strict=True):
        assert np.array_equal(one.rgb, other.rgb)


def test_codecs_that_do_not_take_a_size_are_left_out() -> None:
    codec = genvc.create("auto", device="cpu")
    params = codec.describe(8, 8, Fraction(25)).params
    assert params[1] == 1
    assert inner.unpack(params, 2, "the header")[0].codec == "predictive"
    with pytest.raises(Unsupported):
        genvc.create("auto", device="cpu", codecs="keypoints").describe(8, 8, Fraction(25))


@pytest.mark.parametrize(
    "options",
    [
        {"codecs": "auto"},
        {"codecs": ""},
        {"codecs": "avif,avif"},
        {"codecs": 7},
        {"bitrate": 6000, "quality": 30},
        {"seconds": -1},
        {"quality": 1.5},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        genvc.create("auto", **options)


def test_a_header_cut_anywhere_or_changed_is_refused(talk: list[Picture]) -> None:
    codec = genvc.create("auto", device="cpu", quality=20, codecs="avif")
    info = codec.describe(176, 144, Fraction(30))
    packets = list(codec.encode([Frame(talk[0], 0)], info))

    def decoded(params: bytes) -> None:
        list(codec.decode(packets, replace(info, params=params)))

    for end in range(len(info.params)):
        with pytest.raises(CorruptStream):
            decoded(info.params[:end])
    with pytest.raises(CorruptStream, match="mean nothing"):
        decoded(info.params + b"\0")
    with pytest.raises(CorruptStream, match="inside itself"):
        decoded(bytes([1, 1]) + inner.pack(inner.Inner("auto", "", info.params)))
    with pytest.raises(Unsupported, match="version 9"):
        decoded(b"\x09" + info.params[1:])
    with pytest.raises(CorruptStream, match="names 0 codecs"):
        decoded(b"\x01\x00")


def test_a_key_packet_of_no_codec_is_corrupt(talk: list[Picture]) -> None:
    codec = genvc.create("auto", device="cpu", quality=20, codecs="avif")
    info = codec.describe(176, 144, Fraction(30))
    (packet,) = codec.encode([Frame(talk[0], 0)], info)
    for payload in (b"", b"\x01" + packet.payload[1:], b"\xff"):
        with pytest.raises(CorruptStream, match="names no codec"):
            list(codec.decode([replace(packet, payload=payload)], info))


def test_a_rate_that_no_codec_reaches_is_said(talk: list[Picture]) -> None:
    codec = genvc.create("auto", device="cpu", bitrate=300, codecs="avif")
    info = codec.describe(176, 144, Fraction(30))
    with pytest.warns(Notice, match="none of avif comes nearer"):
        list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(talk[:3])], info))


def test_unlike_rises_with_blur_noise_and_shift(
    talk: list[Picture], make_clip: Callable[..., list[Frame]]
) -> None:
    picture = talk[0]
    random = np.random.default_rng(1)
    assert unlike(picture, picture) == pytest.approx(0, abs=1e-6)
    last = 0.0
    for sigma in (0.6, 1.2, 2.4):
        now = unlike(picture, np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8))
        assert now > last
        last = now
    grain = np.clip(picture + random.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    assert 0.02 < unlike(picture, grain) < 0.5
    with pytest.raises(BadInput):
        unlike(picture, picture[:10])


class Blurring:
    """Codes pictures as they are; shows those of some numbers blurred."""

    generative = False

    def __init__(self, name: str, frames: list[Frame], blurred: range, sigma: float) -> None:
        self.name, self.frames, self.blurred, self.sigma = name, frames, blurred, sigma

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        return StreamInfo(self.name, "", width, height, fps, b"")

    def encode(self, frames: list[Frame], info: StreamInfo) -> list[Packet]:
        return [Packet(b"bytes", frame.pts, number == 0) for number, frame in enumerate(frames)]

    def decode(self, packets: list[Packet], info: StreamInfo) -> Iterator[Frame]:
        for packet in packets:
            rgb = self.frames[packet.pts].rgb
            if packet.pts in self.blurred:
                rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), self.sigma), np.uint8)
            yield Frame(rgb, packet.pts)


def test_a_picture_much_worse_than_by_another_codec_splits_its_group(
    talk: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each half by the codec that shows it sharp; where the blur is slight the group stays whole."""
    frames = [Frame(rgb, index) for index, rgb in enumerate(talk[:24])]

    def groups(sigma: float) -> list[str]:
        made = {
            "one": Blurring("one", frames, range(3), sigma),
            "other": Blurring("other", frames, range(14, 24), 1.2),
        }
        monkeypatch.setattr(auto, "create_codec", lambda name, **options: made[name])
        codec = auto.create(codecs="one,other")
        info = codec.describe(176, 144, Fraction(25))
        packets = list(codec.encode(frames, info))
        assert [packet.pts for packet in packets] == list(range(24))
        return chosen(packets, info.params)

    assert groups(1.2) == ["other", "one"]
    assert groups(0.4) == ["one"]


@pytest.mark.slow
def test_no_picture_is_much_worse_than_by_predictive_alone() -> None:
    """LPIPS at 25 kbit/s, picture by picture; predictive spends most on a group's first picture."""
    if "GENVC_DATA" not in os.environ or "TORCH_HOME" not in os.environ:
        pytest.skip("no clips or no AlexNet weights: GENVC_DATA or TORCH_HOME is not set")
    path = Path(os.environ["GENVC_DATA"]) / "faces" / "val" / "face_0116_a.mp4"
    frames = [frame for frame, _ in zip(media.frames(path)[1], range(24), strict=False)]
    network = lpips.LPIPS(net="alex", verbose=False).eval()

    sizes: list[int] = []

    def losses(name: str) -> list[float]:
        codec = genvc.create(name, device="cpu", bitrate=25_000)
        info = codec.describe(256, 256, Fraction(25))
        packets = list(codec.encode(frames, info))
        sizes.append(sum(len(packet.payload) + 1 for packet in packets))
        pairs = list(zip(frames, codec.decode(packets, info), strict=True))[::2]
        with torch.no_grad():
            return [float(network(*(_signed(one.rgb) for one in pair))) for pair in pairs]

    worse = np.array(losses("auto")) - np.array(losses("predictive"))
    assert sizes[0] < 1.1 * sizes[1]
    print(f"worse by {worse.max():.3f} at most, by {worse.mean():.3f} on average")
    assert worse.mean() < -0.05
    assert worse.max() < 0.05


def _signed(rgb: Picture) -> torch.Tensor:
    """(1, 3, height, width), -1 to 1."""
    return torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None].float() / 127.5 - 1
