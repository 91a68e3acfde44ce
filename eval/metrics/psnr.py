"""PSNR over the three colours, the classic distortion metric."""

from torch import Tensor

from . import Metric, check_pair
from .per_picture import PerPicture

__all__ = ["create", "psnr"]

CAP = 100.0


def psnr(reference: Tensor, decoded: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, one per picture; infinite for equal pictures.

    Both (n, 3, height, width), float, in [0, 1]. The squared error is averaged over pixels and
    colours. Raises BadInput when the shapes differ.
    """
    check_pair(reference, decoded)
    return -10 * (reference - decoded).square().mean(dim=(1, 2, 3)).log10()


def create() -> Metric:
    """PSNR of RGB; a picture without an error counts as 100 dB in the mean."""
    about = {"colours": "RGB, full range", "crop": "none", "cap": f"{CAP:g} dB a picture"}
    return PerPicture(psnr, about, higher_is_better=True, unit="dB", cap=CAP)
