"""LPIPS v0.1 by its authors' package, with the backbone in the metric's name."""

from collections.abc import Sequence
from importlib.metadata import version

import lpips
import torch
from torch import Tensor

from genvc.errors import Unsupported
from genvc.types import Picture

from . import Metric, check_pair, pictures_to_tensor
from .per_picture import PerPicture
from .weights import checkpoint, loading, refuse_nan

__all__ = ["create_alex", "create_squeeze", "create_vgg", "lpips_alex"]

BACKBONES = {
    "alex": ("AlexNet", "alexnet-owt-7be5be79.pth"),
    "squeeze": ("SqueezeNet 1.1", "squeezenet1_1-b8a52dc0.pth"),
    "vgg": ("VGG16", "vgg16-397923af.pth"),
}
LEAST = 32


def create_alex() -> Metric:
    """LPIPS on AlexNet, the one that papers report unless they say otherwise."""
    return _create("alex")


def create_squeeze() -> Metric:
    """LPIPS on SqueezeNet 1.1."""
    return _create("squeeze")


def create_vgg() -> Metric:
    """LPIPS on VGG16."""
    return _create("vgg")


def lpips_alex(reference: Sequence[Picture], decoded: Sequence[Picture]) -> list[float]:
    """LPIPS alex of uint8 RGB pictures, one per picture; 0 for equal ones.

    Raises BadInput when numbers or sizes differ, ModelNotFound when the weights are not here.
    """
    meter = create_alex().meter()
    for start in range(0, max(len(reference), len(decoded)), 8):
        part = slice(start, start + 8)
        meter.add(pictures_to_tensor(reference[part]), pictures_to_tensor(decoded[part]))
    return list(meter.reading().per_picture)


class _Distance:
    """The network's forward pass in two halves, so that several codecs share the reference's features."""

    def __init__(self, network: lpips.LPIPS) -> None:
        self.network = network
        self.kept: tuple[Tensor, list[Tensor]] | None = None

    def __call__(self, reference: Tensor, decoded: Tensor) -> Tensor:
        check_pair(reference, decoded)
        if min(reference.shape[2:]) < LEAST:
            raise Unsupported(f"picture too small: LPIPS needs {LEAST} pixels each way")
        if self.kept is None or self.kept[0] is not reference:
            self.kept = (reference, self._features(reference))
        total = torch.zeros(len(reference), dtype=reference.dtype, device=reference.device)
        for one, other, head in zip(self.kept[1], self._features(decoded), self.network.lins, strict=True):
            total += head((one - other).square()).mean(dim=(1, 2, 3))
        return total

    def _features(self, pictures: Tensor) -> list[Tensor]:
        """Of each layer, of unit length in each place."""
        layers = self.network.net(self.network.scaling_layer(2 * pictures - 1))
        return [lpips.normalize_tensor(layer) for layer in layers]


def _create(net: str) -> Metric:
    name, file = BACKBONES[net]
    path = checkpoint(file, f"the {name} of LPIPS {net}")
    with loading(path):
        network = lpips.LPIPS(net=net, version="0.1", verbose=False).eval()
    refuse_nan(network, path)
    measure = _Distance(network.to(memory_format=torch.channels_last))
    about = {
        "backbone": f"{name} ({file}), LPIPS v0.1 linear heads",
        "library": f"lpips {version('lpips')}",
        "colours": "RGB, full range scaled to -1..1",
        "crop": "none, no resizing",
    }
    return PerPicture(measure, about, higher_is_better=False)
