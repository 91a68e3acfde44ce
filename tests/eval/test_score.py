"""The command score: two folders or two clips, by pairs and as sets."""

import json
from fractions import Fraction

import numpy as np
import pytest

from genvc import media
from genvc.cli import run
from genvc.types import Frame


def write(path, rgb):
    path.parent.mkdir(exist_ok=True)
    media.write(path, iter([Frame(rgb, 0)]), Fraction(25))


@pytest.fixture
def folders(tmp_path, moving):
    rng = np.random.default_rng(1)
    for place, rgb in enumerate(moving[:4]):
        write(tmp_path / "ref" / f"{place}.png", rgb)
        noisy = np.clip(rgb.astype(int) + rng.integers(-4, 5, rgb.shape), 0, 255).astype(np.uint8)
        write(tmp_path / "dec" / f"{place}.png", noisy)
    write(tmp_path / "dec" / "extra.png", moving[5])
    return tmp_path / "ref", tmp_path / "dec"


def test_folders_are_paired_by_name(folders, tmp_path, capsys):
    assert (
        run(["score", *map(str, folders), "--metrics", "psnr,ssim", "--json", str(tmp_path / "out.json")])
        == 0
    )
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["pairs"] == 4
    # the noise is even from -4 to 4: its variance is 20 / 3
    assert document["metrics"]["psnr"]["value"] == pytest.approx(10 * np.log10(255**2 / (20 / 3)), abs=0.2)
    assert document["about"]["psnr"]["colours"] == "RGB, full range"
    assert "4 pairs" in capsys.readouterr().out


def test_clips_are_compared_frame_by_frame(clips, capsys):
    assert run(["score", str(clips[0]), str(clips[0]), "--metrics", "psnr,flicker"]) == 0
    printed = capsys.readouterr().out
    assert "100.0000" in printed
    assert "12 pairs" in printed


def test_missing_weights_are_words(folders, checkpoints, capsys):
    from eval.metrics.inception import inception_features

    inception_features.cache_clear()
    assert run(["score", *map(str, folders), "--metrics", "psnr,fid"]) == 0
    assert "weights missing: pt_inception" in capsys.readouterr().out
    assert run(["score", *map(str, folders), "--metrics", "fid"]) == 1


def test_damaged_weights_are_one_line_and_exit_1(folders, checkpoints, capsys):
    (checkpoints / "alexnet-owt-7be5be79.pth").write_bytes(b"not a checkpoint")
    assert run(["score", *map(str, folders), "--metrics", "psnr,lpips_alex"]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("genvc: lpips_alex: weights damaged: alexnet-owt-7be5be79.pth")
    assert "psnr" in printed.out


@pytest.mark.parametrize("case", ["missing", "mixed", "empty", "unpaired", "sizes", "lengths", "metric"])
def test_what_cannot_be_scored_is_one_line(case, folders, clips, tmp_path, moving, capsys):
    reference, decoded = folders
    (tmp_path / "empty").mkdir()
    write(tmp_path / "other" / "somebody.png", moving[0])
    write(tmp_path / "small" / "0.png", moving[0][:-4])
    words = {
        "missing": (reference, tmp_path / "nowhere"),
        "mixed": (reference, clips[0]),
        "empty": (reference, tmp_path / "empty"),
        "unpaired": (reference, tmp_path / "other"),
        "sizes": (reference, tmp_path / "small"),
        "lengths": (clips[0], clips[1]),
        "metric": (reference, decoded),
    }[case]
    message = {
        "missing": "no file or folder",
        "mixed": "both are folders of pictures, or both are clips",
        "empty": "no pictures in",
        "unpaired": "no picture has the same name in both folders",
        "sizes": "'0': sizes differ",
        "lengths": "the decoded clip ends after 7 frames",
        "metric": "no metric 'nonsense'",
    }[case]
    metric = "nonsense" if case == "metric" else "psnr"
    assert run(["score", *map(str, words), "--metrics", metric]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
