"""DISTS, by the piq package: structure and texture on VGG16 features."""

from importlib.metadata import version

import piq
import torch
from torch import Tensor

from genvc.errors import Unsupported

from . import Metric, check_pair
from .per_picture import PerPicture
from .weights import checkpoint, loading, refuse_nan

__all__ = ["create"]

BACKBONE = "vgg16-397923af.pth"
HEADS = "dists_weights.pt"
LEAST = 32


def create() -> Metric:
    """DISTS of Ding et al., IEEE TPAMI 44 (2022), at the pictures' own size.

    Raises ModelNotFound when VGG16 or the heads are missing, BadInput when one holds NaN.
    """
    backbone = checkpoint(BACKBONE, "the VGG16 of DISTS")
    heads = checkpoint(HEADS, "the heads of DISTS")
    with loading(backbone):
        network = piq.DISTS(reduction="none")
    refuse_nan(network.model, backbone)
    for weights in network.weights:
        if not bool(torch.isfinite(torch.as_tensor(weights)).all()):
            refuse_nan(_Holder(torch.as_tensor(weights)), heads)

    def measure(reference: Tensor, decoded: Tensor) -> Tensor:
        check_pair(reference, decoded)
        if min(reference.shape[2:]) < LEAST:
            raise Unsupported(f"picture too small: DISTS needs {LEAST} pixels each way")
        result: Tensor = network(reference, decoded)
        return result.flatten()

    about = {
        "backbone": f"VGG16 ({BACKBONE}), heads {HEADS}",
        "library": f"piq {version('piq')}",
        "colours": "RGB, full range, normalised as for ImageNet",
        "crop": "none, no resizing",
    }
    return PerPicture(measure, about, higher_is_better=False)


class _Holder(torch.nn.Module):
    """The heads as a module, so that they are checked like any other weights."""

    def __init__(self, heads: Tensor) -> None:
        super().__init__()
        self.register_buffer("heads", heads)
