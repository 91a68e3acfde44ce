"""A stream that was stored once decodes to the same integers, and to the same picture within a tolerance."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conceptual_records import walk

from genvc import container, media

GOLDEN = Path(__file__).parents[1] / "golden" / "conceptual"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.gvc"))
MOST_RMS, MOST_PEAK = 0.7, 8  # rounding differs between machines

SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:3]
from genvc import container
from conceptual_records import walk
for path in sys.argv[3:]:
    print(walk(*container.read(path))[0])
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
    integers, (shown,) = walk(info, held)
    assert integers == wanted["integers"]
    stored = next(iter(media.frames(GOLDEN / f"{name}-last.png")[1])).rgb
    error = shown.rgb.astype(float) - stored
    assert np.sqrt(np.square(error).mean()) <= MOST_RMS
    assert np.abs(error).max() <= MOST_PEAK


@pytest.mark.parametrize(("threads", "capability"), [("1", "avx2"), ("2", "default")])
def test_a_fresh_process_finds_the_same_integers(threads: str, capability: str) -> None:
    places = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    command = [sys.executable, "-c", SCRIPT, *places, *(str(GOLDEN / f"{name}.gvc") for name in NAMES)]
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "ATEN_CPU_CAPABILITY": capability}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [facts(name)["integers"] for name in NAMES]
