"""What the tests share: material, made or found, and a small number of threads."""

import os

# Before anything imports torch: results and times must not hang on how many cores there are. Two threads, as
# many as the smallest machine has that runs these tests; one where each core has a worker of its own.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genvc import Frame
from genvc.errors import BadInput
from genvc.samples import sample_path


@pytest.fixture(scope="session", autouse=True)
def few_threads() -> None:
    """Also where torch was told otherwise before."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def _folder(variable: str) -> Path:
    said = os.environ.get(variable)
    if not said:
        pytest.skip(f"{variable} is not set")
    return Path(said)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real material, laid out as CONTRIBUTING.md says."""
    return _folder("GENVC_DATA")


@pytest.fixture(scope="session")
def anchors() -> Path:
    """The folder of streams that other codecs made of that material."""
    return _folder("GENVC_ANCHORS")


@pytest.fixture(scope="session")
def carphone() -> Path:
    """The sample talking head, 176x144, 120 frames."""
    try:
        return sample_path("carphone")
    except BadInput as error:
        pytest.skip(str(error))


MakeClip = Callable[[int, int, int], list[Frame]]


@pytest.fixture(scope="session")
def make_clip() -> MakeClip:
    """(width, height, frames) -> a clip with a gradient, a moving disc and a little texture."""

    def make(width: int, height: int, count: int) -> list[Frame]:
        down, across = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = max(1.0, min(width, height) / 4)
        frames = []
        for index in range(count):
            x = width / 2 + np.cos(index / 3) * width / 5
            y = height / 2 + np.sin(index / 3) * height / 5
            disc = np.clip(radius - np.hypot(across - x, down - y), 0, 1)
            picture = np.stack(
                [
                    60 + 120 * across / width + 70 * disc,
                    200 - 120 * down / height - 90 * disc,
                    90 + 20 * np.sin(across / 3) * np.cos(down / 4) + 60 * disc,
                ],
                axis=2,
            )
            frames.append(Frame(np.clip(picture, 0, 255).astype(np.uint8), index))
        return frames

    return make
