"""In which arithmetic decoders run their networks: bfloat16 where the processor has instructions for it."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["autocast", "has_bfloat16"]

# what oneDNN calls instructions that convolutions in bfloat16 lack
_WITHOUT_BFLOAT16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI")


def autocast(device: "torch.device") -> "torch.autocast":
    """A context in which layers on the CPU run in bfloat16 where it has instructions for that.

    Two thirds of the time. The processor's word counts and not a measurement, so that a machine always
    paints alike. For the free half alone: what streams mean never depends on it.
    """
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=device.type == "cpu" and has_bfloat16())


@cache
def has_bfloat16() -> bool:
    """Whether convolutions find instructions for bfloat16 here: without them they take ten times as long."""
    import torch

    # torch before 2.6 does not say what the processor can do
    can: Any = getattr(torch.cpu, "get_capabilities", dict)()
    # oneDNN may be kept to fewer instructions than there are; it knows the variable by two names
    most = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    return most.upper() not in _WITHOUT_BFLOAT16 and bool(can.get("avx512_bf16") or can.get("amx_bf16"))
