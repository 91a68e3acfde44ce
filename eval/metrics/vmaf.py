"""VMAF, by an ffmpeg on the PATH that was built with libvmaf."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from genvc.errors import BadInput, Unsupported

from . import Meter, Metric, Reading, check_pair

__all__ = ["Vmaf", "create"]

MODEL = "vmaf_v0.6.1"
TIMEOUT = 3600


def create() -> Metric:
    """VMAF with the default model; raises Unsupported when no ffmpeg with libvmaf is there."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise Unsupported("not available: vmaf needs an ffmpeg with libvmaf on the PATH, there is no ffmpeg")
    filters = subprocess.run(
        [ffmpeg, "-hide_banner", "-filters"], capture_output=True, text=True, timeout=60, check=False
    )
    if " libvmaf " not in filters.stdout:
        raise Unsupported("not available: vmaf needs an ffmpeg with libvmaf on the PATH, this one has none")
    banner = subprocess.run(
        [ffmpeg, "-version"], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    return Vmaf(ffmpeg, banner.split("\n", 1)[0])


class Vmaf:
    """VMAF of a clip; its frames wait on disk, never in memory."""

    higher_is_better = True
    unit = ""

    def __init__(self, ffmpeg: str, banner: str) -> None:
        self.ffmpeg = ffmpeg
        self.banner = banner

    def about(self) -> Mapping[str, str]:
        return {
            "backbone": MODEL,
            "library": self.banner,
            "colours": "RGB converted to 4:2:0 by ffmpeg",
            "crop": "none",
            "pooling": "mean over the pictures",
        }

    def meter(self) -> Meter:
        return _VmafMeter(self.ffmpeg)


class _VmafMeter:
    def __init__(self, ffmpeg: str) -> None:
        self.ffmpeg = ffmpeg
        self.folder = tempfile.TemporaryDirectory(prefix="genvc-vmaf-")
        here = Path(self.folder.name)
        self.files = (here / "reference.rgb", here / "decoded.rgb")
        self.size: tuple[int, int] | None = None

    def add(self, reference: Tensor, decoded: Tensor) -> None:
        check_pair(reference, decoded)
        size = (reference.shape[3], reference.shape[2])
        if self.size not in (None, size):
            raise BadInput("the pictures differ in size")
        self.size = size
        for path, pictures in zip(self.files, (reference, decoded), strict=True):
            with path.open("ab") as file:
                _write(file, pictures)

    def reading(self) -> Reading:
        if self.size is None:
            raise BadInput("no pictures were measured")
        size = f"{self.size[0]}x{self.size[1]}"
        command = [self.ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "error"]
        for path in (self.files[1], self.files[0]):  # libvmaf wants the decoded one first
            command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "25", "-i", path.name]
        graph = (
            "[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];"
            f"[a][b]libvmaf=log_fmt=json:log_path=vmaf.json:n_threads={min(4, os.cpu_count() or 1)}"
        )
        command += ["-lavfi", graph, "-f", "null", "-"]
        try:
            done = subprocess.run(
                command, cwd=self.folder.name, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            if done.returncode != 0:
                last = (done.stderr.strip() or "no message").splitlines()[-1]
                return Reading(None, (), f"vmaf failed: {last}")
            frames = json.loads((Path(self.folder.name) / "vmaf.json").read_text())["frames"]
            values = tuple(float(frame["metrics"]["vmaf"]) for frame in frames)
            return Reading(sum(values) / len(values), values)
        except subprocess.TimeoutExpired:
            return Reading(None, (), f"vmaf failed: not done after {TIMEOUT} s")
        except (OSError, ValueError, KeyError, ZeroDivisionError) as error:
            return Reading(None, (), f"vmaf failed: its log cannot be read ({type(error).__name__})")
        finally:
            self.folder.cleanup()


def _write(file: BinaryIO, pictures: Tensor) -> None:
    levels = (pictures * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    file.write(levels.numpy().tobytes())
