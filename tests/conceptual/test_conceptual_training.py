"""Training, from pictures to a model that streams name."""

import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from conceptual_scenes import scene

import genvc
from conceptual.training.export import export
from genvc import cli
from genvc.types import Frame


def trained(data: Path, out: Path, *options: str) -> int:
    threads = torch.get_num_threads()
    words = [
        "train",
        "conceptual",
        "--data",
        str(data),
        "--out",
        str(out),
        "--threads",
        "1",
        "--device",
        "cpu",
    ]
    try:
        return cli.run([*words, *options])
    finally:
        torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texture", "start"),
    [("latents", "predictive-lpips"), ("still", "predictive-lpips"), ("still", "conceptual")],
)
def test_two_stages_make_a_model_that_codes(
    texture: str, start: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "TORCH_HOME" not in os.environ:
        pytest.skip("no SqueezeNet weights: TORCH_HOME is not set")
    out, root = tmp_path / "run", tmp_path / "models"
    once = ("--stage", "perceptual", "--steps", "1", "--batch", "1", "--crop", "128")
    assert trained(data, out, *once, "--start", start, "--texture", texture) == 0
    (line,) = (json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines())
    assert line["step"] == 1
    assert np.isfinite(line["loss"])
    assert (out / "preview.png").stat().st_size > 1000
    assert trained(data, out, "--stage", "tables", "--seconds", "1") == 0
    made = export(out / "checkpoint.pt", root, "mine", "mine", ["train"], "a drawn scene")
    monkeypatch.setenv("GENVC_MODELS", str(root))
    codec = genvc.create("conceptual", "mine", "cpu", quality=40)
    info = codec.describe(96, 64, Fraction(1))
    assert info.model == made.full_name
    (shown,) = codec.decode(codec.encode([Frame(scene(64, 96), 0)], info), info)
    assert np.abs(shown.rgb.astype(float) - scene(64, 96)).mean() < 40


def test_options_that_do_not_go_together_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (
        ("--stage", "all"),
        ("--crop", "200"),
        ("--stage", "tables", "--critic", "0.1"),
        ("--without", "hope"),
        ("--texture", "paint"),
    ):
        assert trained(data, tmp_path / "run", *options) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
