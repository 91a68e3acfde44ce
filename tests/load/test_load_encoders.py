"""Encoders of calls come and go, many at once, and their memory with them."""

import sys

import pytest

pytest.importorskip("cv2")
pytestmark = [pytest.mark.alone, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


def test_memory_does_not_grow_while_encoders_come_and_go() -> None:
    from load_encoders import encoded

    found = encoded(rounds=4, count=4, ways=("given-back",))
    sizes = found["given_back_mib"]
    assert len(sizes) == 4
    # where nothing is given back a process grows with each of them
    assert max(sizes) - sizes[0] < 50, sizes
