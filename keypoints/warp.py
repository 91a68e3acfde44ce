"""Pictures seen through displacement fields: the last step of decoding, on any device."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from genvc.types import Picture

from .mesh import Field

__all__ = ["to_picture", "to_tensor", "warp"]


def warp(pictures: torch.Tensor, fields: list[Field]) -> torch.Tensor:
    """Pictures (n, 3, height, width), 0 to 255, seen through displacements (high, wide, 2) in pixels."""
    _, _, height, width = pictures.shape
    # everything but the sampling in numpy: torch's small elementwise steps wait for all threads, which costs
    # far more than the work when the machine is busy
    x = np.arange(width, dtype=np.float32) + np.float32(0.5)
    y = (np.arange(height, dtype=np.float32) + np.float32(0.5))[:, None]
    place = np.empty((len(fields), height, width, 2), np.float32)
    for index, field in enumerate(fields):
        dense = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
        place[index, ..., 0] = (x + dense[..., 0]) * np.float32(2 / width) - 1
        place[index, ..., 1] = (y + dense[..., 1]) * np.float32(2 / height) - 1
    where = torch.from_numpy(place).to(pictures.device)
    return F.grid_sample(
        pictures.float(), where, mode="bicubic", padding_mode="reflection", align_corners=False
    )


def to_tensor(rgb: Picture, device: torch.device) -> torch.Tensor:
    """(1, 3, height, width) uint8."""
    return torch.from_numpy(np.array(rgb)).to(device).permute(2, 0, 1)[None].contiguous()


def to_picture(tensor: torch.Tensor) -> Picture:
    """uint8 (height, width, 3) from (1, 3, height, width)."""
    values = tensor[0].permute(1, 2, 0).cpu().numpy()
    found: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found
