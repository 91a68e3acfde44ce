"""Skip mode: blocks of 16x16 samples that a picture takes over, as they are, from where it starts from.

The skip blocks of H.264 and HEVC, at zero motion. A learned decoder changes a little all that passes through
it, and after some pictures of a scene that stands still the little is much; what is skipped stays as sharp
as it once was, on every machine alike, and costs next to nothing.
"""

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from ..errors import CorruptStream
from ..learned.basis import BLOCK

__all__ = ["SkipMap", "chosen", "read_map", "still", "taken_over", "write_map"]

SkipMap = npt.NDArray[np.bool_]

# counts of "coded" and "skipped", by how many of the three neighbours that are known are skipped, then by
# whether the block was in the picture that this one starts from
_START = (((30, 2), (26, 6), (16, 16), (6, 26)), ((22, 10), (12, 20), (6, 26), (1, 31)))
_INCREMENT, _LIMIT = 32, 1 << 13  # of these counts
_WORTH = 1.0  # bits that a skipped block is taken to save
_RAMP = 9  # samples
# a block is skipped if no coefficient of what is new, and no sum of their squares, is larger, in steps
_MOST, _MOST_SUM = 1.1, 12.0
_COMPANY = 5  # of the 9 blocks around and at a skipped one


def still(new: Tensor) -> SkipMap:
    """(high, wide): blocks of which too little is new to be coded.

    new: (1, channels, high, wide), coefficients of the difference to what would be taken over, in steps.
    """
    found: SkipMap = ((new.abs().amax(1) < _MOST) & (new.square().sum(1) < _MOST_SUM))[0].cpu().numpy()
    return found


def chosen(wanted: SkipMap, before: SkipMap) -> SkipMap:
    """Of the blocks that may be skipped those with company, or none where their map costs what they save."""
    padded = np.pad(wanted.astype(np.float32), 1, mode="edge")
    company = cv2.boxFilter(padded, -1, (3, 3), normalize=False)[1:-1, 1:-1]
    skipped: SkipMap = wanted & (company >= _COMPANY)
    alone = SymbolEncoder()
    write_map(alone, skipped, before)
    return skipped if alone.bits() < _WORTH * skipped.sum() else np.zeros_like(skipped)


def write_map(coder: SymbolEncoder, skipped: SkipMap, before: SkipMap) -> None:
    """skipped: (high, wide). before: the map of the picture that this one starts from."""
    coder.put_bits(int(skipped.any()), 1)
    if skipped.any():
        models = _models()
        seen = np.pad(skipped.astype(np.int64), ((1, 0), (1, 1)))
        for y, x in np.ndindex(*skipped.shape):
            coder.put(int(skipped[y, x]), models[int(before[y, x])][_context(seen, y, x)])


def read_map(coder: SymbolDecoder, before: SkipMap) -> SkipMap:
    """What write_map() wrote; raises CorruptStream."""
    high, wide = before.shape
    seen = np.zeros((high + 1, wide + 2), np.int64)
    if coder.get_bits(1):
        models = _models()
        for y, x in np.ndindex(high, wide):
            seen[y + 1, x + 1] = coder.get(models[int(before[y, x])][_context(seen, y, x)])
        if not seen.any():
            raise CorruptStream("a skip map that is there skips nothing")
    return seen[1:, 1:-1].astype(np.bool_)


def taken_over(skipped: Tensor, picture: Tensor, old: Tensor) -> Tensor:
    """The picture, and the old one in skipped blocks, with a ramp between them inside those.

    skipped: (high, wide). picture, old: (1, channels, k high, k wide), k up to 16; no ramp where k < 16.
    """
    scale = picture.shape[2] // skipped.shape[0]
    share = skipped.float()[None, None].repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    if scale == BLOCK:
        edged = nn.functional.pad(share, [_RAMP // 2] * 4, mode="replicate")
        share = (2 * nn.functional.avg_pool2d(edged, _RAMP, 1) - 1).clamp_min(0)
    return torch.lerp(picture.float(), old.float(), share)


def _models() -> list[list[AdaptiveModel]]:
    return [
        [AdaptiveModel(start[bin(context).count("1")], _INCREMENT, _LIMIT) for context in range(8)]
        for start in _START
    ]


def _context(seen: npt.NDArray[np.int64], y: int, x: int) -> int:
    """Of the block at (y, x); seen has a row above and a column at each side more."""
    return int(seen[y + 1, x] + 2 * seen[y, x + 1] + 4 * seen[y, x + 2])
