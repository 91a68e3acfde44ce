"""A stream that was stored once decodes to the same integers, and to the same picture within a tolerance."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genvc
from genvc import container, media

GOLDEN = Path(__file__).parents[1] / "golden" / "conceptual"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.gvc"))

SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:2]
import genvc
from genvc import container
for path in sys.argv[2:]:
    info, packets = container.read(path)
    print(genvc.create("conceptual", info.model, "cpu").integers(packets, info))
"""


def facts(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def test_streams_of_all_kinds_are_stored() -> None:
    kinds = [facts(name)["settings"] for name in NAMES]
    assert {settings & 7 for settings in kinds} >= {2, 3, 4}
    assert any(settings & 8 for settings in kinds)
    assert any(settings & 16 for settings in kinds)


@pytest.mark.parametrize("name", NAMES)
def test_integers_and_picture_are_those_of_the_day_it_was_made(name: str) -> None:
    wanted = facts(name)
    info, packets = container.read(GOLDEN / f"{name}.gvc")
    held = list(packets)
    assert info.model == wanted["model"]
    assert held[0].payload[0] == wanted["settings"]
    codec: Any = genvc.create("conceptual", info.model, "cpu")
    assert codec.integers(held, info) == wanted["integers"]
    (shown,) = codec.decode(held, info)
    stored = next(iter(media.frames(GOLDEN / f"{name}-last.png")[1])).rgb
    error = shown.rgb.astype(float) - stored
    most_rms, most_peak = wanted["limits"]["last"]
    assert np.sqrt(np.square(error).mean()) <= most_rms
    assert np.abs(error).max() <= most_peak


@pytest.mark.parametrize(("threads", "capability"), [("1", "avx2"), ("2", "default")])
def test_a_fresh_process_finds_the_same_integers(threads: str, capability: str) -> None:
    place = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", SCRIPT, place, *(str(GOLDEN / f"{name}.gvc") for name in NAMES)]
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "ATEN_CPU_CAPABILITY": capability}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [facts(name)["integers"] for name in NAMES]
