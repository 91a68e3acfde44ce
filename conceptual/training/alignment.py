"""The contrastive loss of the codes: those of a region are to be nearest to what its samples show.

The consistency-contrast learning of CCL (Chang et al., 2022): InfoNCE between the texture space and the pixel
space, regions of the same batch against each other.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, cross_entropy, normalize, one_hot

from ..model import Coded, Conceptual
from ..regions import MOST

__all__ = ["contrast", "shown"]

_HEAT = 0.2


def contrast(model: Conceptual, picture: Tensor, labels: Tensor, count: Tensor, coded: Coded) -> Tensor:
    """InfoNCE of both directions over all regions of a batch; 0 where there are fewer than two.

    picture: (n, 3, height, width). labels: (n, height / 16, width / 16). count: (n,) regions with codes.
    """
    there = torch.arange(MOST)[None].to(count) < count[:, None].clamp_min(1)
    codes = (coded.whole[:, None] + coded.own)[there] / 4
    if len(codes) < 2:
        return codes.sum() * 0
    seen = normalize(shown(picture, labels)[there], dim=1)
    near = normalize(model.aligned(codes), dim=1) @ seen.t() / _HEAT
    right = torch.arange(len(codes), device=near.device)
    return (cross_entropy(near, right) + cross_entropy(near.t(), right)) / 2


def shown(picture: Tensor, labels: Tensor) -> Tensor:
    """(n, 8 regions, 32): mean and contrast of each colour at four scales, and two of gradients.

    Centred by what photos have on average.
    """
    mine = one_hot(labels.long(), MOST).to(picture)
    cells = mine.sum((1, 2))[..., None].clamp_min(1)

    def mean(plane: Tensor) -> Tensor:
        pooled = avg_pool2d(plane, plane.shape[2] // labels.shape[1])
        return torch.einsum("nchw,nhwr->nrc", pooled, mine) / cells

    found = [mean(picture) - 0.45]
    level = picture
    for _ in range(4):
        lower = avg_pool2d(level, 2)
        detail = level - lower.repeat_interleave(2, 2).repeat_interleave(2, 3)
        found.append(4 * (mean(detail.abs()) - 0.03))
        across = (level[:, :, :, 1:] - level[:, :, :, :-1]).abs().mean(1, keepdim=True)
        down = (level[:, :, 1:] - level[:, :, :-1]).abs().mean(1, keepdim=True)
        across = torch.nn.functional.pad(across, (0, 1))
        down = torch.nn.functional.pad(down, (0, 0, 0, 1))
        found.append(4 * mean(across - down))
        found.append(4 * (mean(across + down) - 0.08))
        if level.shape[2] // 2 % labels.shape[1] or level.shape[2] // 2 < labels.shape[1]:
            break
        level = lower
    joined = torch.cat(found, 2)
    return torch.nn.functional.pad(joined, (0, 32 - joined.shape[2]))
