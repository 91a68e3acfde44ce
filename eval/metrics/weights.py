"""Where a metric's network finds its weights: the checkpoints folder of torch.hub, nothing is fetched."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from genvc.errors import BadInput, ModelNotFound

__all__ = ["checkpoint", "loading", "refuse_nan"]


def checkpoint(file: str, owner: str) -> Path:
    """The weights file of that name under TORCH_HOME (or torch's usual cache).

    owner: the metric and network it belongs to, for the message. Raises ModelNotFound.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    if not path.is_file():
        raise ModelNotFound(f"weights missing: {file} ({owner}); looked in hub/checkpoints of TORCH_HOME")
    return path


@contextmanager
def loading(path: Path) -> Iterator[None]:
    """Around a library's own loading: quiet, and any failure of it a BadInput that names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries call torchvision in ways that it warns of
            yield
    except Exception as error:  # a damaged pickle or zip can raise nearly anything
        raise BadInput(f"weights damaged: {path.name} cannot be loaded ({type(error).__name__})") from error


def refuse_nan(network: torch.nn.Module, path: Path) -> None:
    """Raises BadInput when a weight of the network is NaN or infinite."""
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise BadInput(f"weights damaged: {name} of {path.name} holds values that are not finite")
