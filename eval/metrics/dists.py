"""DISTS, by the torchmetrics package: structure and texture on VGG16 features."""

from importlib.metadata import version

import torch
from torch import Tensor
from torchmetrics.functional.image.dists import DISTSNetwork

from genvc.errors import Unsupported

from . import Metric, check_pair
from .per_picture import PerPicture
from .weights import checkpoint, loading, refuse_nan

__all__ = ["create"]

BACKBONE = "vgg16-397923af.pth"
LEAST = 32


def create() -> Metric:
    """DISTS of Ding et al., IEEE TPAMI 44 (2022), at the pictures' own size.

    The heads come with torchmetrics. Raises ModelNotFound when VGG16 is missing, BadInput when it
    holds NaN.
    """
    backbone = checkpoint(BACKBONE, "the VGG16 of DISTS")
    with loading(backbone):
        network = DISTSNetwork().eval()
    refuse_nan(network, backbone)

    def measure(reference: Tensor, decoded: Tensor) -> Tensor:
        check_pair(reference, decoded)
        if min(reference.shape[2:]) < LEAST:
            raise Unsupported(f"picture too small: DISTS needs {LEAST} pixels each way")
        pairs = zip(torch.split(reference, 4), torch.split(decoded, 4), strict=True)
        return torch.cat([network(*pair).flatten() for pair in pairs])

    about = {
        "backbone": f"VGG16 ({BACKBONE}) with L2 pooling",
        "library": f"torchmetrics {version('torchmetrics')}",
        "colours": "RGB, full range, normalised as for ImageNet",
        "crop": "none, no resizing (piq and the authors' script scale the short side to 256)",
    }
    return PerPicture(measure, about, higher_is_better=False)
