"""What calls cost is measured: the visitor counts what the server says, and memory that grows is seen."""

import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the demo's packages are not installed: pip install 'genvc[demo]'")
from websockets.sync.client import connect
from websockets.typing import Origin

from demo.trial_command import growth
from demo.visitor import visit
from genvc.errors import GenvcError

QUICK = {"codec": "x264-live", "kbps": 60, "fps": 25, "size": 128, "source": "camera", "compare": False}


@pytest.mark.alone
def test_a_visitor_sees_what_the_server_says_that_it_shows(server: Any) -> None:
    found = visit(server.address, QUICK, 8, 1)
    meters = found["meters"]["codec"]
    assert found["fps"]["1"] > 0
    # the last meters are of up to a second before the last picture
    assert meters["pictures"] >= found["fps"]["1"] * (found["seconds"] - 1.5)
    assert 0 < found["delay_ms"] < 60_000
    # the meter of the last three seconds and the bytes on the wire
    assert found["wire_bytes"] > 0
    assert meters["mean_kbps"] == pytest.approx(meters["bytes"] * 8e-3 / meters["seconds"], rel=0.02)


def test_what_the_server_complains_about_is_an_error(server: Any) -> None:
    with pytest.raises(GenvcError, match="no codec"):
        visit(server.address, {**QUICK, "codec": "nothing"}, 5, 1)


@pytest.mark.alone
def test_a_browser_that_reads_nothing_keeps_nobody_waiting(server: Any) -> None:
    host = server.address.rstrip("/")
    url = host.replace("http", "ws", 1) + "/genvc/call"
    alone = visit(server.address, QUICK, 5, 1)["fps"]["1"]
    with connect(url, origin=Origin(host), max_queue=1, compression=None) as deaf:
        deaf.send(json.dumps({"start": {**QUICK, "source": "sample", "size": 384}}))
        time.sleep(2)
        beside = visit(server.address, QUICK, 5, 1)["fps"]["1"]
    # the deaf one's encoder goes on beside it; its pictures do not
    assert beside > 0.3 * alone


def test_memory_that_grows_is_told_from_memory_that_does_not() -> None:
    times = [2.0 * place for place in range(300)]
    filled = [(at, 500 + min(at, 60.0)) for at in times]
    leaking = [(at, 500 + at / 10) for at in times]
    assert growth(filled)["mb_per_minute"] == pytest.approx(0, abs=0.01)
    assert growth(filled)["last_quarter_mb"] == growth(filled)["first_quarter_mb"] == 560
    assert growth(leaking)["mb_per_minute"] == pytest.approx(6, abs=0.01)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is told to give back")
def test_memory_of_threads_that_ended_goes_back_to_the_system() -> None:
    # in a process of its own, whose memory nothing else moves
    script = """
import threading
from demo.memory import give_back
from demo.trial import resident

def fill():
    kept = [bytearray(60_000) for _ in range(3000)]
    pins.append(bytes(100_000))
    del kept

pins = []
threads = [threading.Thread(target=fill) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
before = resident()
give_back()
print(before, resident())
"""
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200, check=True
    )
    before, after = map(float, said.stdout.split())
    assert after < before - 100


@pytest.mark.slow
@pytest.mark.alone
def test_calls_are_measured_and_leave_no_memory_behind(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    command = [sys.executable, "-m", "genvc", "bench-call", "--json", str(found)]
    command += ["--codecs", "x264-live", "--seconds", "4"]
    command += ["--memory", "70", "--memory-size", "128", "--call-seconds", "10"]
    subprocess.run(command, check=True, timeout=400)
    said = json.loads(found.read_text())
    (row,) = said["calls"]
    assert row["codec"] == "x264-live"
    assert row["shown_fps"] > 1
    assert row["cpu_ms_per_second"]["decoding"] >= 1
    assert row["kbps"] < 100
    memory = said["memory"]
    assert memory["pictures"] > 20
    # pictures, networks or threads of the calls between the quarters would be far more
    assert memory["last_quarter_mb"] < memory["first_quarter_mb"] + 80, memory
