"""The painter that comes along: a small network that makes flat colours look like a picture.

It sees colours, lines, boxes and noise on a grid of at most SIDE cells, and a bag of words that scales and
shifts its features (FiLM, Perez et al., 2018). What it makes is enlarged to the picture's size, and each
cell of the palette is brought back to the colour that was sent.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genvc import device as devices
from genvc.errors import BadInput
from genvc.types import Picture

from . import paint
from .index import terms
from .palette import colours
from .representation import KINDS, UNITS, Representation, fitted

__all__ = ["SIDE", "Network", "Painting", "Size", "inputs", "settings_of", "size_of"]

SIDE: Final = 160
"""Cells of the working grid's long side; the other is a multiple of FOLD."""
FOLD: Final = 4
PLANES: Final = 3 + 1 + len(KINDS) + 1
"""Colours, lines, a plane for each kind of box, noise."""


@dataclass(frozen=True, slots=True)
class Size:
    """channels: of the features. blocks: how many residual blocks. words: those the network knows."""

    channels: int
    blocks: int
    words: tuple[str, ...]


class Block(nn.Module):
    """A residual block whose features the words scale and shift."""

    def __init__(self, channels: int, said: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = nn.Linear(said, 2 * channels)

    def forward(self, x: Tensor, said: Tensor) -> Tensor:
        scale, shift = self.film(said)[..., None, None].chunk(2, 1)
        inner = F.silu(self.first(F.silu(x)) * (1 + scale) + shift)
        total: Tensor = x + self.second(inner)
        return total


class Network(nn.Module):
    """Works at a quarter of the grid's resolution, folds out, and adds what it found to the colours."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        channels, said = size.channels, 64
        self.words = nn.Linear(len(size.words), said)
        self.enter = nn.Conv2d(PLANES * FOLD**2, channels, 3, padding=1)
        self.blocks = nn.ModuleList(Block(channels, said) for _ in range(size.blocks))
        self.fold = nn.Conv2d(channels, 16 * FOLD**2, 1)
        self.fine = nn.Conv2d(16 + PLANES, 16, 3, padding=1)
        self.leave = nn.Conv2d(16, 3, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(self, planes: Tensor, bag: Tensor) -> Tensor:
        """Colours (n, 3, rows, columns), 0 to 1 and a little beyond.

        planes: (n, PLANES, rows, columns), as inputs() gives them. bag: (n, words), 1 where a word was said.
        """
        said = F.silu(self.words(bag))
        x = self.enter(F.pixel_unshuffle(planes, FOLD))
        for block in self.blocks:
            x = block(x, said)
        x = F.pixel_shuffle(self.fold(F.silu(x)), FOLD)
        x = F.silu(self.fine(torch.cat([x, planes], 1)))
        found: Tensor = planes[:, :3] + self.leave(x)
        return found


def inputs(shown: Representation, width: int, height: int) -> npt.NDArray[np.float32]:
    """What the network sees of a picture of that size: (PLANES, rows, columns), 0 to 1, noise last."""
    import cv2

    rows, columns = (max(FOLD, FOLD * round(size / FOLD)) for size in fitted(width, height, SIDE))
    found = np.zeros((PLANES, rows, columns), np.float32)
    base = paint.base(shown, *fitted(width, height, paint.SIDE))
    large: Any = cv2.resize(base, (columns, rows), interpolation=cv2.INTER_LINEAR)
    found[:3] = np.moveaxis(large, 2, 0) / 255
    if shown.sketch is not None:
        # a sketch of any size gives lines of the same weight
        scale = max(1.0, columns / shown.sketch.shape[1])
        lines: Any = cv2.resize(
            shown.sketch.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR
        )
        found[3] = np.clip(lines * min(2.0, scale), 0, 1)
    for box in shown.boxes or ():
        top, bottom = box.top * rows // UNITS, -(-box.bottom * rows // UNITS)
        left, right = box.left * columns // UNITS, -(-box.right * columns // UNITS)
        found[4 + box.kind, top:bottom, left:right] = 1
    # the same noise for the same size: a stream decodes to the same picture each time
    found[-1] = np.random.default_rng(rows << 16 | columns).random((rows, columns), dtype=np.float32)
    return found


def bag_of(text: str | None, words: dict[str, int]) -> npt.NDArray[np.float32]:
    """(words,): 1 for each that the text says."""
    found = np.zeros(len(words), np.float32)
    for word in terms(text or ""):
        if word in words:
            found[words[word]] = 1
    return found


class Painting:
    """A trained network at work."""

    def __init__(self, network: Network, size: Size, device: torch.device) -> None:
        self._network = network.to(device).eval()
        self._words = {word: place for place, word in enumerate(size.words)}
        self._device = device

    @classmethod
    def of(cls, config: dict[str, Any], tensors: dict[str, Tensor], device: str) -> "Painting":
        """From a model's config and weights (those named painter.*); raises BadInput for others."""
        size = size_of(config)
        network = Network(size)
        own = {
            name.removeprefix("painter."): one.float()
            for name, one in tensors.items()
            if name.startswith("painter.")
        }
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise BadInput("the model's weights do not fit its painter's size") from error
        return cls(network, size, devices.pick(device))

    @torch.no_grad()
    def __call__(self, shown: Representation, width: int, height: int) -> Picture:
        """uint8 (height, width, 3). Where neither a palette nor a colour was sent it is paint.painted's."""
        shown = paint.coloured(shown, width, height)
        if shown.palette is None:
            return paint.painted(shown, width, height)
        planes = torch.from_numpy(inputs(shown, width, height))[None].to(self._device)
        bag = torch.from_numpy(bag_of(shown.text, self._words))[None].to(self._device)
        made = self._network(planes, bag)[0].float().cpu().clamp(0, 1).permute(1, 2, 0).numpy() * 255
        return paint.enlarged(paint.kept(np.ascontiguousarray(made), colours(shown.palette)), width, height)


def size_of(config: dict[str, Any]) -> Size:
    """Out of a model's config; raises BadInput."""
    try:
        return Size(int(config["channels"]), int(config["blocks"]), tuple(map(str, config["words"])))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("the model's config does not say the painter's size") from error


def settings_of(saved: dict[str, Any]) -> dict[str, Any]:
    """The size out of a checkpoint, for a model's config."""
    stage = saved["stage"]
    size = Size(stage["channels"], stage["blocks"], tuple(stage["words"]))
    return {**asdict(size), "words": list(size.words)}
