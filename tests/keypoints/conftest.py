"""What the tests of keypoints share: the sample clip, a still, a codec's whole way there and back."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import genvc
from genvc import cli, media
from genvc.errors import BadInput
from genvc.samples import sample_path
from genvc.types import Frame, Packet, Picture, StreamInfo
from keypoints.detector import FaceMeshDetector, Points
from keypoints.moments import read
from keypoints.structure import FaceBasis
from keypoints.syntax import PictureRecord, ReferenceRecord

FPS = Fraction(25)


@dataclass(frozen=True, slots=True)
class Stream:
    """What an encoder made, and what a decoder shows of it."""

    info: StreamInfo
    packets: list[Packet]
    frames: list[Frame]


Code = Callable[..., Stream]
Record = tuple[ReferenceRecord | None, PictureRecord]
Walk = Callable[[StreamInfo, Sequence[Packet]], list[Record]]


@pytest.fixture(scope="session")
def code() -> Code:
    """(pictures, fps=25, **options) -> Stream: encoded and decoded, with one packet a picture."""

    def run(pictures: Sequence[Picture], fps: Fraction = FPS, **options: Any) -> Stream:
        codec = genvc.create("keypoints", device="cpu", **options)
        high, wide = pictures[0].shape[:2]
        info = codec.describe(wide, high, fps)
        packets = list(codec.encode((Frame(rgb, index) for index, rgb in enumerate(pictures)), info))
        frames = list(codec.decode(iter(packets), info))
        assert [frame.pts for frame in frames] == list(range(len(pictures)))
        assert all(frame.rgb.shape == pictures[0].shape for frame in frames)
        return Stream(info, packets, frames)

    return run


@pytest.fixture(scope="session")
def walk(basis: FaceBasis) -> Walk:
    """(info, packets) -> for each packet the reference it brings, if any, and the picture it shows."""

    def over(info: StreamInfo, packets: Sequence[Packet]) -> list[Record]:
        return [(moment.reference, moment.picture) for moment in read(packets, info, basis)]

    return over


@pytest.fixture(scope="session")
def talk(carphone: Path) -> list[Picture]:
    """The sample talking head as it is: 120 pictures of 176x144."""
    return [frame.rgb for frame in media.frames(carphone)[1]]


@pytest.fixture(scope="session")
def portrait() -> Picture:
    """A still of a face, 256x256."""
    try:
        path = sample_path("astronaut")
    except BadInput as error:
        pytest.skip(str(error))
    return next(iter(media.frames(path, 256)[1])).rgb


@pytest.fixture(scope="session")
def basis() -> FaceBasis:
    """The face basis that ships."""
    shipped: FaceBasis = genvc.create("keypoints", device="cpu").basis  # type: ignore[attr-defined]
    return shipped


@pytest.fixture(scope="session")
def talk_points(talk: list[Picture]) -> list[Points]:
    """The face points of every fourth of the first 60 pictures of the sample."""
    detector = FaceMeshDetector()
    try:
        found = [detector.detect(rgb) for rgb in talk[:60:4]]
    finally:
        detector.close()
    seen = [points for points in found if points is not None]
    assert len(seen) == 15
    return seen


@pytest.fixture(scope="session")
def scenery() -> Callable[..., Picture]:
    """(width, height, seed) -> hills under a sky with much texture and no face."""

    def paint(width: int, height: int, seed: int = 0) -> Picture:
        random = np.random.default_rng(seed)
        across = np.arange(width)
        picture = np.zeros((height, width, 3))
        picture[:] = np.linspace((150, 190, 235), (225, 230, 235), height)[:, None]
        for layer in range(4):
            waves = sum(
                np.sin(across / width * 6.28 * rate + random.uniform(0, 6.28)) / rate
                for rate in (1, 2, 5, 11)
            )
            ridge = height * (0.35 + 0.16 * layer + 0.06 * waves)
            colour = np.array((90, 120, 80)) * (1 - 0.2 * layer) + random.uniform(-20, 20, 3)
            below = np.arange(height)[:, None] >= ridge[None]
            picture[below] = colour
        grain = random.normal(0, 1, (height // 2 + 1, width // 2 + 1, 1)).repeat(2, 0).repeat(2, 1)
        return np.clip(picture + 9 * grain[:height, :width], 0, 255).astype(np.uint8)

    return paint


@pytest.fixture(scope="module")
def trained(carphone: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """(out, steps, *options) -> the validation curve of a short training, or None where it failed."""
    if "TORCH_HOME" not in os.environ:
        pytest.skip("no SqueezeNet weights: TORCH_HOME is not set")
    data = tmp_path_factory.mktemp("data")
    for split in ("train", "val"):
        folder = data / "faces" / split
        folder.mkdir(parents=True)
        pictures = [frame for frame, _ in zip(media.frames(carphone)[1], range(24), strict=False)]
        media.write(folder / "clip.mkv", iter(pictures), FPS)

    def run(out: Path, steps: int, *options: str) -> list[dict[str, Any]] | None:
        threads = torch.get_num_threads()
        code = cli.run(
            ["train", "keypoints", "--data", str(data), "--out", str(out), "--steps", str(steps),
             "--batch", "1", "--threads", "1", "--device", "cpu", *options]
        )  # fmt: skip
        torch.set_num_threads(threads)
        if code:
            return None
        return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]

    return run
