"""PSNR of the luma, as the video coding standards report it."""

import torch
from torch import Tensor

from . import Metric, check_pair
from .per_picture import PerPicture
from .psnr import CAP

__all__ = ["create", "luma", "psnr_y"]

BT709 = (0.2126, 0.7152, 0.0722)


def luma(pictures: Tensor) -> Tensor:
    """(n, height, width) luma in [0, 1] of RGB in [0, 1], by the BT.709 matrix."""
    weights = torch.tensor(BT709, dtype=pictures.dtype, device=pictures.device)
    return torch.einsum("nchw,c->nhw", pictures, weights)


def psnr_y(reference: Tensor, decoded: Tensor) -> Tensor:
    """PSNR in dB of the luma with a peak of 1, one per picture; infinite for equal pictures.

    Both (n, 3, height, width) RGB in [0, 1]. Raises BadInput when the shapes differ.
    """
    check_pair(reference, decoded)
    return -10 * (luma(reference) - luma(decoded)).square().mean(dim=(1, 2)).log10()


def create() -> Metric:
    """PSNR of the luma; a picture without an error counts as 100 dB in the mean."""
    about = {"colours": "BT.709 luma of RGB, full range", "crop": "none", "cap": f"{CAP:g} dB a picture"}
    return PerPicture(psnr_y, about, higher_is_better=True, unit="dB", cap=CAP)
