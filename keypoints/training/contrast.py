"""Texture codes that say who is shown and not when: contrast between clips, part by part.

Sources: InfoNCE (van den Oord et al., 2018) with a queue of codes and a slowly moving copy of the network
(MoCo, He et al., 2020), for each part's codes as in DHVC (Wang et al., 2023).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Queue"]

_LENGTH = 512
_TEMPERATURE = 0.2
_NOBODY = -1


class Queue(nn.Module):
    """Codes of the last pictures, and who is shown in each: a ring that checkpoints keep."""

    codes: Tensor
    clips: Tensor
    place: Tensor

    def __init__(self, parts: int, numbers: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(_LENGTH, parts, numbers))
        self.register_buffer("clips", torch.full((_LENGTH,), _NOBODY))
        self.register_buffer("place", torch.tensor(0))

    def loss(self, codes: Tensor, others: Tensor, clips: Tensor) -> Tensor:
        """How badly each part's codes, (n, parts, numbers), tell the clip's own other picture from the queue.

        others: (n, parts, numbers), of another picture of the same clips, without gradients; they are
        queued. clips: (n,), 0 and more, equal for clips of one person: those are no wrong answers. 0 while
        the queue is empty.
        """
        with torch.autocast(codes.device.type, enabled=False):
            return self._loss(codes.float(), others.float(), clips)

    def _loss(self, codes: Tensor, others: Tensor, clips: Tensor) -> Tensor:
        one, other = F.normalize(codes, dim=2, eps=1e-3), F.normalize(others, dim=2, eps=1e-3)
        right = (one * other).sum(2, keepdim=True)
        wrong = torch.einsum("npc,qpc->npq", one, self.codes)
        none = (clips[:, None] == self.clips) | (self.clips == _NOBODY)
        likeness = torch.cat([right, wrong.masked_fill(none[:, None], -torch.inf)], 2) / _TEMPERATURE
        found = -F.log_softmax(likeness, 2)[..., 0].mean()
        places = (self.place + torch.arange(len(clips), device=clips.device)) % _LENGTH
        # not in place: the loss's gradient still needs what was there
        self.codes = self.codes.index_copy(0, places, other.detach())
        self.clips = self.clips.index_copy(0, places, clips)
        self.place = (self.place + len(clips)) % _LENGTH
        return found
