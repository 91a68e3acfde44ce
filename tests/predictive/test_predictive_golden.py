"""A stream that was stored once decodes to the same integers, and to the same pictures within a tolerance."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from predictive_records import walk

from genvc import container, media
from genvc.types import Picture

GOLDEN = Path(__file__).parents[1] / "golden" / "predictive"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.gvc"))
# Rounding differs between machines; it is warped from picture to picture.
MOST_RMS, MOST_PEAK = 0.7, 8
MOST_MEAN_RMS, MOST_MEAN_PEAK = 0.3, 2

SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:3]
import torch
from genvc import container
from predictive_records import walk
for path in sys.argv[4:]:
    with torch.autocast("cpu", torch.bfloat16, enabled=sys.argv[3] == "bfloat16"):
        print(walk(*container.read(path))[0])
"""


def facts(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def stored(name: str) -> Picture:
    return next(iter(media.frames(GOLDEN / name)[1])).rgb


def off(one: Any, other: Any) -> tuple[float, int]:
    error = one.astype(float) - other
    return float(np.sqrt(np.square(error).mean())), int(np.abs(error).max())


def test_streams_of_all_kinds_are_stored() -> None:
    kinds = {name: facts(name)["kinds"] for name in NAMES}
    assert kinds["chain"].count(0) > 1
    assert kinds["chain"].count(1) > 10
    assert kinds["chain"].count(3) > 0
    assert min(facts(name)["skipped"] for name in ("chain", "between")) > 100
    assert kinds["between"].count(2) > 10
    assert kinds["still"] == [0]


@pytest.mark.parametrize("name", NAMES)
def test_integers_and_pictures_are_those_of_the_day_it_was_made(name: str) -> None:
    wanted = facts(name)
    info, packets = container.read(GOLDEN / f"{name}.gvc")
    assert info.model == wanted["model"]
    held = list(packets)
    assert [packet.payload[0] // 64 for packet in held] == wanted["kinds"]
    integers, skipped, frames = walk(info, held)
    assert integers == wanted["integers"]
    assert skipped == wanted["skipped"]
    shown = [frame.rgb for frame in frames]
    rms, peak = off(shown[-1], stored(f"{name}-last.png"))
    print(f"last picture: rms {rms:.3f}, peak {peak}")
    assert rms <= MOST_RMS
    assert peak <= MOST_PEAK
    wanted_small = stored(f"{name}-small.png")
    high, wide = wanted_small.shape[0], wanted_small.shape[1] // len(shown)
    for index, picture in enumerate(shown):
        means = picture[: 8 * high, : 8 * wide].reshape(high, 8, wide, 8, 3).mean((1, 3))
        rms, peak = off(means, wanted_small[:, index * wide : (index + 1) * wide])
        assert rms <= MOST_MEAN_RMS
        assert peak <= MOST_MEAN_PEAK


@pytest.mark.parametrize(
    ("threads", "precision", "capability"),
    [("1", "float32", "avx2"), ("2", "float32", "default"), ("2", "bfloat16", "avx512")],
)
def test_a_fresh_process_finds_the_same_integers(threads: str, precision: str, capability: str) -> None:
    if capability == "avx512" and not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        pytest.skip("this processor has no AVX-512")
    places = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    streams = [str(GOLDEN / f"{name}.gvc") for name in NAMES]
    command = [sys.executable, "-c", SCRIPT, *places, precision, *streams]
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "ATEN_CPU_CAPABILITY": capability}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [facts(name)["integers"] for name in NAMES]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is at hand")
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_finds_the_same_integers(name: str) -> None:
    info, packets = container.read(GOLDEN / f"{name}.gvc")
    assert walk(info, packets, "cuda")[0] == facts(name)["integers"]
