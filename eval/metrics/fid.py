"""FID: the Fréchet distance of two Gaussians fitted to Inception features."""

import torch
from torch import Tensor

from genvc.errors import BadInput

from .inception import facts, inception_features
from .sets import SetMetric

__all__ = ["create", "frechet_distance"]


def frechet_distance(reference: Tensor, decoded: Tensor) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of two feature sets (n, size), in float64.

    Heusel et al., NIPS 2017. The trace of the root comes from the eigenvalues of the symmetric
    S1^(1/2) S2 S1^(1/2), which stays real and needs no offset when there are fewer pictures than
    features. Raises BadInput for sets of under two pictures.
    """
    if len(reference) < 2 or len(decoded) < 2:
        raise BadInput("FID needs at least two pictures on each side")
    reference, decoded = reference.double(), decoded.double()
    gap = reference.mean(dim=0) - decoded.mean(dim=0)
    first, second = torch.cov(reference.T), torch.cov(decoded.T)
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    return float(gap.square().sum() + first.trace() + second.trace() - 2 * cross)


def create() -> SetMetric:
    """FID; biased upwards on small sets, so compare only sets of the same number of pictures."""
    return SetMetric(inception_features(), frechet_distance, facts())
