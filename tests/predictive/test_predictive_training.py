"""Training goes on where it stopped, gets better, and gives a model that streams can name."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genvc import media
from genvc.cli import run
from genvc.errors import BadInput
from genvc.predictive.training.export import export
from genvc.types import Frame


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, make_clip: Any) -> Path:
    """Photos and clips, made, in the layout that training reads."""
    root = tmp_path_factory.mktemp("material")
    for split in ("train", "val"):
        (root / "photos" / split).mkdir(parents=True)
        (root / "video" / split).mkdir(parents=True)
        frames = make_clip(192, 176, 12)
        for number in range(2):
            dice = np.random.default_rng(number)
            rgb = frames[number].rgb.astype(int) + dice.integers(-9, 9, frames[0].rgb.shape)
            Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(
                root / "photos" / split / f"{number}.png"
            )
        media.write(root / "video" / split / "clip.mkv", iter(frames), Fraction(25))
    return root


def train(material: Path, out: Path, stage: str, steps: int, *more: str) -> list[dict[str, Any]]:
    code = run(
        ["train", "predictive", "--data", str(material), "--out", str(out), "--stage", stage,
         "--steps", str(steps), "--batch", "2", "--crop", "64", "--pictures", "2", "--threads", "1",
         "--device", "cpu", *more]
    )  # fmt: skip
    assert code == 0
    return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]


def test_stages_follow_each_other_and_give_a_model(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    first = train(material, tmp_path / "intra", "intra", 12, "--rate", "2e-3")
    assert first[-1]["step"] == 12
    before = torch.get_num_threads()
    start = str(tmp_path / "intra" / "checkpoint.pt")
    train(material, tmp_path / "inter", "inter", 2, "--start", start)
    torch.set_num_threads(before)
    one = torch.load(start, weights_only=True)["average"]
    other = torch.load(tmp_path / "inter" / "checkpoint.pt", weights_only=True)["average"]
    assert all(torch.equal(one[key], other[key]) for key in one if key.startswith("intra."))
    assert any(not torch.equal(one[key], other[key]) for key in one if key.startswith("inter."))

    root = tmp_path / "models"
    made = export(
        tmp_path / "inter" / "checkpoint.pt", root, "tiny", "tiny-1", ["genvc train ..."], "made clips"
    )
    monkeypatch.setenv("GENVC_MODELS", str(root))
    from genvc.predictive import create

    codec = create("tiny", "cpu", quality=40)
    info = codec.describe(192, 176, Fraction(25))
    assert info.model == made.full_name
    frames = [
        frame
        for frame, _ in zip(media.frames(str(material / "video/val/clip.mkv"))[1], range(3), strict=False)
    ]
    shown = list(codec.decode(codec.encode(iter(frames), info), info))
    assert len(shown) == 3
    assert isinstance(shown[0], Frame)
    with pytest.raises(BadInput):
        create("tiny", "cpu", colour=1)


def test_a_run_goes_on_from_its_checkpoint(material: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    train(material, tmp_path, "intra", 3)
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    checkpoint["stage"]["steps"] = 5
    torch.save(checkpoint, tmp_path / "checkpoint.pt")
    curve = train(material, tmp_path, "intra", 5)
    torch.set_num_threads(before)
    assert [line["step"] for line in curve] == [3, 5]


def test_another_stage_does_not_overwrite_a_run(material: Path, tmp_path: Path, capsys: Any) -> None:
    before = torch.get_num_threads()
    train(material, tmp_path, "intra", 1)
    code = run(["train", "predictive", "--data", str(material), "--out", str(tmp_path), "--steps", "9"])
    torch.set_num_threads(before)
    assert code != 0
    assert "is of another stage" in capsys.readouterr().err


def test_a_folder_without_pictures_is_one_line(tmp_path: Path, capsys: Any) -> None:
    code = run(["train", "predictive", "--data", str(tmp_path), "--out", str(tmp_path / "run")])
    assert code != 0
    assert "no pictures of 160 samples or more" in capsys.readouterr().err


def test_nothing_else_is_trained_by_this_command(tmp_path: Path, capsys: Any) -> None:
    assert run(["train", "keypoints", "--data", str(tmp_path), "--out", str(tmp_path)]) != 0
    assert "only 'predictive'" in capsys.readouterr().err
