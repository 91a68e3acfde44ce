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


@lru_cache(maxsize=256)
def of_codec(name: str) -> str:
    """Changes when the codec's package or the core changes, weights included.

    Anchors hang on their own folder, genvc.media and the version of PyAV, not on all of eval. Raises
    CodecNotFound.
    """
    points = installed(CODECS)
    if name not in points:
        raise CodecNotFound(f"no codec '{name}'; installed: {', '.join(points) or 'none'}")
    module = points[name].module
    if module.startswith(_ANCHORS):
        return _digest([*_files(_ANCHORS), *_files("genvc.media"), *_files("eval.search")], ("av", "pillow"))
    parts = [*_files(module.split(".")[0]), *_files("genvc")]
    return _digest(parts, ("av", "constriction", "mediapipe", "torch"))


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
