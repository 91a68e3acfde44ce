"""Once a server is warm, what calls leave behind is found soon."""

import subprocess
import sys

import pytest

pytest.importorskip("cv2")

SCRIPT = """
import gc
from demo.settings import Settings
from demo.warming import warm

warm(Settings("x264-live", size=128))
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_is_left_out_of_the_search_for_cycles() -> None:
    found = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    for_good, looked_through = map(int, found.stdout.split())
    assert for_good > 10_000
    assert looked_through < 0.1 * for_good
