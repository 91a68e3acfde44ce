"""The command `verify`: does this machine decode as the one did that made the stored streams?"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .transcode import Device

if TYPE_CHECKING:
    from ..verify import Verdict

__all__ = ["verify_command"]


def verify_command(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Stored streams; default: those of genvc.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    device: Device = "cpu",
) -> int:
    """Check that this machine decodes the stored streams as it has to; exit code 1 where it does not."""
    import platform

    import torch

    from ..verify import verify

    verdicts = []
    for verdict in verify(folder, device):
        verdicts.append(verdict)
        if not as_json:
            print(_line(verdict))
    states = [verdict.state for verdict in verdicts]
    good = "same" in states and "differs" not in states
    machine = {
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": device,
        "system": f"{platform.system()} {platform.machine()}",
    }
    if as_json:
        about = {"good": good, "machine": machine, "streams": [asdict(verdict) for verdict in verdicts]}
        print(json.dumps(about, indent=2))
    else:
        counts = ", ".join(f"{states.count(state)} {state}" for state in ("same", "differs", "left out"))
        print(f"{counts}; {', '.join(f'{key} {value}' for key, value in machine.items())}")
    if not good:
        print("genvc: this machine does not decode as it has to", file=sys.stderr)
    return 0 if good else 1


def _line(verdict: "Verdict") -> str:
    parts = [f"{verdict.name:<24} {verdict.state}"]
    if verdict.frames:
        parts.append(f"{verdict.frames} picture{'s' * (verdict.frames > 1)}")
    if verdict.integers is not None:
        parts.append(f"integers {'exact' if verdict.integers else 'differ'}")
    parts += [f"{kind} rms {rms:g} peak {peak:g}" for kind, (rms, peak) in verdict.pixels.items()]
    return ", ".join(parts + [verdict.words] * bool(verdict.words))
