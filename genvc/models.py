"""Trained weights by name: the table of models, their files and their checksums.

genvc/models.json lists the models that belong to genvc, genvc/weights/FOLDER/ holds each one's
config.json and weights.safetensors. A second collection laid out the same way (models.json and
weights/) can be named in the environment variable GENVC_MODELS: for weights that are too large to
ship, and for one's own training.

A stream says "name@first-8-hex" of a model's sha256, so that it never meets other weights than it was
made with. A model that changes gets a new entry beside the old one, and old streams still decode.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BadInput, ModelNotFound

if TYPE_CHECKING:
    import torch

__all__ = ["Model", "add", "digest", "find", "folders", "full_name", "load", "models", "save"]

_PACKAGE = Path(__file__).parent
_NAME = re.compile(r"[a-z0-9._+-]{1,48}")
_CONFIG, _WEIGHTS = "config.json", "weights.safetensors"


@dataclass(frozen=True, slots=True)
class Model:
    """One line of a table of models.

    codec: which codec it is for. folder: below the collection's weights/. sha256: see digest().
    licence, trained_on, command: what it may be used for and where it comes from. address: where to
    download it when it does not come along, "" when it does.
    """

    name: str
    codec: str
    folder: str
    sha256: str
    licence: str
    trained_on: str
    command: str
    address: str = ""

    @property
    def full_name(self) -> str:
        """As streams say it."""
        return f"{self.name}@{self.sha256[:8]}"


def models() -> dict[str, Model]:
    """All listed models by full name, the package's first; reads the tables only."""
    return {name: model for name, (model, _) in _listed().items()}


def find(name: str, codec: str | None = None) -> Model:
    """The model of that name; of several with a bare name, the one listed last.

    name: "face-basis" or "face-basis@0123abcd". codec: which it has to be for, if any. Raises
    ModelNotFound, which says what there is.
    """
    return _find(name, codec)[0]


def full_name(name: str) -> str:
    """The name as streams say it, "face-basis@0123abcd"; raises ModelNotFound."""
    return find(name).full_name


def load(name: str, codec: str) -> "tuple[dict[str, Any], dict[str, torch.Tensor]]":
    """A model's config and its weights on the CPU, once their checksum is right.

    Arguments are find()'s. Raises ModelNotFound when the model is not listed, its files are not there
    or are not the ones that were listed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as tensors

    model, root = _find(name, codec)
    folder = root / "weights" / model.folder
    try:
        config, weights = (folder / _CONFIG).read_bytes(), (folder / _WEIGHTS).read_bytes()
    except OSError as error:
        get = (
            f"download {model.address} into it"
            if model.address
            else "reinstall genvc, or train it: " + model.command
        )
        raise ModelNotFound(f"the weights of {model.full_name} are not in {folder}; {get}") from error
    found = digest(config, weights)
    if found != model.sha256:
        raise ModelNotFound(
            f"the files in {folder} are not those of {model.full_name}: "
            f"sha256 {found[:8]}... instead of {model.sha256[:8]}..."
        )
    try:
        loaded = json.loads(config)
        if not isinstance(loaded, dict):
            raise BadInput(f"{folder / _CONFIG} is not a table of settings")
        return loaded, tensors(weights)
    except (ValueError, SafetensorError) as error:
        raise BadInput(f"the model in {folder} was not saved by genvc: {error}") from error


def save(folder: Path, config: Mapping[str, Any], tensors: "Mapping[str, torch.Tensor]") -> None:
    """Write a model's two files as add() and load() want them; equal models give equal bytes."""
    from safetensors.torch import save as to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    settings = json.dumps(dict(config), indent=2, sort_keys=True) + "\n"
    (folder / _CONFIG).write_text(settings, encoding="utf-8", newline="\n")
    whole = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    (folder / _WEIGHTS).write_bytes(to_bytes(whole))


def add(
    name: str,
    codec: str,
    *,
    licence: str,
    trained_on: str,
    command: str,
    address: str = "",
    folder: str = "",
    root: Path = _PACKAGE,
) -> Model:
    """List the model whose files lie in root/weights/FOLDER (of its name, unless given) in root/models.json.

    Adding the same files again changes their line. Files that streams were made with are not to be
    changed: another version goes into another folder, under the same name, which then means the newer
    one. Raises BadInput.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"a model is named with 1 to 48 of a-z 0-9 . _ + -, not {name!r}")
    folder = folder or name
    place = root / "weights" / folder
    try:
        sha256 = digest((place / _CONFIG).read_bytes(), (place / _WEIGHTS).read_bytes())
    except OSError as error:
        raise BadInput(f"a model is {_CONFIG} and {_WEIGHTS}, and not both are in {place}") from error
    model = Model(name, codec, folder, sha256, licence, trained_on, command, address)
    table = [line for line in _table(root) if line.folder != folder]
    lines = {"models": [asdict(line) for line in [*table, model]]}
    (root / "models.json").write_text(
        json.dumps(lines, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return model


def digest(config: bytes, weights: bytes) -> str:
    """The sha256 that names a model: of the sha256 of config.json followed by that of the weights."""
    parts = hashlib.sha256(config).digest() + hashlib.sha256(weights).digest()
    return hashlib.sha256(parts).hexdigest()


def _roots() -> list[Path]:
    extra = os.environ.get("GENVC_MODELS")
    return [_PACKAGE, Path(extra)] if extra else [_PACKAGE]


def _table(root: Path) -> list[Model]:
    path = root / "models.json"
    try:
        lines = json.loads(path.read_text(encoding="utf-8"))["models"]
        table = [Model(**line) for line in lines]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is not a table of models: {error}") from error
    for model in table:
        whole = all(isinstance(value, str) for value in asdict(model).values())
        if not whole or not _NAME.fullmatch(model.name) or not re.fullmatch(r"[0-9a-f]{64}", model.sha256):
            raise BadInput(f"{path} has a line without a proper name or sha256: {model.name!r}")
        if Path(model.folder).name != model.folder:
            raise BadInput(f"{path}: the folder of {model.name} is not a plain name")
    return table


def folders() -> list[tuple[Model, Path]]:
    """All listed models, and where their files are or should be."""
    return [(model, root / "weights" / model.folder) for model, root in _listed().values()]


def _listed() -> dict[str, tuple[Model, Path]]:
    return {model.full_name: (model, root) for root in _roots() for model in _table(root)}


def _find(name: str, codec: str | None) -> tuple[Model, Path]:
    listed = _listed()
    fits = [pair for pair in listed.values() if name in (pair[0].name, pair[0].full_name)]
    if not fits:
        here = [model.full_name for model, _ in listed.values() if codec in (None, model.codec)]
        wanted = f"no model '{name}' for {codec}" if codec else f"no model '{name}'"
        raise ModelNotFound(
            f"{wanted}; here: {', '.join(here) or 'none'}. A newer genvc may bring it, "
            "or name a folder that has it in GENVC_MODELS"
        )
    # the last entry of a name is the current one
    model, root = fits[-1]
    if codec not in (None, model.codec):
        raise ModelNotFound(f"'{model.full_name}' is a model for {model.codec}, not for {codec}")
    return model, root
