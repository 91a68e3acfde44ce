"""Video files come in right: colours, sizes, turns, times, and what is wrong with them said."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from genvc import media
from genvc.errors import BadInput, GenvcError, Unsupported
from genvc.types import Frame


def write_video(
    path: Path,
    pictures: list[Any],
    codec: str = "ffv1",
    pixels: str = "yuv420p",
    *,
    pts: list[int] | None = None,
    fps: int = 25,
    colorspace: int | None = None,
    color_range: int | None = None,
    aspect: Fraction | None = None,
    rotation: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Writes arrays in the layout of PyAV's from_ndarray for that pixel format."""
    with av.open(str(path), "w") as out:
        track = out.add_stream(codec, rate=fps, options=options or {})
        first = av.VideoFrame.from_ndarray(pictures[0], format=pixels)
        track.width, track.height, track.pix_fmt = first.width, first.height, pixels
        if colorspace is not None:
            track.codec_context.colorspace = colorspace
        if color_range is not None:
            track.codec_context.color_range = color_range
        if aspect is not None:
            track.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            track.set_display_rotation(rotation)
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format=pixels)
            frame.pts = pts[index] if pts else index
            frame.time_base = Fraction(1, fps)
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return path


def flat_yuv420(y: int, u: int, v: int, width: int = 64, height: int = 48) -> Any:
    luma = np.full((height, width), y, np.uint8)
    chroma = np.concatenate([np.full(width * height // 4, u), np.full(width * height // 4, v)])
    return np.concatenate([luma, chroma.astype(np.uint8).reshape(-1, width)])


def rgb_of(y: float, u: float, v: float, red: float, blue: float, full: bool) -> list[int]:
    """The colour by the formula of the standards, for a matrix with these weights."""
    luma, cb, cr = (y / 255, (u - 128) / 255, (v - 128) / 255)
    if not full:
        luma, cb, cr = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    r = luma + 2 * (1 - red) * cr
    b = luma + 2 * (1 - blue) * cb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    return [round(min(1, max(0, part)) * 255) for part in (r, g, b)]


BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)


@pytest.mark.parametrize(
    ("colorspace", "color_range", "size", "weights", "full"),
    [
        (5, 1, (64, 48), BT601, False),
        (6, 1, (64, 48), BT601, False),
        (1, 1, (64, 48), BT709, False),
        (1, 2, (64, 48), BT709, True),
        (9, 1, (64, 48), BT2020, False),
        (None, None, (64, 48), BT601, False),
        (None, None, (64, 720), BT709, False),
        (None, None, (1280, 48), BT709, False),
    ],
)
def test_colours_follow_the_matrix_and_range_of_the_source(
    tmp_path: Path,
    colorspace: int | None,
    color_range: int | None,
    size: tuple[int, int],
    weights: tuple[float, float],
    full: bool,
) -> None:
    picture = flat_yuv420(110, 90, 180, *size)
    path = write_video(
        tmp_path / "a.mp4",
        [picture],
        "libx264",
        colorspace=colorspace,
        color_range=color_range,
        options={"qp": "0"},
    )
    frame = next(media.frames(path)[1])
    expected = rgb_of(110, 90, 180, *weights, full)
    assert np.abs(frame.rgb.astype(int) - expected).max() <= 1


def test_ten_bits_are_rounded_to_eight(tmp_path: Path) -> None:
    # a slow ramp of luma from black to white, no colour
    luma = np.tile(np.linspace(64, 940, 256).round().astype(np.uint16), (16, 1))
    picture = np.concatenate([luma, np.full((8, 256), 512, np.uint16)])
    path = tmp_path / "ramp_256x16_25fps_10bit.yuv"
    path.write_bytes(picture.astype("<u2").tobytes())
    info, frames = media.frames(path)
    assert info.pixels == "yuv420p10le"
    frame = next(frames)
    expected = (luma.astype(float) - 64) / 876 * 255
    assert np.abs(frame.rgb.astype(float) - expected[..., None]).max() <= 0.6


@pytest.mark.parametrize(("codec", "full"), [("libx264", False), ("ffv1", True)])
def test_grey_video_without_a_range_means_what_its_codec_means(
    tmp_path: Path, codec: str, full: bool
) -> None:
    picture = np.full((48, 64), 150, np.uint8)
    options = {"qp": "0"} if codec == "libx264" else {}
    path = write_video(tmp_path / "a.mkv", [picture], codec, "gray", options=options)
    frame = next(media.frames(path)[1])
    value = 150 if full else round((150 - 16) * 255 / 219)
    assert np.abs(frame.rgb.astype(int) - value).max() <= 1


def test_transparent_video_lies_on_white(tmp_path: Path) -> None:
    picture = np.zeros((8, 16, 4), np.uint8)
    picture[:, :8] = (0, 0, 255, 255)
    picture[:, 8:] = (0, 0, 0, 128)
    path = write_video(tmp_path / "a.mkv", [picture], pixels="bgra")
    frame = next(media.frames(path)[1])
    assert frame.rgb[0, 0].tolist() == [255, 0, 0]
    assert frame.rgb[0, 15].tolist() == [127, 127, 127]


def test_rgb_video_comes_in_bit_exact(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (37, 53, 3), np.uint8)
    path = write_video(tmp_path / "a.mov", [noise], "png", "rgb24")
    assert np.array_equal(next(media.frames(path)[1]).rgb, noise)


@pytest.mark.parametrize("angle", [90, 180, -90])
def test_turned_video_comes_upright(tmp_path: Path, angle: int) -> None:
    if not hasattr(av.VideoStream, "set_display_rotation"):
        pytest.skip("this PyAV cannot write a display matrix")
    picture = flat_yuv420(40, 128, 128)
    picture[:24, :32] = 200  # the bright quarter is the top left one
    path = write_video(tmp_path / "a.mp4", [picture], "libx264", rotation=angle, options={"qp": "0"})
    info, frames = media.frames(path)
    rgb = next(frames).rgb
    # FFmpeg's angles turn against the clock, as np.rot90 does
    luma = np.rot90(picture[:48], angle // 90)
    assert (info.height, info.width) == luma.shape == rgb.shape[:2]
    assert np.array_equal(rgb[..., 0] > 128, luma > 120)


def test_a_mirrored_display_matrix_is_honoured() -> None:
    from genvc.media.source import _turned

    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(_turned(picture, (-1, 0, 0, 1)), picture[:, ::-1])
    assert np.array_equal(_turned(picture, (1, 0, 0, -1)), picture[::-1])
    assert np.array_equal(_turned(picture, (0, 1, 1, 0)), picture.transpose(1, 0, 2))


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(4, 3), (85, 48)), (Fraction(2, 3), (64, 72)), (Fraction(128, 117), (64, 48))],
)
def test_only_strongly_squeezed_pixels_are_made_square(
    tmp_path: Path, aspect: Fraction, size: tuple[int, int]
) -> None:
    picture = flat_yuv420(100, 128, 128)
    path = write_video(tmp_path / "a.mp4", [picture], "libx264", aspect=aspect)
    info, frames = media.frames(path)
    assert (info.width, info.height) == size
    assert next(frames).rgb.shape == (size[1], size[0], 3)


@pytest.mark.parametrize(
    ("size", "short", "scaled"),
    [((64, 48), 24, (32, 24)), ((48, 64), 96, (96, 128)), ((53, 37), 20, (29, 20))],
)
def test_size_scales_the_short_side(
    tmp_path: Path, size: tuple[int, int], short: int, scaled: tuple[int, int]
) -> None:
    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    path = write_video(tmp_path / "a.mov", [picture], "png", "rgb24")
    info, frames = media.frames(path, short)
    assert (info.width, info.height) == scaled
    assert np.array_equal(next(frames).rgb, np.full((scaled[1], scaled[0], 3), 90))


def test_gaps_in_time_become_gaps_in_ticks(tmp_path: Path) -> None:
    pictures = [flat_yuv420(20 * index, 128, 128) for index in range(6)]
    path = write_video(tmp_path / "a.mp4", pictures, "libx264", pts=[10, 11, 12, 20, 21, 40])
    info, frames = media.frames(path)
    ticks = [frame.pts for frame in frames]
    assert len(ticks) == 6
    assert ticks[0] == 0
    assert ticks == sorted(set(ticks))
    # the nominal rate is FFmpeg's guess, so compare times
    assert [round(tick / info.fps * 25) for tick in ticks] == [0, 1, 2, 10, 11, 30]


def test_a_clip_is_read_as_a_stream(tmp_path: Path) -> None:
    def endless() -> Iterator[Frame]:
        for index in range(300):
            yield Frame(np.full((64, 64, 3), index % 256, np.uint8), index)

    path = tmp_path / "a.y4m"
    media.write(path, endless(), Fraction(25))
    info, frames = media.frames(path)
    assert info.frames in (None, 300)
    assert sum(1 for _ in frames) == 300


def test_a_raw_yuv_file_says_its_size_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "Clip_64x48_50fps_420_8bit.yuv"
    path.write_bytes(b"".join(flat_yuv420(value, 128, 128).tobytes() for value in (30, 200)))
    info, frames = media.frames(path)
    assert (info.width, info.height, info.fps) == (64, 48, 50)
    assert [frame.rgb[0, 0, 0] > 100 for frame in frames] == [False, True]
    nameless = tmp_path / "clip.yuv"
    nameless.write_bytes(path.read_bytes())
    with pytest.raises(BadInput, match="WIDTHxHEIGHT"):
        media.frames(nameless)


def read_all(path: Path) -> int:
    return sum(1 for _ in media.frames(path)[1])


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "y4m"])
def test_a_cut_file_gives_its_frames_and_then_an_error(tmp_path: Path, suffix: str, make_clip: Any) -> None:
    whole = tmp_path / f"whole.{suffix}"
    media.write(whole, make_clip(64, 48, 50), Fraction(25))
    cut = tmp_path / f"cut.{suffix}"
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) * 3 // 5 + 7])
    seen: list[int] = []
    with pytest.raises(BadInput, match=r"cut\.\w+' is (cut|damaged)"):
        seen.extend(frame.pts for frame in media.frames(cut)[1])
    assert seen == list(range(len(seen)))
    assert 5 < len(seen) < 50


def test_whole_files_are_not_called_cut(tmp_path: Path, make_clip: Any) -> None:
    for suffix in ("mp4", "mkv", "y4m"):
        path = tmp_path / f"whole.{suffix}"
        media.write(path, make_clip(33, 21, 30), Fraction(30000, 1001))
        assert read_all(path) == 30


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"this is not a video at all\n" * 50, "not a media file"),
        ("text.txt", b"this is not a video at all\n" * 50, "not a media file"),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\n/etc/passwd\n", "not a media file"),
        ("noise.bin", bytes(np.random.default_rng(3).integers(0, 256, 5000, np.uint8)), "not a media file"),
        ("stream.gvc", b"GVC\x01" + b"\0" * 80, "genvc stream"),
        ("head.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "no picture that can be read"),
    ],
)
def test_what_is_no_media_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        read_all(path)
    assert "\n" not in str(caught.value)


def test_missing_things_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        media.frames(tmp_path / "nothing.mp4")
    with pytest.raises(BadInput, match="no pictures in the folder"):
        media.frames(tmp_path)
    with pytest.raises(BadInput, match="0 pixels"):
        media.frames(tmp_path, 0)


def test_a_file_with_sound_only_has_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mka"
    with av.open(str(path), "w", format="matroska") as out:
        track = out.add_stream("libopus", rate=48000)
        track.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    with pytest.raises(BadInput, match="no video track"):
        media.frames(path)


def test_a_header_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.y4m"
    path.write_bytes(b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420\n")
    with pytest.raises(BadInput):
        read_all(path)


def test_huge_pictures_are_refused_before_they_are_allocated(tmp_path: Path) -> None:
    path = tmp_path / "huge.y4m"
    path.write_bytes(b"YUV4MPEG2 W100000 H100000 F25:1 Ip A1:1 C420\nFRAME\n" + b"\0" * 100)
    with pytest.raises(GenvcError):
        media.frames(path)
    with pytest.raises(Unsupported, match="limit"):
        media.check_size(20000, 10)
    with pytest.raises(Unsupported, match="limit"):
        media.check_size(16384, 16384)


def test_the_sample_clip_is_whole(carphone: Path) -> None:
    info, frames = media.frames(carphone)
    assert (info.width, info.height, info.fps) == (176, 144, Fraction(30000, 1001))
    assert [frame.pts for frame in frames] == list(range(120))
