"""Any content, size, rate and length: pictures come back that look like what went in."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import genvc
from genvc import media
from genvc.errors import BadInput, Unsupported
from genvc.samples import sample_path
from genvc.types import Frame, Packet, Picture, StreamInfo

# clips of a few pictures cannot be at just any rate
pytestmark = pytest.mark.filterwarnings("ignore:.* kbit/s instead of")

Scenery = Callable[..., Picture]
Code = Callable[..., Any]


def psnr(one: Picture, other: Picture) -> float:
    error = np.square(one.astype(float) - other).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def pan(world: Picture, count: int, width: int, step: int = 2) -> list[Picture]:
    return [np.ascontiguousarray(world[:, step * k : step * k + width]) for k in range(count)]


# ------------------------------------------------------------------ faces and no faces


def test_a_landscape_has_no_face_and_is_shown(code: Code, scenery: Scenery, walk: Code) -> None:
    pictures = pan(scenery(150, 96), 10, 128)
    stream = code(pictures, bitrate=20_000)
    assert all(shown.structure is None for _, shown in walk(stream.info, stream.packets))
    assert min(psnr(a, b.rgb) for a, b in zip(pictures, stream.frames, strict=True)) > 21


def test_a_street_with_small_people_is_shown(code: Code) -> None:
    frames = media.frames(sample_path("bikes"), 128)[1]
    pictures = [next(frames).rgb for _ in range(8)]
    stream = code(pictures, bitrate=40_000)
    assert min(psnr(a, b.rgb) for a, b in zip(pictures, stream.frames, strict=True)) > 19


def test_several_faces_are_shown_whichever_is_followed(code: Code, portrait: Picture) -> None:
    """Two people move apart: one of them is followed by points, both have to look right."""
    left = cv2.resize(portrait[:160, 48:208], (96, 96))
    right = left[:, ::-1]
    pictures = []
    for k in range(8):
        picture = np.full((96, 220, 3), 120, np.uint8)
        picture[:, 8 - k : 104 - k] = left
        picture[:, 114 + k : 210 + k] = right
        pictures.append(picture)
    stream = code(pictures, quality=50)
    for picture, frame in zip(pictures, stream.frames, strict=True):
        assert psnr(picture[:, :110], frame.rgb[:, :110]) > 22
        assert psnr(picture[:, 110:], frame.rgb[:, 110:]) > 22


def test_a_face_that_leaves_and_comes_back(
    code: Code, scenery: Scenery, talk: list[Picture], walk: Code
) -> None:
    away = scenery(176, 144)
    pictures = [*talk[:5], *[away] * 5, *talk[5:10]]
    stream = code(pictures, quality=40)
    faces = [shown.structure is not None for _, shown in walk(stream.info, stream.packets)]
    assert all(faces[:5])
    # the detector may look for the lost face for a picture or two
    assert not any(faces[7:10])
    assert all(faces[12:])
    assert min(psnr(a, b.rgb) for a, b in zip(pictures, stream.frames, strict=True)) > 22


@pytest.mark.parametrize("options", [{"quality": 30}, {"bitrate": 60_000}])
def test_a_scene_cut_shows_the_new_scene_at_once(
    code: Code, scenery: Scenery, talk: list[Picture], options: dict[str, float]
) -> None:
    pictures = [*talk[:7], *pan(scenery(190, 144), 7, 176)]
    stream = code(pictures, **options)
    for index in range(5, 9):
        right = psnr(pictures[index], stream.frames[index].rgb)
        wrong = psnr(pictures[6 if index > 6 else 7], stream.frames[index].rgb)
        assert right > 20
        assert right > wrong + 8


@pytest.mark.parametrize("bitrate", [6000, 12_000, 24_000])
def test_a_cut_at_a_low_rate_shows_the_new_scene(
    code: Code, scenery: Scenery, talk: list[Picture], bitrate: float
) -> None:
    """However few the bits, a blurred picture of the right scene and not a sharp one of another."""
    pictures = [*talk[:12], *pan(scenery(200, 144), 10, 176), *talk[12:24]]
    stream = code(pictures, bitrate=bitrate)
    for index in (8, 12, 16, 21, 26):
        other = pictures[16] if index in (8, 26) else pictures[8]
        assert psnr(pictures[index], stream.frames[index].rgb) > psnr(other, stream.frames[index].rgb) + 3


def test_a_cut_on_every_picture_is_survived(code: Code, scenery: Scenery) -> None:
    pictures = [scenery(64, 48, seed) for seed in range(6)]
    stream = code(pictures, quality=50)
    good = [psnr(a, b.rgb) > 20 for a, b in zip(pictures, stream.frames, strict=True)]
    assert sum(good) >= 2


def test_pictures_without_colour_or_light_are_shown(code: Code) -> None:
    for value in (0, 255):
        pictures = [np.full((48, 64, 3), value, np.uint8)] * 3
        stream = code(pictures, bitrate=4000)
        errors = [np.abs(frame.rgb.astype(int) - value) for frame in stream.frames]
        # the generator is off by a few levels in corners
        assert max(error.max() for error in errors) <= 8
        assert max(error.mean() for error in errors) < 0.6


# ------------------------------------------------------------------ lengths, sizes and times


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "options", [{}, {"bitrate": 6000}, {"bitrate": 2e6}, {"quality": 0}, {"quality": 100}]
)
def test_clips_of_one_and_two_pictures(
    code: Code, portrait: Picture, scenery: Scenery, count: int, options: dict[str, float]
) -> None:
    pictures = [cv2.resize(portrait, (96, 96)), scenery(96, 96)][:count]
    stream = code(pictures, **options)
    assert stream.packets[0].key
    assert psnr(pictures[0], stream.frames[0].rgb) > 14
    if options.get("quality") == 100 or options.get("bitrate") == 2e6:
        assert min(psnr(a, b.rgb) for a, b in zip(pictures, stream.frames, strict=True)) > 28


SIZES = [(16, 16), (33, 17), (17, 33), (16, 300), (128, 128), (1024, 768), (1920, 16)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pictures_of_any_size(code: Code, scenery: Scenery, width: int, height: int) -> None:
    world = scenery(width + 4, height)
    stream = code(pan(world, 3, width), quality=60)
    assert psnr(world[:, :width], stream.frames[0].rgb) > 20


@pytest.mark.parametrize("side", [64, 1024])
def test_faces_of_any_size_are_found(code: Code, portrait: Picture, walk: Code, side: int) -> None:
    way = cv2.INTER_AREA if side < 256 else cv2.INTER_CUBIC
    large = cv2.resize(portrait[:160, 48:208], (side, side), interpolation=way)
    pictures = [np.roll(large, shift, 1) for shift in (0, 1, 2)]
    stream = code(pictures, quality=40)
    assert all(shown.structure is not None for _, shown in walk(stream.info, stream.packets))
    assert min(psnr(a, b.rgb) for a, b in zip(pictures, stream.frames, strict=True)) > 22


@pytest.mark.parametrize("size", [(15, 64), (64, 15), (4097, 64), (64, 4097), (1, 1)])
def test_sizes_beyond_the_limits_are_unsupported(size: tuple[int, int]) -> None:
    with pytest.raises(Unsupported, match="16 to 4096"):
        genvc.create("keypoints", device="cpu").describe(*size, Fraction(25))


@pytest.mark.parametrize("fps", [Fraction(1), Fraction(25, 2), Fraction(30000, 1001), Fraction(120)])
def test_clips_of_any_frame_rate(code: Code, talk: list[Picture], fps: Fraction) -> None:
    pictures = [rgb[::2, ::2] for rgb in talk[:14]]
    stream = code(pictures, fps=fps, bitrate=9000)
    assert stream.info.fps == fps
    bits = 8 * sum(len(packet.payload) for packet in stream.packets)
    # a reference has a least size, which a short clip cannot spread
    assert bits <= max(9000 * 14 / fps, 4000)
    assert min(psnr(a, b.rgb) for a, b in zip(pictures, stream.frames, strict=True)) > 15


def test_a_gap_in_time_is_kept(talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", device="cpu", quality=20)
    info = codec.describe(88, 72, Fraction(25))
    times = [5, 6, 7, 1000, 1001, 5_000_000_000]
    frames = [Frame(rgb[::2, ::2], pts) for rgb, pts in zip(talk, times, strict=False)]
    packets = list(codec.encode(frames, info))
    assert [packet.pts for packet in packets] == times
    assert [frame.pts for frame in codec.decode(packets, info)] == times


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((64, 66, 3), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_a_frame_that_is_not_of_the_stream_is_bad_input(rgb: Any) -> None:
    codec = genvc.create("keypoints", device="cpu")
    info = codec.describe(64, 64, Fraction(25))
    sound = Frame(np.zeros((64, 64, 3), np.uint8), 0)
    with pytest.raises(BadInput, match="64"):
        list(codec.encode([sound, Frame(rgb, 1)], info))


OPTIONS: list[dict[str, Any]] = [
    {"bitrate": 6000, "quality": 50},
    {"bitrate": float("nan")},
    {"bitrate": float("inf")},
    {"bitrate": 0},
    {"bitrate": True},
    {"quality": 49.5},
    {"quality": True},
    {"quality": -1},
    {"seconds": -1},
    {"seconds": float("nan")},
    {"seconds": "long"},
    {"references": 17},
    {"texture": 2},
    {"references": 1.0},
    {"fields": -1},
    {"fields": 13},
    {"key_codec": 7},
    {"key_codec": "keypoints"},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_options_that_make_no_sense_are_bad_input(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="keypoints"):
        genvc.create("keypoints", device="cpu", **options)


# ------------------------------------------------------------------ groups and latency


def test_seconds_says_how_long_a_group_is(code: Code, talk: list[Picture]) -> None:
    pictures = [rgb[::2, ::2] for rgb in talk[:31]]
    stream = code(pictures, quality=10, seconds=0.4)
    assert [index for index, packet in enumerate(stream.packets) if packet.key] == [0, 10, 20]


@pytest.mark.parametrize("live", [False, True])
def test_references_and_fields_are_not_passed(
    code: Code, talk: list[Picture], walk: Code, scenery: Scenery, live: bool
) -> None:
    few = [*talk[:3], *(scenery(176, 144, seed) for seed in (1, 2, 3)), *talk[3:6]]
    pictures = [np.ascontiguousarray(rgb[::2, ::2]) for rgb in few]
    free = code(pictures, quality=10, live=live)
    tied = code(pictures, quality=10, live=live, references=1, fields=0)
    kept = []
    for stream in (free, tied):
        records = [record for record, _ in walk(stream.info, stream.packets) if record is not None]
        kept.append((len({record.slot for record in records}), max(one.basis.count for one in records)))
        assert len(stream.frames) == len(pictures)
    assert kept[0] > (1, 1)
    assert kept[1] == (1, 0)


def test_decoding_may_start_at_any_key_packet(code: Code, talk: list[Picture]) -> None:
    pictures = [rgb[::2, ::2] for rgb in talk[:16]]
    stream = code(pictures, quality=10, seconds=0.32)
    assert stream.packets[8].key
    codec = genvc.create("keypoints", device="cpu")
    again = list(codec.decode(iter(stream.packets[8:]), stream.info))
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(again, stream.frames[8:], strict=True))


def test_a_picture_is_shown_as_soon_as_its_packet_is_there(code: Code, talk: list[Picture]) -> None:
    stream = code([rgb[::2, ::2] for rgb in talk[:12]], quality=10, seconds=0.24)
    codec = genvc.create("keypoints", device="cpu")
    taken = 0

    def arriving() -> Iterator[Packet]:
        nonlocal taken
        for packet in stream.packets:
            taken += 1
            yield packet

    decoder = codec.decode(arriving(), stream.info)
    assert taken == 0
    for expected in range(1, 13):
        next(decoder)
        assert taken == expected


def test_packets_come_while_frames_still_arrive(talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", device="cpu", quality=10, seconds=0.24)
    info: StreamInfo = codec.describe(88, 72, Fraction(25))
    taken = 0

    def arriving() -> Iterator[Frame]:
        nonlocal taken
        for index, rgb in enumerate(talk[:40]):
            taken += 1
            yield Frame(rgb[::2, ::2], index)

    next(codec.encode(arriving(), info))
    assert taken <= 8


def test_the_same_frames_give_the_same_packets(talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", device="cpu", bitrate=8000)
    info = codec.describe(88, 72, Fraction(25))
    clip = [Frame(rgb[::2, ::2], index) for index, rgb in enumerate(talk[:10])]
    assert list(codec.encode(clip, info)) == list(codec.encode(clip, info))


ANEW = """
import sys
from fractions import Fraction
import cv2
import genvc
from genvc import media
from genvc.types import Frame

clip = [frame for frame, _ in zip(media.frames(sys.argv[1])[1], range(6))]
large = [Frame(cv2.resize(frame.rgb, (256, 256)), frame.pts) for frame in clip]
small = [Frame(frame.rgb[:64, 60:124], frame.pts) for frame in clip]
codec = genvc.create("keypoints", device="cpu", quality=20)

def coded(clip):
    height, width = clip[0].rgb.shape[:2]
    return list(codec.encode(clip, codec.describe(width, height, Fraction(25))))

first = coded(large), coded(small)
print((coded(large), coded(small)) == first)
"""


def test_what_was_coded_before_changes_nothing(carphone: Path) -> None:
    """In a process of its own: another size in between must leave nothing behind."""
    command = [sys.executable, "-c", ANEW, str(carphone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "True"


def test_an_encoder_that_is_given_up_lets_its_detector_go() -> None:
    codec = genvc.create("keypoints", device="cpu", quality=10, seconds=0.1)
    info = codec.describe(64, 64, Fraction(25))
    closed = []

    class Blind:
        def detect(self, rgb: Picture) -> None:
            return None

        def close(self) -> None:
            closed.append(True)

    codec.detector = Blind
    packets = codec.encode((Frame(np.zeros((64, 64, 3), np.uint8), k) for k in range(30)), info)
    next(packets)
    packets.close()
    assert closed == [True]
