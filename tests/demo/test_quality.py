"""Quality is sampled beside the call, and nothing of a call stays in the hands of who judged it."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest

from demo.quality import Sample, Sampler


class Call:
    def __init__(self) -> None:
        self.told = threading.Event()
        self.sample: Sample | None = None

    def judged(self, sample: Sample) -> None:
        self.sample = sample
        self.told.set()


def test_a_call_that_was_judged_can_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.quality.METRICS", ("psnr",))
    sampler, call = Sampler(), Call()
    picture = np.full((64, 64, 3), 100, np.uint8)
    sampler.put(picture, picture + 10, call.judged)
    assert call.told.wait(60)
    assert call.sample is not None
    assert call.sample.figures["psnr"] == pytest.approx(20 * np.log10(255 / 10), abs=0.01)
    kept = weakref.ref(call)
    del call
    ends = time.monotonic() + 20
    while kept() is not None:
        assert time.monotonic() < ends, "the sampler holds on to the call"
        gc.collect()
        time.sleep(0.05)
