"""Outputs that appear whole or not at all: written beside their place, renamed at the end."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..beside import beside
from ..errors import BadInput

__all__ = ["replacing"]


@contextmanager
def replacing(target: Path, folder: bool = False) -> Iterator[Path]:
    """A path beside target to write to; renamed to target at the end, removed on any failure.

    A target that is there and no regular file (a device, a named pipe) is written to itself. folder:
    the path is an empty folder, and target must not exist or be an empty folder. Raises BadInput when
    the place cannot be written to.
    """
    if not folder and target.exists() and not target.is_file() and not target.is_dir():
        yield target
        return
    if not folder and target.is_dir():
        raise BadInput(f"'{target}' is a folder")
    if folder and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput(f"'{target}' exists and is not an empty folder")
    # a link stays a link: what it points to is replaced
    place = target.resolve() if target.is_symlink() else target
    here = Path(beside(str(place)))
    try:
        if folder:
            here.mkdir()
        else:
            here.touch()
    except OSError as error:
        raise BadInput(f"cannot write '{target}': {error.strerror or error}") from error
    try:
        yield here
        if folder and place.exists():
            place.rmdir()
        os.replace(here, place)
    except BaseException:
        if folder:
            shutil.rmtree(here, ignore_errors=True)
        else:
            here.unlink(missing_ok=True)
        raise
