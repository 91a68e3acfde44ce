"""A clip or picture of a benchmark: a file, and how much of it is used."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from genvc import media
from genvc.errors import BadInput
from genvc.media import MediaInfo
from genvc.types import Frame

__all__ = ["Clip", "file_hash"]


@dataclass(frozen=True, slots=True)
class Clip:
    """path: of the file, or of a folder of pictures. name: how results call it. picture: judged as a
    still, in bits per pixel. frames: at most so many from the start. size: pixels of the short side to
    scale to first. None keeps all."""

    path: str
    name: str
    picture: bool = False
    frames: int | None = None
    size: int | None = None

    def open(self) -> tuple[MediaInfo, Iterator[Frame]]:
        """What the file says, and its frames; raises BadInput and Unsupported as media.frames does."""
        info, frames = media.frames(self.path, self.size)
        limit = 1 if self.picture else self.frames
        return info, islice(frames, limit) if limit is not None else frames

    def identity(self) -> str:
        """Equal for equal frames: a hash of the file's bytes and of what is used of it."""
        path = Path(self.path)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        parts = [f"{file.name}:{file_hash(file)}" for file in files if file.is_file()]
        if path.is_file():
            # A .yuv file says its size by its name; elsewhere the name changes nothing.
            parts = [f"{path.name if path.suffix == '.yuv' else ''}:{file_hash(path)}"]
        said = f"{parts} {self.picture} {self.frames} {self.size}"
        return hashlib.sha256(said.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file, remembered as long as its size and time stay; raises BadInput."""
    try:
        stat = path.stat()
        return _hash(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise BadInput(f"cannot read '{path}': {error.strerror or error}") from error


@lru_cache(maxsize=65536)
def _hash(path: Path, size: int, time: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()
