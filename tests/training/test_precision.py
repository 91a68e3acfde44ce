"""Training is never slowed down by a type that the processor has to emulate."""

import pytest
import torch
from torch import nn

from genvc.training.precision import autocast, fast_in_half


def test_a_cpu_is_asked_once() -> None:
    fast_in_half("cpu")
    asked = fast_in_half.cache_info().misses
    fast_in_half("cpu")
    assert fast_in_half.cache_info().misses == asked


def test_a_gpu_is_not_asked() -> None:
    assert fast_in_half("cuda")


@pytest.mark.parametrize("fast", [True, False])
def test_convolutions_run_in_the_faster_type(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genvc.training.precision.fast_in_half", lambda kind: fast)
    with autocast(torch.device("cpu")):
        made = nn.Conv2d(3, 4, 3)(torch.zeros(1, 3, 8, 8))
    assert made.dtype == (torch.bfloat16 if fast else torch.float32)
