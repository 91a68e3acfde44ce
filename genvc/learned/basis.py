"""The block transform that the learned transforms start from: a 16x16 DCT of three orthonormal colours.

A network that starts as a good linear transform needs a small part of the training that one needs which
starts from noise.
"""

import math

import numpy as np
import torch
from torch import Tensor

__all__ = ["BLOCK", "CHROMA", "LUMA", "blocks", "pictures", "spread", "transform"]

BLOCK = 16
LUMA, CHROMA = 128, 32  # the lowest frequencies kept, of 256
# an orthonormal transform of the colours: sum, red - blue, green against both
_COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


def blocks(picture: Tensor) -> Tensor:
    """(n, 3, 16 h, 16 w) to (n, 768, h, w)."""
    return torch.nn.functional.pixel_unshuffle(picture, BLOCK)


def pictures(block: Tensor) -> Tensor:
    """The inverse of blocks(): (n, 768, h, w) to (n, 3, 16 h, 16 w)."""
    return torch.nn.functional.pixel_shuffle(block, BLOCK)


def transform() -> Tensor:
    """(192, 768), orthonormal rows: a block's samples to 128 luma and twice 32 chroma coefficients."""
    k, x = np.arange(BLOCK)[:, None], np.arange(BLOCK)[None]
    line = np.cos(np.pi * (x + 0.5) * k / BLOCK) * np.sqrt(2 / BLOCK)
    line[0] /= math.sqrt(2)
    order = _order()
    rows = []
    for colour, kept in zip(_COLOURS, (LUMA, CHROMA, CHROMA), strict=True):
        for v, u in order[:kept]:
            plane = np.outer(line[v], line[u])
            rows.append((colour[:, None, None] * plane).ravel())
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def spread() -> Tensor:
    """(192,): log2 of how far coefficients of natural pictures spread, for samples of 0 to 255."""
    order = np.array(_order(), float)
    frequency = np.hypot(order[:, 0], order[:, 1])
    luma = np.log2(1500 / (1 + frequency) ** 1.6)
    chroma = luma - 2.5
    return torch.from_numpy(
        np.concatenate([luma[:LUMA], chroma[:CHROMA], chroma[:CHROMA]]).astype(np.float32)
    )


def _order() -> list[tuple[int, int]]:
    places = [(v, u) for v in range(BLOCK) for u in range(BLOCK)]
    return sorted(places, key=lambda place: (place[0] ** 2 + place[1] ** 2, place[0]))
