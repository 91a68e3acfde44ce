"""Training goes on where it stopped, gets better, and gives a model that streams can name."""

import json
import os
import socket
import subprocess
import sys
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


def test_a_model_can_be_trained_without_parts(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    before = torch.get_num_threads()
    sizes = {}
    frames = [
        frame
        for frame, _ in zip(media.frames(str(material / "video/val/clip.mkv"))[1], range(3), strict=False)
    ]
    from genvc.predictive import create

    root = tmp_path / "models"
    monkeypatch.setenv("GENVC_MODELS", str(root))
    for name, parts in {"whole": (), "cut": ("prior", "scales", "steps")}.items():
        left_out = [word for part in parts for word in ("--without", part)]
        train(material, tmp_path / name, "joint", 1, "--start", "predictive-mse", "--rate", "1e-9", *left_out)
        export(tmp_path / name / "checkpoint.pt", root, name, name, ["genvc train ..."], "made clips")
        codec = create(name, "cpu", quality=50)
        info = codec.describe(192, 176, Fraction(25))
        packets = list(codec.encode(iter(frames), info))
        assert len(list(codec.decode(packets, info))) == 3
        sizes[name] = sum(len(packet.payload) for packet in packets)
    torch.set_num_threads(before)
    assert json.loads((root / "weights/cut/config.json").read_text())["without"] == [
        "prior",
        "scales",
        "steps",
    ]
    # weights that were trained with all parts, used without them
    assert sizes["cut"] > sizes["whole"]


@pytest.mark.parametrize("wrong", [["--without", "colour"], ["--pictures", "1", "--stage", "joint"]])
def test_options_of_training_that_make_no_sense_are_refused(
    material: Path, tmp_path: Path, wrong: list[str], capsys: Any
) -> None:
    assert run(["train", "predictive", "--data", str(material), "--out", str(tmp_path), *wrong]) != 0
    assert not (tmp_path / "checkpoint.pt").exists()


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


def test_two_processes_train_one_model(material: Path, tmp_path: Path) -> None:
    """Each has batches of its own; averaged gradients keep their weights alike."""
    code = (
        "import sys, torch; from genvc.predictive.training import loop; from pathlib import Path;"
        "torch.set_num_threads(1);"
        "stage = loop.Stage('joint', 2, 1, 64, 3); data, out = map(Path, sys.argv[1:]);"
        "kept = [];"
        "made = loop._Run.__init__;"
        "loop._Run.__init__ = lambda self, *given: (kept.append(self), made(self, *given))[1];"
        "loop.train(stage, data, out, None, torch.device('cpu'));"
        "print('sum', repr(sum(float(p.double().abs().sum()) for p in kept[0].model.parameters())))"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(material), str(tmp_path / "run")],
            env={**common, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=240)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    sums = {text.split("sum ")[1] for text in said}
    assert len(sums) == 1
    assert len((tmp_path / "run" / "curve.jsonl").read_text().splitlines()) == 1


@pytest.mark.skipif("TORCH_HOME" not in os.environ, reason="no SqueezeNet weights: TORCH_HOME is not set")
def test_the_perceptual_stage_runs_with_a_critic(material: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    curve = train(material, tmp_path, "perceptual", 3, "--pictures", "3", "--critic", "0.05")
    torch.set_num_threads(before)
    assert set(curve[-1]["between"]) == {"8", "20", "32", "44"}
    assert 0 < curve[-1]["20"][3] < 1
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert any(key.startswith("layers") for key in state["critic"])


def test_a_folder_without_pictures_is_one_line(tmp_path: Path, capsys: Any) -> None:
    code = run(["train", "predictive", "--data", str(tmp_path), "--out", str(tmp_path / "run")])
    assert code != 0
    assert "no pictures of 160 samples or more" in capsys.readouterr().err


def test_a_codec_without_training_is_named(tmp_path: Path, capsys: Any) -> None:
    assert run(["train", "avif", "--data", str(tmp_path), "--out", str(tmp_path)]) != 0
    assert "'avif'" in capsys.readouterr().err
