"""Frames go out in the format the name says, whole or not at all."""

import contextlib
import errno
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import genvc
from genvc import container, media
from genvc.errors import BadInput, CorruptStream, Notice, Unsupported
from genvc.types import Frame

FPS = Fraction(30000, 1001)


def noise(width: int, height: int, ticks: list[int]) -> list[Frame]:
    random = np.random.default_rng(2)
    return [Frame(random.integers(0, 256, (height, width, 3), np.uint8), tick) for tick in ticks]


@pytest.mark.parametrize(("width", "height"), [(64, 48), (53, 37), (1, 1), (2, 35)])
def test_mkv_is_lossless_and_keeps_times(tmp_path: Path, width: int, height: int) -> None:
    clip = noise(width, height, [0, 1, 2, 7, 8, 30])
    media.write(tmp_path / "a.mkv", clip, FPS)
    info, frames = media.frames(tmp_path / "a.mkv")
    assert (info.width, info.height) == (width, height)
    assert info.fps == FPS
    assert media.md5(frames) == media.md5(clip)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (53, 37), (3, 3)])
def test_mp4_is_close_and_as_big_as_420_allows(
    tmp_path: Path, make_clip: Any, width: int, height: int
) -> None:
    clip = make_clip(width, height, 5)
    assert media.write(tmp_path / "a.mp4", clip, FPS) == 5
    info, frames = media.frames(tmp_path / "a.mp4")
    assert (info.width, info.height) == (width + width % 2, height + height % 2)
    assert info.pixels == "yuv420p"
    for before, after in zip(clip, frames, strict=True):
        error = after.rgb[:height, :width].astype(float) - before.rgb
        # in three pixels there is no room for chroma at half the resolution
        assert np.square(error[..., 1]).mean() < (12 if width > 3 else 200)


def test_mp4_keeps_times(tmp_path: Path, make_clip: Any) -> None:
    clip = [Frame(frame.rgb, tick) for frame, tick in zip(make_clip(64, 48, 5), [0, 1, 5, 6, 9], strict=True)]
    media.write(tmp_path / "a.mp4", clip, Fraction(25))
    info, frames = media.frames(tmp_path / "a.mp4")
    assert [round(frame.pts / info.fps * 25) for frame in frames] == [0, 1, 5, 6, 9]


def test_y4m_is_444_and_fills_gaps(tmp_path: Path, make_clip: Any) -> None:
    clip = [Frame(frame.rgb, tick) for frame, tick in zip(make_clip(33, 21, 3), [0, 2, 3], strict=True)]
    assert media.write(tmp_path / "a.y4m", clip, FPS) == 3
    info, frames = media.frames(tmp_path / "a.y4m")
    got = list(frames)
    assert info.pixels == "yuv444p"
    assert info.fps == FPS
    assert [frame.pts for frame in got] == [0, 1, 2, 3]
    assert np.array_equal(got[0].rgb, got[1].rgb)
    for frame, place in zip(clip, (0, 2, 3), strict=True):
        assert np.abs(got[place].rgb.astype(int) - frame.rgb).max() <= 3


def test_a_gap_of_years_does_not_fill_the_disk(tmp_path: Path) -> None:
    clip = noise(4, 4, [0, 1 << 40])
    with pytest.raises(Unsupported, match="gap"):
        media.write(tmp_path / "a.y4m", clip, FPS)
    assert list(tmp_path.iterdir()) == []


def test_png_is_exact_and_holds_one_frame(tmp_path: Path) -> None:
    clip = noise(13, 9, [0])
    media.write(tmp_path / "a.png", clip, FPS)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), clip[0].rgb)
    with pytest.raises(BadInput, match="one frame"):
        media.write(tmp_path / "b.png", noise(13, 9, [0, 1]), FPS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_gets_one_exact_png_a_frame(tmp_path: Path) -> None:
    clip = noise(13, 9, [0, 1, 4])
    media.write(tmp_path / "out", clip, FPS)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "000000.png",
        "000001.png",
        "000004.png",
    ]
    _, frames = media.frames(tmp_path / "out")
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(clip, frames, strict=True))
    with pytest.raises(BadInput, match="not an empty folder"):
        media.write(tmp_path / "out", clip, FPS)


def test_the_hash_sees_every_pixel_and_tick() -> None:
    clip = noise(5, 4, [0, 1])
    base = media.md5(clip)
    assert media.md5(clip) == base
    assert media.md5([clip[0], Frame(clip[1].rgb, 2)]) != base
    changed = clip[1].rgb.copy()
    changed[3, 4, 2] ^= 1
    assert media.md5([clip[0], Frame(changed, 1)]) != base
    assert media.md5([Frame(frame.rgb.reshape(5, 4, 3), frame.pts) for frame in clip]) != base


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.y4m", "a.png", "folder"])
def test_a_failure_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    def broken() -> Iterator[Frame]:
        yield from noise(64, 48, [0])
        raise CorruptStream("the stream ends here")

    with pytest.raises(CorruptStream):
        media.write(tmp_path / name, broken(), FPS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.y4m", "folder"])
def test_ctrl_c_leaves_nothing_behind_and_the_old_file_in_place(tmp_path: Path, name: str) -> None:
    if name != "folder":
        (tmp_path / name).write_bytes(b"old")

    def interrupted() -> Iterator[Frame]:
        yield from noise(64, 48, [0, 1])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        media.write(tmp_path / name, interrupted(), FPS)
    left = [path.read_bytes() for path in tmp_path.iterdir()]
    assert left == ([] if name == "folder" else [b"old"])


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(BadInput, match=r"cannot write .*no space left"):
        media.write(tmp_path / "a.png", noise(4, 4, [0]), FPS)
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_and_not_replaced() -> None:
    device = Path("/dev/null")
    if not device.is_char_device():
        pytest.skip("no /dev/null here")
    from genvc.media.replacing import replacing

    with replacing(device) as path:
        assert path == device
    assert device.is_char_device()


def test_targets_that_cannot_be_are_refused(tmp_path: Path) -> None:
    clip = noise(4, 4, [0])
    with pytest.raises(BadInput, match=r"must end in \.mp4, \.mkv, \.png, \.y4m"):
        media.write(tmp_path / "a.avi", clip, FPS)
    with pytest.raises(BadInput, match="cannot write"):
        media.write(tmp_path / "nowhere" / "a.mp4", clip, FPS)
    with pytest.raises(BadInput, match="no frames"):
        media.write(tmp_path / "a.mp4", [], FPS)
    with pytest.raises(BadInput, match="differ in size"):
        media.write(tmp_path / "a.mkv", [*clip, *noise(5, 4, [1])], FPS)
    assert list(tmp_path.iterdir()) == []


def test_rows_and_sheets_are_labelled_pictures() -> None:
    pictures = [np.full((40, 60, 3), value, np.uint8) for value in (10, 200)]
    row = media.labelled_row(pictures, ["left", "right, with a title that is much too long for it"])
    bar = row.shape[0] - 40
    assert bar > 0
    assert np.array_equal(row[bar:, :60], pictures[0])
    assert np.array_equal(row[bar:, -60:], pictures[1])
    assert row[:bar].max() > 200
    sheet = media.labelled_sheet([("first", pictures), ("last", pictures)], ["a", "b"])
    assert sheet.shape == (2 * row.shape[0], row.shape[1], 3)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
@pytest.mark.parametrize("generated", [True, False])
def test_the_mark_of_generated_pictures_survives_decoding_and_remuxing(
    tmp_path: Path, make_clip: Any, name: str, generated: bool
) -> None:
    codec = genvc.create("avif")
    info = codec.describe(64, 48, Fraction(25))
    packets = codec.encode(iter(make_clip(64, 48, 2)), info)
    container.write(tmp_path / "a.gvc", info, packets, generated=generated)
    with pytest.warns(Notice, match="painted") if generated else contextlib.nullcontext():
        genvc.decode_file(tmp_path / "a.gvc", tmp_path / name)
    other = tmp_path / ("b" + name[1:])
    with av.open(str(tmp_path / name)) as source, av.open(str(other), "w") as target:
        track = target.add_stream_from_template(source.streams.video[0])
        target.metadata.update(source.metadata)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    for path in (tmp_path / name, other):
        with av.open(str(path)) as file:
            said = {key.lower(): value for key, value in file.metadata.items()}
        assert said.get("comment", "").startswith("generated") == generated
