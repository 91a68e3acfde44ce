"""A stream that was stored once decodes to the same integers, and to the same pictures within a tolerance."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import genvc
from genvc import container, media
from genvc.types import Picture
from keypoints.integers import digest
from keypoints.moments import read
from keypoints.structure import FaceBasis

GOLDEN = Path(__file__).parents[1] / "golden" / "keypoints"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.gvc"))
# Rounding differs between machines, and bicubic sampling at an edge makes more of it at single pixels.
MOST_RMS, MOST_PEAK = 1.0, 16
MOST_MEAN_RMS, MOST_MEAN_PEAK = 0.5, 4

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import genvc
from genvc import container
codec = genvc.create("keypoints", device="cpu")
for path in sys.argv[2:]:
    info, packets = container.read(path)
    print(codec.integers(packets, info))
"""


def facts(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def stored(name: str) -> Picture:
    return next(iter(media.frames(GOLDEN / name)[1])).rgb


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def off(one: Picture, other: Picture) -> tuple[float, int]:
    error = one.astype(int) - other
    return float(np.sqrt(np.square(error).mean())), int(np.abs(error).max())


def test_streams_of_all_kinds_are_stored() -> None:
    """Several groups and references, a face and none, references at full size and below."""
    assert {"head", "faint", "mixed"} <= set(NAMES)
    mixed = facts("mixed")
    assert mixed["groups"] > 1
    assert len(mixed["scales"]) > mixed["groups"]
    assert 0 < mixed["faces"] < mixed["packets"]
    assert max(facts("faint")["scales"]) > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_integers_are_those_of_the_day_it_was_made(name: str, basis: FaceBasis, threads: int) -> None:
    wanted = facts(name)
    info, packets = container.read(GOLDEN / f"{name}.gvc")
    assert info.model == wanted["model"]
    held = list(packets)
    moments = list(read(held, info, basis))
    assert len(moments) == wanted["packets"]
    assert sum(packet.key for packet in held) == wanted["groups"]
    references = [moment.reference for moment in moments]
    assert [brought.scale for brought in references if brought is not None] == wanted["scales"]
    assert sum(moment.picture.structure is not None for moment in moments) == wanted["faces"]
    assert digest(moments) == wanted["integers"]


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_fresh_process_finds_the_same_integers(count: str) -> None:
    place = str(Path(__file__).parents[2])
    streams = [str(GOLDEN / f"{name}.gvc") for name in NAMES]
    command = [sys.executable, "-c", SCRIPT, place, *streams]
    environment = {**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [facts(name)["integers"] for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_are_those_of_the_day_it_was_made(name: str, threads: int) -> None:
    info, packets = container.read(GOLDEN / f"{name}.gvc")
    codec = genvc.create("keypoints", model=info.model, device="cpu")
    shown = [frame.rgb for frame in codec.decode(packets, info)]
    assert len(shown) == facts(name)["packets"]
    rms, peak = off(shown[-1], stored(f"{name}-last.png"))
    print(f"last picture: rms {rms:.3f}, peak {peak}")
    assert rms <= MOST_RMS
    assert peak <= MOST_PEAK
    wanted = stored(f"{name}-small.png")
    high, wide = wanted.shape[0], wanted.shape[1] // len(shown)
    for index, picture in enumerate(shown):
        means = picture[: 8 * high, : 8 * wide].reshape(high, 8, wide, 8, 3).mean((1, 3))
        error = means - wanted[:, index * wide : (index + 1) * wide]
        assert np.sqrt(np.square(error).mean()) <= MOST_MEAN_RMS
        assert np.abs(error).max() <= MOST_MEAN_PEAK


@pytest.mark.parametrize("part", ["motion", "structure"])
def test_a_change_of_one_integer_changes_the_hash(basis: FaceBasis, part: str) -> None:
    info, packets = container.read(GOLDEN / "head.gvc")
    moments = list(read(packets, info, basis))
    before = digest(moments)
    getattr(moments[5].picture, part)[0] += 1
    assert digest(moments) != before
