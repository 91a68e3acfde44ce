"""Mutated streams end in an error of ours or in pictures, within their bounds: a short run with fixed seeds.

`make fuzz SECONDS=600` goes on for longer, guided by coverage where atheris is installed.
"""

import io
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz import change
from fuzz_mutations import mutated
from fuzz_seeds import seeds
from fuzz_targets import TARGETS, OverBound, bounded, warm

from genvc import container
from genvc.errors import GenvcError

HERE = Path(__file__).parent
CRASHES = sorted((HERE / "crashes").glob("*/*"))
# executions of each target: a few seconds each
RUNS = {
    "container": 1500,
    "entropy": 300,
    "text": 80,
    "link": 400,
    "keypoints-exact": 150,
    "conceptual-exact": 50,
    "crossmodal-exact": 150,
    "keypoints": 40,
    "predictive": 15,
    "conceptual": 25,
    "crossmodal": 30,
    "avif": 150,
    "auto": 30,
}


@pytest.fixture(scope="module", params=sorted(TARGETS))
def target(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    warm(name)
    return name


def test_mutated_streams_are_refused_or_decoded(target: str) -> None:
    source = random.Random(target)
    inputs = seeds(target)
    for _ in range(RUNS[target]):
        data, seed = source.choice(inputs), source.randrange(1 << 31)
        made = change(target, data, seed)
        try:
            bounded(target, made)
        except Exception as error:
            (Path.cwd() / f"fault-{target}").write_bytes(made)
            raise AssertionError(
                f"seed {seed} of a stream of {len(data)} bytes; see fault-{target}"
            ) from error


@pytest.mark.parametrize("path", CRASHES, ids=lambda path: path.name)
def test_what_failed_once_fails_no_more(path: Path) -> None:
    warm(path.parent.name)
    bounded(path.parent.name, path.read_bytes())


def test_mutations_reach_what_lies_behind_the_checks() -> None:
    """Most mutated streams have right checksums, and many have other packets than before."""
    (data, *_) = seeds("keypoints")
    whole = other = 0
    packets = list(container.read(io.BytesIO(data))[1])
    for seed in range(200):
        try:
            found = list(container.read(io.BytesIO(mutated(data, seed)))[1])
        except GenvcError:
            continue
        whole += 1
        other += found != packets
    assert whole > 60
    assert other > 40


def test_mutations_are_the_same_for_a_seed() -> None:
    (data, *_) = seeds("container")
    assert mutated(data, 7) == mutated(data, 7) != mutated(data, 8)


def test_a_target_that_asks_for_too_much_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bytearray] = []

    def slow(data: bytes) -> None:
        while time.process_time() < end:
            pass

    def greedy(data: bytes) -> None:
        held.append(bytearray(b"x") * (100 << 20))

    def wrong(data: bytes) -> None:
        raise KeyError(data)

    monkeypatch.setitem(TARGETS, "container", wrong)
    with pytest.raises(KeyError):
        bounded("container", b"")
    end = time.process_time() + 0.4
    monkeypatch.setitem(TARGETS, "container", slow)
    monkeypatch.setattr("fuzz_targets._BOUNDS", {"container": (0.2, 64 << 20)})
    with pytest.raises(OverBound, match=r"at most 0\.2"):
        bounded("container", b"")
    monkeypatch.setitem(TARGETS, "container", greedy)
    with pytest.raises(OverBound, match="more than before, at most 64"):
        bounded("container", b"")


def test_a_run_is_recorded(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "fuzz.py"), "--seconds", "1", "--target", "container", "--random"]
    for _ in range(2):
        done = subprocess.run(
            [*command, "--json", str(tmp_path / "a.json")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "no atheris: mutations drawn at random" in done.stdout
    found = json.loads((tmp_path / "a.json").read_text())["targets"]["container"]
    assert found["runs"] == 2
    assert found["executions"] > 20
    assert found["faults"] == 0
