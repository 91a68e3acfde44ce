"""The networks as they are before training: a block DCT that works, every zero a little off zero."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from genvc import media
from genvc.predictive.codec import Predictive
from genvc.predictive.model import Predictive as Model
from genvc.predictive.networks import Networks
from genvc.types import Frame, Picture


@pytest.fixture(scope="session")
def networks() -> Networks:
    torch.manual_seed(11)
    model = Model()
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.003)
    return Networks(model, torch.device("cpu"))


@pytest.fixture(scope="session")
def codec(networks: Networks) -> Callable[..., Predictive]:
    """(options) -> a codec without a model's name."""

    def make(**options: Any) -> Predictive:
        return Predictive(lambda _: networks, ("", ""), **options)

    return make


@pytest.fixture(scope="session")
def talk(carphone: Path) -> list[Picture]:
    """24 pictures of the sample clip, 176x144."""
    return [frame.rgb for frame, _ in zip(media.frames(str(carphone))[1], range(24), strict=False)]


@pytest.fixture
def clip(talk: list[Picture]) -> list[Frame]:
    return [Frame(rgb, index) for index, rgb in enumerate(talk[:6])]
