"""How alike streams are, from their structure and texture codes alone: no pixel is decoded."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from .engine import Engine
from .lines import Lines
from .syntax import Style

__all__ = ["Traits", "likeness", "traits"]

Vector = npt.NDArray[np.float32]
_GRID = 8


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """What a packet is found by: unit vectors; structure is 0 for a picture without lines."""

    structure: Vector
    texture: Vector


def traits(engine: Engine, payload: bytes, width: int, height: int) -> Traits:
    """Of a packet's first two sections; raises CorruptStream."""
    return Traits(
        _structure(engine.structure(payload, width, height)),
        _texture(engine, engine.style(payload, width, height)),
    )


def likeness(one: Traits, other: Traits, by: str) -> float:
    """-1 to 1; by: "structure", "texture" or "both", their mean."""
    found = {
        "structure": float(one.structure @ other.structure),
        "texture": float(one.texture @ other.texture),
    }
    return sum(found.values()) / 2 if by == "both" else found[by]


def _structure(lines: Lines) -> Vector:
    """Where lines are, and along which of two directions, on a grid of 8x8; 0 where there are none."""
    if not lines.any():
        return np.zeros(3 * _GRID * _GRID, np.float32)
    drawn = cv2.GaussianBlur(lines.astype(np.float32), (0, 0), 1.5)
    across = np.abs(cv2.Sobel(drawn, cv2.CV_32F, 1, 0))
    down = np.abs(cv2.Sobel(drawn, cv2.CV_32F, 0, 1))
    planes = [cv2.resize(one, (_GRID, _GRID), interpolation=cv2.INTER_AREA) for one in (drawn, across, down)]
    return _unit(np.concatenate([one.ravel() / max(1e-6, float(one.mean())) - 1 for one in planes]))


@torch.no_grad()
def _texture(engine: Engine, style: Style) -> Vector:
    """The picture's codes, in the space in which training has aligned them with what samples show."""
    own: Any = style.whole[None] + style.own if len(style.own) else style.whole[None]
    codes = torch.from_numpy(np.asarray(own, np.float32)).to(engine.device) / 4
    return _unit(engine.model.aligned(codes).mean(0).cpu().numpy())


def _unit(vector: npt.NDArray[Any]) -> Vector:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 1e-6 else vector * 0, np.float32)
