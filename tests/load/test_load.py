"""The demo's server under a crowd, and many decoders at once: short runs of what load.py does for longer."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the demo's packages are not installed: pip install 'genvc[demo]'")
pytest.importorskip("websockets", reason="the demo's packages are not installed: pip install 'genvc[demo]'")

pytestmark = [
    pytest.mark.alone,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def test_a_crowd_is_served_or_refused_and_leaves_nothing_behind() -> None:
    from load_server import loaded

    found = loaded(clients=10, sessions=3, seconds=20)
    assert found["faults"] == []
    assert found["calls_served"] >= 3
    assert found["calls_refused"] >= 3
    assert found["pings"] > 0
    assert 1 <= found["most_sessions"] <= 3
    # queues hold the newest picture; a client that reads slowly makes nothing pile up
    assert max(one["most"]["mib"] for one in found["rounds"]) < found["before"]["mib"] + 400


def test_many_decoders_at_once_decode_as_one_alone(carphone: Path) -> None:
    from load_decoders import decoded

    found = decoded(carphone, count=3, frames=6, size=96)
    assert found["faults"] == []
    for codec in ("keypoints", "predictive", "x264-live"):
        assert found[codec]["threads"]["sessions_a_core"] > 0
        assert found[codec]["beside"]["mib_each"] < 200
