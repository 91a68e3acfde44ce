"""A device is picked by name or refused in words."""

import pytest

from genvc import device
from genvc.errors import BadInput

torch = pytest.importorskip("torch")


def test_auto_is_cuda_where_there_is_one() -> None:
    assert device.pick("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.pick("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:99", "meta", "cpu:x"])
def test_devices_that_are_not_there_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no device"):
        device.pick(name)
