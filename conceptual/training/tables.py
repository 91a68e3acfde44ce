"""The line network as a file beside a checkpoint."""

from pathlib import Path

import numpy as np

from ..line_model import LineNetwork

__all__ = ["FILE", "load", "save"]

FILE = "lines.npz"


def save(network: LineNetwork, file: Path) -> None:
    """Whole numbers, layer by layer."""
    arrays = {}
    for number, (matrix, bias) in enumerate(network.layers):
        arrays[f"{number}.weight"], arrays[f"{number}.bias"] = matrix, bias
    np.savez(file, **arrays)


def load(file: Path) -> LineNetwork:
    """The mirror of save()."""
    with np.load(file, allow_pickle=False) as held:
        layers = range(len(held.files) // 2)
        return LineNetwork(tuple((held[f"{one}.weight"], held[f"{one}.bias"]) for one in layers))
