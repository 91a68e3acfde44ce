"""The measurement of speed runs and says in which arithmetic; a processor kept to fewer instructions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from genvc import arithmetic
from keypoints import speed


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    arithmetic.has_bfloat16.cache_clear()
    yield
    arithmetic.has_bfloat16.cache_clear()


@pytest.mark.parametrize("half", [False, True])
def test_speeds_of_both_ways_are_measured(
    carphone: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    monkeypatch.setattr(speed, "_MOST", 3)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": half}, raising=False)
    row = speed.measured(str(carphone), torch.get_num_threads())
    assert row["pictures"] == 3
    assert row["arithmetic"] == ("bfloat16" if half else "float32")
    for way in ("encode", "decode"):
        assert row[f"{way}_fps"] > 0
        assert row[f"{way}_ms"] > 0


@pytest.mark.parametrize("name", ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"])
@pytest.mark.parametrize(("most", "there"), [("avx2", False), ("AVX512_CORE", False), ("ALL", True)])
def test_bfloat16_is_not_emulated_where_its_instructions_may_not_be_used(
    monkeypatch: pytest.MonkeyPatch, name: str, most: str, there: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setenv(name, most)
    assert arithmetic.has_bfloat16() is there
