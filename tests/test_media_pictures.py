"""Picture files come in upright, opaque, in sRGB and 8 bits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from genvc import media
from genvc.errors import BadInput, Unsupported
from genvc.media.pictures import is_picture


def only(path: Path, size: int | None = None) -> Any:
    _, frames = media.frames(path, size)
    (frame,) = frames
    return frame.rgb


@pytest.fixture
def noise() -> Any:
    return np.random.default_rng(5).integers(0, 256, (21, 34, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "ppm"])
def test_lossless_pictures_come_in_exact(tmp_path: Path, noise: Any, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path, lossless=True)
    assert is_picture(path.read_bytes()[:16])
    assert np.array_equal(only(path), noise)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda rgb: rgb),
        (2, lambda rgb: rgb[:, ::-1]),
        (3, lambda rgb: rgb[::-1, ::-1]),
        (6, lambda rgb: np.rot90(rgb, -1)),
        (8, lambda rgb: np.rot90(rgb, 1)),
    ],
)
def test_exif_orientation_is_applied(
    tmp_path: Path, noise: Any, orientation: int, turn: Callable[[Any], Any]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    Image.fromarray(noise).save(path, exif=exif)
    assert np.array_equal(only(path), turn(noise))


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)).save(path)
    assert only(path)[0].tolist() == [[10, 20, 30], [255, 255, 255], [204, 204, 204]]


def test_a_palette_with_a_transparent_entry_lies_on_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putdata([0, 1, 2])
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    path = tmp_path / "a.png"
    image.save(path, transparency=1)
    assert only(path)[0].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 255]]


@pytest.mark.parametrize(("mode", "value"), [("L", 200), ("1", 1), ("LA", (200, 255))])
def test_grey_modes_become_rgb(tmp_path: Path, mode: str, value: Any) -> None:
    path = tmp_path / "a.png"
    Image.new(mode, (3, 2), value).save(path)
    assert np.array_equal(only(path), np.full((2, 3, 3), 255 if mode == "1" else 200))


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)).save(path)
    assert only(path)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path, quality=95)
    assert np.abs(only(path)[8, 8].astype(int) - [255, 0, 0]).max() <= 4


def test_an_embedded_profile_is_turned_to_srgb(tmp_path: Path) -> None:
    # A profile that is not sRGB: L*a*b*'s white and black agree, mid-tones and colours would not; so
    # compare with what the colour engine itself says.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    picture = Image.new("RGB", (4, 4), (200, 30, 60))
    plain, tagged = tmp_path / "plain.png", tmp_path / "tagged.png"
    picture.save(plain)
    picture.save(tagged, icc_profile=srgb.tobytes())
    assert np.abs(only(plain).astype(int) - only(tagged)).max() <= 1
    damaged = tmp_path / "damaged.png"
    picture.save(damaged, icc_profile=b"no profile at all" * 20)
    assert np.array_equal(only(damaged), only(plain))


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animations_are_clips_with_their_times(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    pictures = [Image.new("RGB", (20, 10), (60 * index, 0, 0)) for index in range(4)]
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=[40, 80, 40, 200], loop=0, **options
    )
    info, frames = media.frames(path)
    got = list(frames)
    assert info.fps == 25
    assert info.frames == 4
    assert [frame.pts for frame in got] == [0, 1, 3, 4]
    assert [int(frame.rgb[0, 0, 0]) for frame in got] == [0, 60, 120, 180]


def test_a_folder_is_a_clip_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        Image.new("RGB", (9, 7), (number, 0, 0)).save(tmp_path / f"frame{number}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    info, frames = media.frames(tmp_path)
    got = list(frames)
    assert (info.width, info.height, info.fps, info.frames) == (9, 7, 25, 3)
    assert [int(frame.rgb[0, 0, 0]) for frame in got] == [1, 2, 10]
    assert [frame.pts for frame in got] == [0, 1, 2]


def test_a_folder_of_different_sizes_names_the_odd_one(tmp_path: Path) -> None:
    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    Image.new("RGB", (9, 8)).save(tmp_path / "b.png")
    _, frames = media.frames(tmp_path)
    with pytest.raises(BadInput, match=r"b\.png' is 9x8"):
        list(frames)


def test_pictures_are_scaled_by_their_short_side(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (30, 20), (7, 8, 9)).save(path)
    assert np.array_equal(only(path, 10), np.full((10, 15, 3), (7, 8, 9)))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "avif"])
def test_damaged_pictures_are_refused(tmp_path: Path, noise: Any, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.tile(noise, (8, 8, 1))).save(path)
    whole = path.read_bytes()
    for keep in (20, len(whole) // 3, len(whole) * 2 // 3):
        path.write_bytes(whole[:keep])
        with pytest.raises(BadInput, match=r"picture|damaged"):
            only(path)


def test_a_picture_over_the_limit_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (16385, 4)).save(path)
    with pytest.raises(Unsupported, match="limit"):
        media.frames(path)


def test_floating_point_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    Image.fromarray(np.zeros((4, 4), np.float32)).save(path)
    with pytest.raises(BadInput, match="floating-point"):
        media.frames(path)
