"""Training on several devices: each process has its own batches, gradients are averaged.

`torchrun --nproc-per-node N -m genvc train ...` and `accelerate launch -m genvc train ...` both set what is
read here (RANK, WORLD_SIZE, LOCAL_RANK); without it there is one process.
"""

import os
from collections.abc import Iterable

import torch
from torch import distributed, nn

__all__ = ["average_gradients", "begin", "end"]


def begin(device: torch.device) -> tuple[int, torch.device]:
    """This process's number, and its own device."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return 0, device
    rank = int(os.environ["RANK"])
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return rank, device


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """The mean over all processes in place of each one's own; nothing where there is one."""
    if not distributed.is_initialized():
        return
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    # one that a batch did not touch has no gradient here, but perhaps elsewhere
    parts = [torch.zeros_like(one) if one.grad is None else one.grad for one in trained]
    flat = torch.cat([part.reshape(-1).float() for part in parts])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for parameter, mean in zip(trained, torch.split(flat, [one.numel() for one in trained]), strict=True):
        parameter.grad = mean.reshape(parameter.shape).to(parameter.dtype)


def end() -> None:
    """Leave the others."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
