"""Training runs, on pictures that are drawn: packs, a few steps, a model that paints."""

from pathlib import Path

import numpy as np
import pytest
import torch

from crossmodal.build import build
from crossmodal.decoder import Network, Painting, Size
from crossmodal.representation import Representation
from crossmodal.training import pack
from crossmodal.training.describer import fit
from crossmodal.training.loop import Stage, train, vocabulary
from genvc import media, models
from genvc.errors import BadInput
from genvc.types import Frame, Picture


@pytest.fixture
def drawings(tmp_path: Path, picture: Picture) -> Path:
    """photos/train and photos/val with two pictures each."""
    from fractions import Fraction

    for split in ("train", "val"):
        folder = tmp_path / "photos" / split
        folder.mkdir(parents=True)
        for number, rgb in enumerate((picture, picture[::-1])):
            media.write(folder / f"{number}.png", [Frame(np.ascontiguousarray(rgb), 0)], Fraction(1))
    return tmp_path


def test_packs_hold_what_is_sent_and_what_was_there(drawings: Path) -> None:
    path = drawings / "packs" / "train.npz"
    pack.made(drawings, "train", path, 2, 1)
    read = pack.load(path)
    assert read.planes.shape == (4, 6, pack.ROWS, pack.COLUMNS)
    assert read.pictures.shape == (4, pack.ROWS, pack.COLUMNS, 3)
    assert all(read.texts)
    # the colours that are sent are near those that were there
    sent = np.moveaxis(read.planes[:, :3], 1, 3).astype(float)
    assert np.abs(sent - read.pictures).mean() < 25
    with pytest.raises(BadInput, match="split 'test'"):
        pack.made(drawings, "test", path, 1, 1)


def test_the_painter_learns_and_paints(
    drawings: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Squared:
        """Stands for LPIPS, whose weights need not be here."""

        def __init__(self, device: torch.device) -> None:
            pass

        def __call__(self, decoded: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
            return (decoded - shown).square().mean((1, 2, 3))

    monkeypatch.setattr("crossmodal.training.loop.Likeness", Squared)
    path = drawings / "packs" / "train.npz"
    pack.made(drawings, "train", path, 4, 1)
    read = pack.load(path)
    stage = Stage("painter", 12, 2, 2e-3, 8, 1, vocabulary(read), 1)
    train(stage, read, read, drawings / "run", torch.device("cpu"))
    saved = torch.load(drawings / "run" / "checkpoint.pt", weights_only=True)
    assert saved["done"] == 12
    size = Size(8, 1, stage.words)
    network = Network(size)
    network.load_state_dict(saved["average"])
    painting = Painting(network, size, torch.device("cpu"))
    from crossmodal import palette

    shown = Representation("a red ball", palette.measured(picture, 3, 1))
    painted = painting(shown, 160, 120)
    assert np.abs(painted.astype(float) - picture).mean() < 20
    assert painting(Representation("a red ball"), 33, 7).shape == (7, 33, 3)
    for width, height in ((1, 1), (2, 500), (500, 2)):
        shown = Representation(None, palette.measured(picture[:height, :width], 0, 0))
        assert painting(shown, width, height).shape == (height, width, 3)


def test_the_classifier_learns_what_captions_say() -> None:
    dice = np.random.default_rng(2)
    numbers = dice.normal(0, 0.1, (60, 12))
    numbers[::2, 3] += 1
    captions = [["a plate of food"] if place % 2 == 0 else ["a dog in snow"] for place in range(60)]
    made = fit(numbers, captions)
    assert made.scene(np.eye(12)[3]) == 0
    assert made.scene(np.zeros(12)) == 6


def test_a_model_of_another_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, tensors = models.load("crossmodal-scenes", "crossmodal")
    config["painter"] = {"channels": 24, "blocks": 1, "words": ["a"]}
    models.save(tmp_path / "weights" / "odd", config, tensors)
    models.add("odd", "crossmodal", licence="x", trained_on="x", command="x", root=tmp_path)
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    with pytest.raises(BadInput, match="do not fit"):
        build("odd", "cpu", {})
