"""What is uploaded is bounded before anything is decoded, and what the tabs make of it is right."""

import base64
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gradio", reason="the demo's packages are not installed: pip install 'genvc[demo]'")

import genvc
from demo.benchmarks_tab import document, runs, shown
from demo.curves import curves
from demo.file_tab import compared, decoded
from demo.picture_tab import as_coded, coded, redrawn, restyled, said
from demo.uploads import admitted_clip, admitted_picture, admitted_stream
from genvc import Frame, container, media
from genvc.errors import BadInput, CorruptStream, Unsupported
from genvc.media.classical_still import encode_still
from genvc.types import Packet, StreamInfo


@pytest.fixture
def clip(make_clip: Any, tmp_path: Path) -> Path:
    path = tmp_path / "clip.mkv"
    media.write(path, make_clip(176, 144, 8), Fraction(25))
    return path


def test_a_clip_is_taken_and_a_large_one_scaled(clip: Path, make_clip: Any, tmp_path: Path) -> None:
    assert admitted_clip(clip, tmp_path / "a.mkv") == 8
    large = tmp_path / "large.mkv"
    media.write(large, make_clip(1280, 720, 2), Fraction(25))
    assert admitted_clip(large, tmp_path / "b.mkv") == 2
    info, _ = media.frames(tmp_path / "b.mkv")
    assert (info.width, info.height) == (512, 288)


def test_a_long_clip_is_refused_before_it_is_decoded(make_clip: Any, tmp_path: Path) -> None:
    frame = make_clip(64, 64, 1)[0]
    long = tmp_path / "long.mkv"
    media.write(long, (Frame(frame.rgb, number) for number in range(30)), Fraction(1))
    with pytest.raises(BadInput, match="at most 20"):
        admitted_clip(long, tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_a_clip_without_a_promise_is_stopped_at_the_limit(make_clip: Any, tmp_path: Path) -> None:
    frame = make_clip(64, 64, 1)[0]

    def many() -> Iterator[Frame]:
        return (Frame(frame.rgb, number) for number in range(610))

    path = tmp_path / "many.y4m"
    media.write(path, many(), Fraction(200))
    with pytest.raises(BadInput, match="600 frames"):
        admitted_clip(path, tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize("name", ["clip.txt", "clip.yuv", "list.m3u8", "clip"])
def test_other_kinds_of_files_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    for taken in (lambda: admitted_clip(path, tmp_path / "o.mkv"), lambda: admitted_picture(path)):
        with pytest.raises(BadInput, match="is none of"):
            taken()


def test_a_text_under_the_name_of_a_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    with pytest.raises(BadInput):
        admitted_clip(path, tmp_path / "o.mkv")


def test_a_stream_of_too_many_or_too_large_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.gvc"
    packets = [Packet(b"x", number, True) for number in range(700)]
    container.write(path, StreamInfo("avif", "", 64, 64, Fraction(50)), packets)
    with pytest.raises(Unsupported, match="too long"):
        admitted_stream(path)
    container.write(path, StreamInfo("avif", "", 4096, 4096, Fraction(25)), packets[:1])
    with pytest.raises(Unsupported, match="too large"):
        admitted_stream(path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises((CorruptStream, Unsupported)):
        admitted_stream(path)


def test_a_file_of_ours_is_decoded(clip: Path, tmp_path: Path) -> None:
    stream = tmp_path / "clip.gvc"
    genvc.encode_file(clip, stream, "avif", options={"quality": 30, "speed": 10})
    words, video = decoded(str(stream))
    assert words == "8 pictures."
    assert video
    assert sum(1 for _ in media.frames(video)[1]) == 8
    assert "did not work" in decoded(str(clip))[0]


def test_a_clip_that_cannot_be_compared_leaves_words(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"nothing")
    *_, last = compared(str(path), "keypoints", 8, [])
    assert "did not work" in last[0]
    assert last[1] is None


def test_a_picture_is_coded_and_its_bytes_are_counted(make_clip: Any, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    media.write(path, make_clip(96, 80, 1), Fraction(1))
    words, pair, *_ = coded(str(path), "webp", 30)
    codec = genvc.create("webp", quality=30)
    (packet,) = codec.encode(make_clip(96, 80, 1), codec.describe(96, 80, Fraction(1)))
    assert words.startswith(f"{len(packet.payload)} bytes")
    assert pair[0].shape == pair[1].shape == (80, 96, 3)
    assert "did not work" in coded(str(path), "no-such-codec", 30)[0]


MARK = "data:image/png;base64,"


def as_data(rgb: Any) -> str:
    return MARK + base64.b64encode(encode_still(rgb, "PNG", {})).decode()


def test_what_a_picture_says_is_changed_and_taken_back(make_clip: Any, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    media.write(path, make_clip(96, 80, 1), Fraction(1))
    words, _, kept, *_ = coded(str(path), "crossmodal", 60)
    sheet = np.full((80, 96, 3), 255, np.uint8)
    sheet[38:42] = 0
    drawn, (_, shown), changed, outline = redrawn(kept, as_data(sheet))
    assert drawn != words
    assert shown.shape == (80, 96, 3)
    assert "genvc-lines" in outline
    _, _, changed = said(changed, "a red ball")
    codec: Any = genvc.create("crossmodal")
    assert codec.words(changed.packets, changed.info) == "a red ball"
    assert (codec.outline(changed.packets, changed.info)[38:42] == 0).all()
    back, _, again, *_ = as_coded(changed)
    assert back == words
    assert again.packets == kept.packets
    assert "did not work" in restyled(kept, None)[0]


@pytest.mark.parametrize(
    "drawing",
    ["", "data:image/png;base64,????", "data:image/png;base64,AAAA", as_data(np.zeros((9, 9, 3), "u1"))],
)
def test_a_drawing_of_no_sense_leaves_words_and_what_was_there(
    make_clip: Any, tmp_path: Path, drawing: str
) -> None:
    path = tmp_path / "picture.png"
    media.write(path, make_clip(96, 80, 1), Fraction(1))
    kept = coded(str(path), "crossmodal", 60)[2]
    words, _, still, _ = redrawn(kept, drawing)
    assert "did not work" in words
    assert still is kept
    assert redrawn(None, drawing)[0] == said(None, "")[0] == "Code a picture first."


def test_every_run_with_curves_is_shown() -> None:
    names = runs()
    if not names:
        pytest.skip("the figures do not lie beside this installation")
    assert "faces" in names
    for name in names:
        found = document(name)
        assert found is not None
        assert "<svg" in shown(name, "psnr" if "psnr" in found["means"][0]["metrics"] else "lpips_alex")
    assert "no such figures" in shown("../../../etc/passwd", "psnr")
    assert document("../faces") is None


def test_no_figures_are_no_error(tmp_path: Path) -> None:
    assert runs(tmp_path / "nowhere") == []
    (tmp_path / "odd.json").write_text("[1, 2")
    (tmp_path / "other.json").write_text('{"means": []}')
    assert runs(tmp_path) == []


def test_names_in_curves_are_text_and_no_markup() -> None:
    svg = curves({"<script>": [(1.0, 2.0), (10.0, 3.0)]}, "kbit/s", "PSNR")
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg
