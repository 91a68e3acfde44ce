"""What the networks of the generator are built of."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Block"]


class Block(nn.Module):
    """Two layers that add to what they see (He et al., 2016), without normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.second.weight *= 0.2

    def forward(self, seen: Tensor) -> Tensor:
        """Of the same shape."""
        found: Tensor = seen + self.second(F.relu(self.first(F.relu(seen))))
        return found
