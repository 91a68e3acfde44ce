"""How many pictures a second are coded live and decoded on this processor.

python -m keypoints.speed CLIP [--threads N] [--json OUT]: with the instructions that an ordinary laptop has
(AVX2, in float32) and with all of this processor (in bfloat16 where it has that), each in its own process.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from genvc import media
from genvc.arithmetic import has_bfloat16
from genvc.codec import create
from genvc.types import Frame, Packet

__all__ = ["measured"]

_BITRATE = 6000
_MOST = 250


def measured(clip: str, threads: int) -> dict[str, Any]:
    """Pictures a second, and processor time of each, of live encoding and of decoding 256x256 at 6 kbit/s."""
    torch.set_num_threads(threads)
    stream, frames = media.frames(clip, 256)
    pictures = [frame.rgb for frame, _ in zip(frames, range(_MOST), strict=False)]
    codec = create("keypoints", device="cpu", bitrate=_BITRATE, live=True)
    info = codec.describe(pictures[0].shape[1], pictures[0].shape[0], Fraction(stream.fps))
    packets: list[Packet] = []
    first = [Frame(pictures[0], 0)]
    # what is loaded once is not what keeping up is about
    list(codec.decode(codec.encode(first, info), info))
    encoding = _timed(
        lambda: packets.extend(codec.encode((Frame(rgb, k) for k, rgb in enumerate(pictures)), info))
    )
    decoding = _timed(lambda: sum(1 for _ in codec.decode(iter(packets), info)))
    count = len(pictures)
    return {
        "arithmetic": "bfloat16" if has_bfloat16() else "float32",
        "instructions": os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT"),
        "pictures": count,
        "encode_fps": round(count / encoding[0], 1),
        "encode_ms": round(1000 * encoding[1] / count, 1),
        "decode_fps": round(count / decoding[0], 1),
        "decode_ms": round(1000 * decoding[1] / count, 1),
    }


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of processor time of all threads."""
    wall, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - used


def _all(clip: str, threads: int) -> dict[str, Any]:
    """Each in a process of its own, since its instructions are chosen when it starts."""
    rows = []
    for most in ("AVX2", "DEFAULT"):
        command = [sys.executable, "-m", "keypoints.speed", clip, "--threads", str(threads), "--here"]
        # torch's own kernels have a variable of theirs, and no name there for all that there is
        environment = os.environ | {"ONEDNN_MAX_CPU_ISA": most}
        if most == "AVX2":
            environment["ATEN_CPU_CAPABILITY"] = "avx2"
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        "command": f"python -m keypoints.speed {Path(clip).name} --threads {threads}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "rows": rows,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(measured(chosen.clip, chosen.threads)))
        return
    text = json.dumps(_all(chosen.clip, chosen.threads), indent=2) + "\n"
    if chosen.json is not None:
        chosen.json.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    _main()
