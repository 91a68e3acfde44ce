"""The adversarial part of the loss: a critic of patches that learns to tell decoded pictures from real ones.

A patch discriminator (Isola et al., 2017) with spectral normalisation (Miyato et al., 2018) and the hinge
loss; it also sees the quality, so that what it asks for may differ from rate to rate (HiFiC, Mentzer et
al., 2020, shows it the latents instead).
"""

import torch
from torch import Tensor, nn

from .precision import autocast
from .several import average_gradients

__all__ = ["Critic"]

_RATE = 2e-4


class Critic(nn.Module):
    """The network and its own optimiser."""

    def __init__(self) -> None:
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        self.layers = nn.Sequential(
            norm(nn.Conv2d(12 + 1, 64, 3, padding=1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(64, 128, 4, 2, padding=1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(128, 128, 4, 2, padding=1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(128, 1, 3, padding=1)),
        )
        self.optimizer = torch.optim.AdamW(self.layers.parameters(), lr=_RATE, betas=(0.5, 0.9))

    def forward(self, picture: Tensor, quality: Tensor) -> Tensor:
        """Higher where it looks real, (n, 1, height / 8, width / 8); picture: samples 0 to 1.

        quality: (n,), of about -2 to 2: how much each picture may be expected to show.
        """
        return self.features(picture, quality)[-1].float()

    def features(self, picture: Tensor, quality: Tensor) -> list[Tensor]:
        """What its layers see, the verdict last."""
        folded = nn.functional.pixel_unshuffle(picture * 2 - 1, 2)
        plane = quality.to(folded).reshape(-1, 1, 1, 1).expand(-1, 1, *folded.shape[2:])
        seen = torch.cat([folded, plane], 1)
        found = []
        for layer in self.layers:
            seen = layer(seen)
            if not isinstance(layer, nn.LeakyReLU):
                found.append(seen)
        return found

    def learn(self, decoded: Tensor, picture: Tensor, quality: Tensor) -> float:
        """One step; returns the hinge loss: 2 for a critic that knows nothing."""
        self.layers.requires_grad_(True)
        with autocast(decoded.device):
            both = self(torch.cat([decoded.detach(), picture]), torch.cat([quality, quality]))
        fake, real = both.chunk(2)
        loss = (1 + fake).relu().mean() + (1 - real).relu().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self.layers.parameters())
        self.optimizer.step()
        self.layers.requires_grad_(False)
        return float(loss.detach())
