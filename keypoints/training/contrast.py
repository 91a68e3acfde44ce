"""Texture codes that say who is shown and not when: contrast between clips, part by part.

Sources: InfoNCE (van den Oord et al., 2018) with a queue of codes and a slowly moving copy of the network
(MoCo, He et al., 2020), for each part's codes as in DHVC (Wang et al., 2023).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Queue"]

_LENGTH = 512
_TEMPERATURE = 0.2


class Queue:
    """Codes of pictures seen before, and the clips that they are of."""

    def __init__(self, parts: int, numbers: int, device: torch.device) -> None:
        self.codes = torch.zeros(0, parts, numbers, device=device)
        self.clips = torch.zeros(0, dtype=torch.long, device=device)

    def loss(self, codes: Tensor, others: Tensor, clips: Tensor) -> Tensor:
        """How badly each part's codes, (n, parts, numbers), tell the clip's own other picture from the queue.

        others: (n, parts, numbers), of another picture of the same clips, without gradients; they are
        queued. clips: (n,), numbers of the clips. 0 while the queue is empty.
        """
        one, other = F.normalize(codes, dim=2, eps=1e-3), F.normalize(others, dim=2, eps=1e-3)
        found = torch.zeros((), device=codes.device)
        if len(self.codes):
            right = (one * other).sum(2, keepdim=True)
            wrong = torch.einsum("npc,qpc->npq", one, self.codes)
            same = clips[:, None] == self.clips
            wrong = wrong.masked_fill(same[:, None], -torch.inf)
            likeness = torch.cat([right, wrong], 2) / _TEMPERATURE
            found = -F.log_softmax(likeness, 2)[..., 0].mean()
        self.codes = torch.cat([self.codes, other.detach()])[-_LENGTH:]
        self.clips = torch.cat([self.clips, clips])[-_LENGTH:]
        return found
