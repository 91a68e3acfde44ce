"""The perceptual loss says what it lacks, and fetches nothing."""

from pathlib import Path

import pytest
import torch

from genvc.errors import BadInput
from genvc.training.likeness import Likeness


def test_weights_that_are_missing_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*what: object, **how: object) -> None:
        raise AssertionError("something was asked of a network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", fetched)
    monkeypatch.setattr("torch.hub.download_url_to_file", fetched)
    with pytest.raises(BadInput, match=r"squeezenet1_1-b8a52dc0\.pth, in TORCH_HOME"):
        Likeness(torch.device("cpu"))
