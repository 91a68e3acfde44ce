"""The device that networks run on."""

from typing import TYPE_CHECKING

from .errors import BadInput

if TYPE_CHECKING:
    import torch

__all__ = ["pick"]


def pick(device: str = "auto") -> "torch.device":
    """The torch device of that name, checked to be there; "auto" is CUDA where there is one, else the CPU.

    Raises BadInput for a name that torch does not know or a device that this machine does not have.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        picked = torch.device(device)
        # the cheapest way to learn whether it works: a CUDA device may be known but not there
        torch.empty(1, device=picked).cpu()
    except Exception as error:
        # torch raises whatever its backend raises: RuntimeError, AssertionError, NotImplementedError, ...
        raise BadInput(f"no device '{device}' here; auto, cpu or, with an NVIDIA card, cuda") from error
    return picked
