"""SSIM with the usual Gaussian window."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from genvc.errors import Unsupported

from . import Metric, check_pair
from .per_picture import PerPicture

__all__ = ["create", "ssim", "structure_and_luminance"]

WINDOW = 11
SIGMA = 1.5
C1, C2 = 0.01**2, 0.03**2


def structure_and_luminance(reference: Tensor, decoded: Tensor) -> tuple[Tensor, Tensor]:
    """The mean contrast-structure term and the mean full SSIM, both (n, channels).

    Only windows that lie inside the picture count ("valid"). Wang et al., IEEE TIP 13 (2004).
    """
    channels = reference.shape[1]
    # Sum and difference instead of the pair itself: four filtered maps give every moment, not five.
    total, gap = reference + decoded, reference - decoded
    maps = torch.cat([total, gap, total.square(), gap.square()], dim=1)
    total, gap, total_square, gap_square = torch.split(_blur(maps), channels, dim=1)
    both_means = (total.square() - gap.square()) / 4  # mean of one times mean of the other
    square_means = (total.square() + gap.square()) / 2
    covariance = (total_square - gap_square) / 4 - both_means
    variances = (total_square + gap_square) / 2 - square_means
    structure = (2 * covariance + C2) / (variances + C2)
    full = structure * (2 * both_means + C1) / (square_means + C1)
    return structure.mean(dim=(2, 3)), full.mean(dim=(2, 3))


def ssim(reference: Tensor, decoded: Tensor) -> Tensor:
    """SSIM, one per picture: mean over the windows, then over R, G and B.

    Both (n, 3, height, width), float, in [0, 1]. No downsampling before. Raises BadInput when the
    shapes differ, Unsupported below 11 pixels.
    """
    check_pair(reference, decoded)
    if min(reference.shape[2:]) < WINDOW:
        raise Unsupported(f"picture too small: SSIM needs {WINDOW} pixels each way")
    return structure_and_luminance(reference, decoded)[1].mean(dim=1)


def create() -> Metric:
    """SSIM with an 11x11 Gaussian window of 1.5 pixels."""
    about = {"colours": "RGB, full range, mean of the three", "crop": "none", "window": "Gaussian 11, 1.5"}
    return PerPicture(ssim, about, higher_is_better=True)


def _blur(maps: Tensor) -> Tensor:
    channels = maps.shape[1]
    place = torch.arange(WINDOW, dtype=maps.dtype, device=maps.device) - WINDOW // 2
    window = torch.exp(-place.square() / (2 * SIGMA**2))
    window = (window / window.sum()).expand(channels, 1, 1, WINDOW)
    maps = maps.contiguous(memory_format=torch.channels_last)
    return conv2d(conv2d(maps, window, groups=channels), window.transpose(2, 3), groups=channels)
