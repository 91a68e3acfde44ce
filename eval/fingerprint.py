"""What a cached result depends on besides the clip: the code and the weights that made it, as a hash."""

import hashlib
import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from genvc.errors import BadInput, CodecNotFound
from genvc.models import folders
from genvc.plugins import CODECS, installed

from .clip import file_hash

__all__ = ["of_codec", "of_metric"]

_SUFFIXES = {".py", ".json", ".safetensors"}
_ANCHORS = "eval.anchors"
_METRICS = "genvc.metrics"
# What turns files into frames and frames into bytes; the command line and the like change no result.
_CORE = (
    *("genvc.media", "genvc.container", "genvc.entropy", "genvc.types", "genvc.codec", "genvc.arithmetic"),
    *("eval.search", "eval.stage"),
)


@lru_cache(maxsize=256)
def of_codec(name: str) -> str:
    """Changes when the codec's package, its weights or what it uses of the core change.

    A codec that is one module of genvc or an anchor hangs on that, not on its whole package. A codec
    that names another one ("avif" for its key pictures) hangs on that one too. Raises CodecNotFound.
    """
    points = installed(CODECS)
    if name not in points:
        raise CodecNotFound(f"no codec '{name}'; installed: {', '.join(points) or 'none'}")
    parts: dict[Path, None] = {}
    waiting, seen = [name], {name}
    while waiting:
        codec = waiting.pop(0)
        own = _files(_owner(points[codec].module))
        parts.update(dict.fromkeys([*own, *_weights(codec)]))
        if points[codec].module.startswith(_ANCHORS):
            continue  # what an anchor's folder names are its neighbours
        used = [other for other in _named(own) if other in points and other not in seen]
        seen.update(used)
        waiting.extend(used)
    parts.update(dict.fromkeys(file for part in _CORE for file in _files(part)))
    return _digest(list(parts), ("av", "pillow", "constriction", "mediapipe", "torch", "diffusers"))


def _owner(module: str) -> str:
    """The module or package that a codec is made of."""
    if module.startswith(_ANCHORS):
        return _ANCHORS
    words = module.split(".")
    return ".".join(words[:2]) if words[0] == "genvc" else words[0]


def _named(files: list[Path]) -> list[str]:
    """The words in quotes in Python files, sorted."""
    texts = [file.read_text("utf-8", "replace") for file in files if file.suffix == ".py"]
    return sorted({word for text in texts for word in re.findall(r"""["']([a-z0-9-]+)["']""", text)})


def _weights(codec: str) -> list[Path]:
    """The files of the models for that codec, of the package and of the collection in GENVC_MODELS."""
    homes = [folder for model, folder in folders() if model.codec == codec]
    return sorted(file for home in homes for file in home.rglob("*") if file.suffix in _SUFFIXES)


@lru_cache(maxsize=256)
def of_metric(name: str) -> str:
    """Changes when the metric's module, what all metrics share or the libraries change; raises BadInput."""
    points = installed(_METRICS)
    if name not in points:
        raise BadInput(f"no metric '{name}'; installed: {', '.join(points) or 'none'}")
    shared = ("eval.metering", "eval.metrics.per_picture", "eval.metrics.sets", "eval.metrics.ssim")
    parts = [file for module in (points[name].module, *shared) for file in _files(module)]
    return _digest(parts, ("torch", "lpips", "piq", "mediapipe", "opencv-contrib-python"))


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
