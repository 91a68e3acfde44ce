"""The measurement of speed runs, in the arithmetic that was asked for."""

from pathlib import Path

import pytest
import torch

from keypoints import speed


@pytest.mark.parametrize("half", [False, True])
def test_speeds_of_both_ways_are_measured(
    carphone: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    monkeypatch.setattr(speed, "_MOST", 3)
    row = speed.measured(str(carphone), torch.get_num_threads(), half)
    assert row["pictures"] == 3
    assert row["arithmetic"] == ("bfloat16" if half else "float32")
    for way in ("encode", "decode"):
        assert row[f"{way}_fps"] > 0
        assert row[f"{way}_ms"] > 0
