"""`genvc compare`: the right figures beside the right files."""

import json
import sys
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genvc import container, media
from genvc.cli import run
from genvc.compare import compare, measure
from genvc.errors import BadInput, GenvcError
from genvc.types import Frame

FAST = {"quality": 40, "speed": 9}


@pytest.fixture
def clip(tmp_path: Path, make_clip: Any) -> Path:
    path = tmp_path / "clip.mkv"
    media.write(path, make_clip(176, 164, 6), Fraction(25))
    return path


def test_a_comparison_leaves_its_files_and_figures(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, figures = tmp_path / "out", tmp_path / "deep" / "figures.json"
    monkeypatch.setattr("sys.argv", ["/some/where/genvc", "compare", "a clip.mkv"])
    arguments = ["--codec", "avif", "--option", "speed=9", "--quality", "40", "--against", "x264-ld"]
    assert run(["compare", str(clip), *arguments, "--out", str(out), "--json", str(figures)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "clip.avif.gvc",
        "clip.avif.mkv",
        "clip.avif.mp4",
        "clip.compare.mp4",
        "clip.compare.png",
    ]
    said = json.loads(figures.read_text())
    assert said["command"] == "genvc compare 'a clip.mkv'"
    assert {"genvc", "python", "torch", "av"} <= set(said["versions"])
    ours, other = said["cells"]
    size = (out / "clip.avif.gvc").stat().st_size
    assert (ours["codec"], ours["bytes"], ours["frames"]) == ("avif", size, 6)
    assert ours["kbps"] == pytest.approx(size * 8 / 1000 / (6 / 25))
    # an independent look at the figures: PSNR over the frames of the files themselves
    source, decoded = (list(media.frames(path)[1]) for path in (clip, out / "clip.avif.mkv"))
    errors = [np.square(a.rgb.astype(float) - b.rgb).mean() for a, b in zip(source, decoded, strict=True)]
    psnr = [10 * np.log10(255**2 / error) for error in errors]
    assert ours["metrics"]["psnr"] == pytest.approx(np.mean(psnr), abs=1e-3)
    assert ours["figures"]["psnr"]["worst_5_percent"] == pytest.approx(min(psnr), abs=1e-3)
    assert ours["figures"]["psnr"]["worst_frame"] == int(np.argmin(psnr))
    assert 0.8 < ours["metrics"]["msssim"] <= 1
    assert other["codec"] == "x264-ld"
    assert other["bytes"] > 0
    assert "avif" in capsys.readouterr().out
    sheet = next(media.frames(out / "clip.compare.png")[1]).rgb
    assert sheet.shape[1] == 3 * 176 + 2 * 2
    side_by_side, frames = media.frames(out / "clip.compare.mp4")
    assert side_by_side.width == sheet.shape[1]
    assert sum(1 for _ in frames) == 6


def test_a_picture_is_compared_without_clips(tmp_path: Path, make_clip: Any) -> None:
    path = tmp_path / "photo.png"
    media.write(path, make_clip(90, 80, 1), Fraction(1))
    result = compare(str(path), tmp_path / "out", "avif", against=["jpeg"], options=FAST)
    assert result.frames == 1
    assert [row.codec for row in result.rows] == ["avif", "jpeg"]
    assert sorted(file.suffix for file in result.files) == [".gvc", ".png", ".png"]
    # too small for five scales: said by name, no figure in its place
    assert result.rows[0].figures["msssim"].mean is None
    assert "161" in result.rows[0].figures["msssim"].words


def test_an_anchor_that_fails_says_so_and_the_rest_goes_on(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genvc.compare import run as running

    real = running.create

    def failing(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "x264-ld":
            raise GenvcError("out of order today")
        return real(name, *arguments, **options)

    monkeypatch.setattr(running, "create", failing)
    result = compare(str(clip), tmp_path / "out", "avif", against=["x264-ld"], options=FAST)
    assert result.rows[1].words == "out of order today"
    assert result.rows[1].bytes == 0
    assert result.rows[0].figures["psnr"].mean is not None


def test_the_file_is_decoded_in_another_process(clip: Path, tmp_path: Path) -> None:
    result = compare(str(clip), tmp_path / "out", "avif", options=FAST)
    assert result.rows[0].words == ""
    info, packets = container.read(result.files[0], verify=True)
    assert (info.codec, sum(1 for _ in packets)) == ("avif", 6)


def test_missing_packages_and_metrics_are_named(make_clip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "lpips"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "eval.metrics.lpips", raising=False)
    monkeypatch.setitem(sys.modules, "lpips", None)
    frames = make_clip(32, 32, 2)
    figures = measure(frames, frames, ["psnr", "lpips_alex", "no_such_metric"])
    assert figures["psnr"].mean == pytest.approx(100)
    assert figures["lpips_alex"].words == "needs the package lpips: pip install 'genvc[eval]'"
    assert figures["no_such_metric"].words == "no metric 'no_such_metric' is installed"


def test_lpips_without_weights_says_which(make_clip: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    frames = make_clip(64, 64, 2)
    figure = measure(frames, frames, ["lpips_alex"])["lpips_alex"]
    assert figure.mean is None
    assert "weights missing" in figure.words


def test_clips_that_do_not_match_are_refused(make_clip: Any) -> None:
    with pytest.raises(BadInput, match="numbers of frames"):
        measure(make_clip(32, 32, 3), make_clip(32, 32, 2), ["psnr"])
    with pytest.raises(BadInput, match="sizes"):
        measure(make_clip(32, 32, 2), make_clip(34, 32, 2), ["psnr"])


def test_measuring_holds_a_few_frames_only(make_clip: Any) -> None:
    alive = peak = 0

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def source() -> Iterator[Frame]:
        nonlocal alive, peak
        for index in range(64):
            rgb = np.full((32, 32, 3), index, np.uint8)
            weakref.finalize(rgb, gone)
            alive += 1
            peak = max(peak, alive)
            yield Frame(rgb, index)

    assert measure(source(), source(), ["psnr"])["psnr"].mean == pytest.approx(100)
    assert peak <= 40
