"""What a result was made with: packages, encoders, the machine in words."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from genvc.media.classical import ffmpeg_versions
from genvc.media.classical_still import still_version

__all__ = ["machine", "versions"]

_PACKAGES = ("genvc", "torch", "torchvision", "numpy", "pillow", "lpips", "piq", "bjontegaard", "mediapipe",
             "opencv-contrib-python", "constriction")  # fmt: skip


def versions() -> dict[str, str]:
    """Versions by name; packages that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found.update(ffmpeg_versions())
    for form in ("JPEG", "WEBP", "AVIF", "JXL"):
        said = still_version(form)
        if said:
            found[said.rsplit(" ", 1)[0]] = said.rsplit(" ", 1)[1]
    return found


def machine() -> dict[str, str]:
    """Processor, cores and system; nothing that names the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": str(cores),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
