"""MS-SSIM over five scales."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from genvc.errors import Unsupported

from . import Metric, check_pair
from .per_picture import PerPicture
from .ssim import WINDOW, structure_and_luminance

__all__ = ["create", "msssim"]

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
LEAST = (WINDOW - 1) * 2 ** (len(SCALES) - 1) + 1


def msssim(reference: Tensor, decoded: Tensor) -> Tensor:
    """Multi-scale SSIM, one per picture, mean over R, G and B; Wang et al., Asilomar 2003.

    Both (n, 3, height, width), float, in [0, 1]; halved by 2x2 means from scale to scale. Negative
    structure terms count as zero. Raises BadInput when the shapes differ, Unsupported when a side
    has under 161 pixels.
    """
    check_pair(reference, decoded)
    if min(reference.shape[2:]) < LEAST:
        raise Unsupported(f"picture too small: MS-SSIM needs {LEAST} pixels each way")
    # Two pictures at a time stay in a processor's cache.
    pairs = zip(torch.split(reference, 2), torch.split(decoded, 2), strict=True)
    return torch.cat([_msssim(*pair) for pair in pairs])


def _msssim(reference: Tensor, decoded: Tensor) -> Tensor:
    product = torch.ones(reference.shape[:2], dtype=reference.dtype, device=reference.device)
    for scale, weight in enumerate(SCALES):
        structure, full = structure_and_luminance(reference, decoded)
        last = scale == len(SCALES) - 1
        product = product * (full if last else structure).clamp(min=0) ** weight
        if not last:
            # An odd side is padded by one on both ends, as pytorch-msssim does.
            odd = [side % 2 for side in reference.shape[2:]]
            reference = avg_pool2d(reference, 2, padding=odd)
            decoded = avg_pool2d(decoded, 2, padding=odd)
    return product.mean(dim=1)


def create() -> Metric:
    """MS-SSIM with the five weights of the paper."""
    about = {
        "colours": "RGB, full range, mean of the three",
        "crop": "none",
        "scales": "5, 2x2 means between",
    }
    return PerPicture(msssim, about, higher_is_better=True)
