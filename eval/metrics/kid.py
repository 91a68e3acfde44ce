"""KID: the squared maximum mean discrepancy of Inception features under a cubic kernel."""

from torch import Tensor

from genvc.errors import BadInput

from .inception import facts, inception_features
from .sets import SetMetric

__all__ = ["create", "kernel_distance"]


def kernel_distance(reference: Tensor, decoded: Tensor) -> float:
    """The unbiased estimate of MMD^2 with the kernel (x.y / size + 1)^3, in float64.

    Both (n, size). Bińkowski et al., ICLR 2018; over the whole sets, not averaged over random
    subsets, so that it gives the same figure every time. May be slightly negative. Raises BadInput
    for sets of under two pictures.
    """
    if len(reference) < 2 or len(decoded) < 2:
        raise BadInput("KID needs at least two pictures on each side")
    reference, decoded = reference.double(), decoded.double()

    def kernel(one: Tensor, other: Tensor) -> Tensor:
        return (one @ other.T / one.shape[1] + 1) ** 3

    def apart(pictures: Tensor) -> Tensor:
        """Mean over the pairs of two different pictures."""
        among = kernel(pictures, pictures)
        return (among.sum() - among.trace()) / (len(pictures) * (len(pictures) - 1))

    return float(apart(reference) + apart(decoded) - 2 * kernel(reference, decoded).mean())


def create() -> SetMetric:
    """KID."""
    return SetMetric(inception_features(), kernel_distance, facts())
