"""What the tests of conceptual share: networks of random weights, and photos to train on."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from conceptual_scenes import scene

from conceptual.engine import Engine
from conceptual.line_model import AROUND, LineNetwork
from conceptual.model import Conceptual
from conceptual.textures import KINDS
from genvc import media
from genvc.types import Frame


@pytest.fixture(scope="session")
def line_network() -> LineNetwork:
    """Of random whole numbers: any network is exact."""
    random = np.random.default_rng(3)
    sizes = (len(AROUND), 8, 1)
    layers = [
        (random.integers(-900, 900, (a, b)).astype(float), random.integers(-900, 0, b).astype(float))
        for a, b in pairwise(sizes)
    ]
    return LineNetwork(tuple(layers))


@pytest.fixture(scope="session", params=KINDS)
def engine(line_network: LineNetwork, request: pytest.FixtureRequest) -> Engine:
    """Random networks, generator included, so that every input counts; over latents, and over stills."""
    torch.manual_seed(5)
    model = Conceptual(texture=request.param)
    for parameter in model.generator.parameters():
        torch.nn.init.normal_(parameter, 0, 0.03)
    return Engine(model, line_network, torch.device("cpu"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One drawn photo to train on, another one to validate."""
    for split, mirrored in (("train", False), ("val", True)):
        folder = tmp_path / "data" / "photos" / split
        folder.mkdir(parents=True)
        rgb = scene(128, 160)
        media.write(
            folder / "a.png", [Frame(np.ascontiguousarray(rgb[:, ::-1]) if mirrored else rgb, 0)], Fraction(1)
        )
    return tmp_path / "data"
