"""The perceptual part of the loss: LPIPS on SqueezeNet (Zhang et al., 2018).

It is trained with SqueezeNet so that LPIPS on AlexNet can be published.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ..errors import BadInput
from .precision import autocast

__all__ = ["Likeness"]

_WEIGHTS = "squeezenet1_1-b8a52dc0.pth"


class Likeness:
    """LPIPS-squeeze of batches, differentiable in the decoded one."""

    def __init__(self, device: torch.device) -> None:
        """Raises BadInput when the package lpips or SqueezeNet's weights are not there."""
        try:
            import lpips

            if not (Path(torch.hub.get_dir()) / "checkpoints" / _WEIGHTS).is_file():
                # torchvision would fetch them
                raise FileNotFoundError(_WEIGHTS)
            network: Any = lpips.LPIPS(net="squeeze", verbose=False)
        except (ImportError, OSError, RuntimeError) as error:
            raise BadInput(
                f"a perceptual loss needs genvc[eval] and SqueezeNet's weights, {_WEIGHTS}, in TORCH_HOME"
            ) from error
        self.network = network.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def __call__(self, decoded: Tensor, picture: Tensor) -> Tensor:
        """(n,); both (n, 3, height, width), samples 0 to 1."""
        found: Tensor = self.network(decoded * 2 - 1, picture * 2 - 1).float().reshape(-1)
        return found

    def varied(self, decoded: Tensor, picture: Tensor) -> Tensor:
        """A loss to train with: (n,), the sum at full, half and quarter size after one random change of both.

        In one form and at one size alone a network learns to deceive LPIPS. Sides: 104 samples at least.
        """
        decoded, picture = _turned(decoded, picture)
        total = torch.zeros(len(picture), device=picture.device)
        with autocast(picture.device):
            for size in (1, 2, 4):
                if size > 1:
                    decoded, picture = avg_pool2d(decoded, 2), avg_pool2d(picture, 2)
                total = total + self(decoded, picture)
        return total


def _turned(decoded: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Both turned, cut, recoloured and shrunk alike at random: what deceives LPIPS in one form only costs.

    After E-LPIPS (Kettunen et al., 2019): colours change places, are weakened and inverted.
    """
    turn, mirror, down, across = (int(torch.randint(0, most, ())) for most in (4, 2, 4, 4))
    order = torch.randperm(3)
    # inverted at times; the middle grey stays
    gain = (0.6 + 0.4 * torch.rand(3)) * (1 - 2 * (torch.rand(()) < 0.3).float())
    gain = gain.to(picture.device)[None, :, None, None]
    shrunk = 0.75 + 0.25 * float(torch.rand(()))
    found = []
    for one in (decoded.float(), picture):
        cut = one[:, :, down : one.shape[2] - 8 + down, across : one.shape[3] - 8 + across]
        moved = torch.rot90(cut, turn, (2, 3))
        moved = moved.flip(3) if mirror else moved
        moved = (moved[:, order] - 0.5) * gain + 0.5
        if shrunk < 0.95:
            size = [int(side * shrunk) for side in moved.shape[2:]]
            moved = interpolate(moved, size, mode="bilinear", align_corners=False, antialias=True)
        found.append(moved)
    return found[0], found[1]
