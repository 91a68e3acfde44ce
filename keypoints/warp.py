"""Pictures seen through displacement fields: the last step of decoding, on any device."""

import numpy as np
import torch
import torch.nn.functional as F

from genvc.types import Picture

from .mesh import Field

__all__ = ["to_picture", "to_tensor", "warp"]


def warp(pictures: torch.Tensor, fields: list[Field]) -> torch.Tensor:
    """Pictures (n, 3, height, width) float, seen through displacement fields (high, wide, 2) in pixels."""
    _, _, height, width = pictures.shape
    device = pictures.device
    field = torch.from_numpy(np.stack(fields)).to(device).permute(0, 3, 1, 2)
    field = F.interpolate(field, (height, width), mode="bilinear", align_corners=False)
    x = (torch.arange(width, device=device) + 0.5).view(1, 1, -1)
    y = (torch.arange(height, device=device) + 0.5).view(1, -1, 1)
    place = torch.stack([(x + field[:, 0]) * (2 / width) - 1, (y + field[:, 1]) * (2 / height) - 1], -1)
    return F.grid_sample(pictures, place, mode="bicubic", padding_mode="reflection", align_corners=False)


def to_tensor(rgb: Picture, device: torch.device) -> torch.Tensor:
    """(1, 3, height, width) float32, 0 to 255."""
    return torch.from_numpy(np.array(rgb)).to(device).permute(2, 0, 1)[None].float()


def to_picture(tensor: torch.Tensor) -> Picture:
    """uint8 (height, width, 3) from (1, 3, height, width)."""
    # numpy: torch's small elementwise steps wait for all threads, which costs more than the work
    values = tensor[0].permute(1, 2, 0).cpu().numpy()
    found: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found
