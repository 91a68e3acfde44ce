"""Where a metric's network finds its weights: the checkpoints folder of torch.hub, nothing is fetched."""

from pathlib import Path

import torch

from genvc.errors import BadInput, ModelNotFound

__all__ = ["checkpoint", "refuse_nan"]


def checkpoint(file: str, owner: str) -> Path:
    """The weights file of that name under TORCH_HOME (or torch's usual cache).

    owner: the metric and network it belongs to, for the message. Raises ModelNotFound.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    if not path.is_file():
        raise ModelNotFound(f"weights missing: {file} ({owner}); looked in hub/checkpoints of TORCH_HOME")
    return path


def refuse_nan(network: torch.nn.Module, path: Path) -> None:
    """Raises BadInput when a weight of the network is NaN or infinite."""
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise BadInput(f"weights damaged: {name} of {path.name} holds values that are not finite")
