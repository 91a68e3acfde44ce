"""Benchmarks that are stopped in the middle."""

import signal
import subprocess
import sys
import time

from bench_calls import bench, load


def begun(words, out):
    """The benchmark in a process of its own."""
    code = "from genvc.cli import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, "bench", *words, "--json", str(out)])


def test_a_run_that_is_killed_keeps_what_it_has(clips, fakes, cache, out):
    words = [
        str(clips[0]),
        str(clips[1]),
        "--codecs",
        "grain",
        "--rates",
        "quality=50,quality=60",
        "--metrics",
        "psnr",
    ]
    process = begun(words, out)
    try:
        deadline = time.monotonic() + 120
        while not out.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    kept = load(out)
    assert len(kept["cells"]) >= 2
    assert bench(*words, "--json", out) == 0
    document = load(out)
    assert len(document["cells"]) == 4
    assert document["cells"][:2] == kept["cells"][:2]


def test_ctrl_c_ends_with_130_and_leaves_no_half_written_file(clips, fakes, cache, out):
    words = [
        str(clips[0]),
        "--codecs",
        "x264",
        "--rates",
        ",".join(f"q{step}" for step in range(20, 50)),
        "--metrics",
        "psnr",
    ]
    process = begun(words, out)
    deadline = time.monotonic() + 120
    while not any(cache.rglob("encode-*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert not list(out.parent.glob("*.part*"))


def test_ctrl_c_does_not_wait_for_the_cells_under_way(clips, fakes, cache, out, tmp_path, monkeypatch):
    mark = tmp_path / "begun"
    monkeypatch.setenv("GENVC_TEST_MARK", str(mark))
    rates = ",".join(f"quality={step}" for step in range(10, 18))
    words = [str(clips[0]), "--codecs", "sleeping", "--rates", rates, "--metrics", "psnr"]
    process = begun(words, out)
    try:
        deadline = time.monotonic() + 120
        while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
