"""The perceptual part of the loss: LPIPS on SqueezeNet (Zhang et al., 2018).

It is trained with SqueezeNet so that LPIPS on AlexNet can be published.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import BadInput

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
