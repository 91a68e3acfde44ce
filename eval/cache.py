"""What was already encoded and measured, on disk, found by a hash of everything it depends on."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from genvc.errors import BadInput

__all__ = ["Cache", "default_folder"]


def default_folder() -> Path:
    """GENVC_CACHE, or genvc/bench in the user's cache folder."""
    said = os.environ.get("GENVC_CACHE")
    if said:
        return Path(said)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genvc" / "bench"


class Cache:
    """A folder for each key; in it a stream and small JSON records.

    Safe for several processes: a record appears whole or not at all, and equal keys mean equal records.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder

    def folder(self, *parts: str) -> Path:
        """The folder of the thing that these words describe; made when it is missing. Raises BadInput."""
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        path = self.root / key[:2] / key[2:]
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cannot write the cache '{self.root}': {error.strerror}") from error
        return path

    @staticmethod
    def read(path: Path) -> dict[str, Any] | None:
        """The record, or None when it is missing or damaged."""
        try:
            record = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    @staticmethod
    def write(path: Path, record: dict[str, Any]) -> None:
        """Puts the record in its place in one step; raises BadInput when the disk refuses."""
        try:
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(record, file)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise BadInput(f"cannot write '{path.name}' into the cache: {error.strerror}") from error
