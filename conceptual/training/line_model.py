"""Training of the network that predicts line maps: a minute, from photos."""

import random
import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from genvc.types import Picture

from ..line_model import AROUND, MARGIN, LineNetwork
from ..lines import drawn

__all__ = ["fit"]

_WIDTHS = (len(AROUND), 32, 16, 1)
_SAMPLES = 4096
_RATE = 4e-3


def fit(pictures: Sequence[Picture], seconds: float = 60.0, seed: int = 1) -> LineNetwork:
    """A network for line maps of pictures like these, at any share of lines, trained for so many seconds."""
    torch.manual_seed(seed)
    known, line = _gathered(pictures, seed)
    layers = [nn.Linear(a, b) for a, b in pairwise(_WIDTHS)]
    parameters = [one for layer in layers for one in layer.parameters()]
    optimizer = torch.optim.Adam(parameters, _RATE)
    begun = time.monotonic()
    while (spent := (time.monotonic() - begun) / seconds) < 1:
        optimizer.param_groups[0]["lr"] = _RATE * (1.02 - spent)
        chosen = torch.randint(len(line), (_SAMPLES,))
        values = known[chosen].float()
        for layer in layers[:-1]:
            values = layer(values)
            values = torch.maximum(values, values / 8)
        odds = layers[-1](values)[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(odds, line[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return LineNetwork(tuple((_whole(one.weight.t()), _whole(one.bias)) for one in layers))


def _whole(values: torch.Tensor) -> npt.NDArray[np.float64]:
    """In units of 1/4096."""
    found: npt.NDArray[np.float64] = (values.detach().double() * 4096).round().clamp(-(2**19), 2**19).numpy()
    return found


def _gathered(pictures: Sequence[Picture], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Known samples and the ones to predict: empty surroundings as often as they are in maps, but fewer."""
    dice, known, line = random.Random(seed), [], []
    for rgb in dice.sample(list(pictures), min(len(pictures), 400)):
        lines = drawn(rgb, dice.uniform(0.005, 0.06))
        high, wide = lines.shape
        padded = np.zeros((high + MARGIN, wide + 2 * MARGIN), np.uint8)
        padded[MARGIN:, MARGIN:-MARGIN] = lines
        planes = [
            padded[MARGIN + row : MARGIN + row + high, MARGIN + column : MARGIN + column + wide]
            for row, column in AROUND
        ]
        known.append(np.stack(planes, -1).reshape(-1, len(AROUND)))
        line.append(lines.reshape(-1))
    return torch.from_numpy(np.concatenate(known)), torch.from_numpy(np.concatenate(line)).float()
