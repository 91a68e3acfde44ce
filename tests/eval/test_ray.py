"""The same cells on Ray: the same rows, and a killed worker's batch is run again."""

import json
import os
import time

import pytest
from test_bench import TIMING

from genvc.cli import run

ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")


@pytest.fixture
def cluster(fakes, cache, tmp_path, monkeypatch):
    """A cluster of two workers on this machine, which sees the fake codecs."""
    mark = tmp_path / "killed"
    monkeypatch.setenv("GENVC_TEST_MARK", str(mark))
    names = ("PYTHONPATH", "GENVC_CACHE", "GENVC_TEST_MARK")
    environment = {name: os.environ[name] for name in names}
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=80_000_000,
        runtime_env={"env_vars": environment},
    )  # fmt: skip
    yield mark
    ray.shutdown()


def rows(words, target):
    assert run(["bench", *map(str, words), "--threads", "1", "--json", str(target)]) == 0
    return json.loads(target.read_text())


def without_timing(document):
    return [{key: value for key, value in row.items() if key not in TIMING} for row in document["cells"]]


def test_a_cluster_gives_the_same_json_and_a_killed_workers_cells_are_retried(clips, cluster, tmp_path):
    words = (
        *clips,
        "--codecs",
        "grain,killer",
        "--rates",
        "grain:quality=30,quality=60",
        "--rates",
        "killer:quality=60",
        "--metrics",
        "psnr",
    )
    there = rows((*words, "--engine", "ray", "--cache", tmp_path / "there"), tmp_path / "ray.json")
    assert cluster.exists()  # a worker was killed on the way
    here = rows((*words, "--cache", tmp_path / "here"), tmp_path / "local.json")
    assert without_timing(there) == without_timing(here)
    assert there["settings"]["engine"] == "ray"
    assert [entry["metrics"] for entry in there["means"]] == [entry["metrics"] for entry in here["means"]]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no Ray cluster at '127.0.0.1:1': Connection refused"),
        ("ray://127.0.0.1:1", "no Ray cluster at 'ray://127.0.0.1:1': Connection refused"),
        ("nowhere:port", "an address is HOST, HOST:PORT or ray://HOST:PORT"),
        (":6379", "an address is HOST, HOST:PORT or ray://HOST:PORT"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line_at_once(address, message, clips, cache, tmp_path, capsys):
    started = time.monotonic()
    code = run(
        ["bench", str(clips[0]), "--codecs", "x264", "--rates", "q30", "--metrics", "psnr",
         "--engine", "ray", "--address", address, "--json", str(tmp_path / "out.json")]
    )  # fmt: skip
    assert code == 1
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("genvc:")]
    assert len(said) == 1
    assert message in said[0]
    assert time.monotonic() - started < 60
