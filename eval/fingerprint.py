"""What a cached result depends on besides the clip: the code and the weights that made it, as a hash."""

import hashlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from genvc.errors import BadInput, CodecNotFound
from genvc.plugins import CODECS, installed

from .clip import file_hash

__all__ = ["of_codec", "of_metric"]

_SUFFIXES = {".py", ".json", ".safetensors"}
_ANCHORS = "eval.anchors"
_METRICS = "genvc.metrics"
# What turns files into frames and frames into bytes; the command line and the like change no result.
_CORE = ("genvc.media", "genvc.container", "genvc.entropy", "genvc.types", "eval.search", "eval.stage")


@lru_cache(maxsize=256)
def of_codec(name: str) -> str:
    """Changes when the codec's package or what it uses of the core changes, weights included.

    A codec that is one module of genvc or an anchor hangs on that, not on its whole package. Raises
    CodecNotFound.
    """
    points = installed(CODECS)
    if name not in points:
        raise CodecNotFound(f"no codec '{name}'; installed: {', '.join(points) or 'none'}")
    module = points[name].module
    own = module if module.startswith("genvc.") else module.split(".")[0]
    if module.startswith(_ANCHORS):
        own = _ANCHORS
    parts = [file for part in (own, *_CORE) for file in _files(part)]
    return _digest(parts, ("av", "pillow", "constriction", "mediapipe", "torch"))


@lru_cache(maxsize=256)
def of_metric(name: str) -> str:
    """Changes when the metric's module, what all metrics share or the libraries change; raises BadInput."""
    points = installed(_METRICS)
    if name not in points:
        raise BadInput(f"no metric '{name}'; installed: {', '.join(points) or 'none'}")
    shared = ("eval.metering", "eval.metrics.per_picture", "eval.metrics.sets", "eval.metrics.ssim")
    files = [file for module in (points[name].module, *shared) for file in _files(module)]
    return _digest(files, ("torch", "lpips", "piq", "mediapipe", "opencv-contrib-python"))


def _files(module: str) -> list[Path]:
    """The files of a module, or of a package and everything below it."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if not spec.submodule_search_locations:
        return [Path(spec.origin)] if spec.origin else []
    folders = [Path(folder) for folder in spec.submodule_search_locations]
    found = [file for folder in folders for file in folder.rglob("*") if file.suffix in _SUFFIXES]
    return sorted(found)


def _digest(files: list[Path], packages: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}:{file_hash(file)}\n".encode())
    for package in packages:
        try:
            digest.update(f"{package}=={version(package)}\n".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()
