"""Opening a file of keypoints to change it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genvc import container
from genvc.codec import create
from genvc.errors import BadInput

from .codec import KeyPoints

__all__ = ["opened"]


@contextmanager
def opened(source: Path, target: Path) -> Iterator[tuple[container.Reader, KeyPoints]]:
    """The stream in `source`, and its codec on the CPU; raises BadInput where it is no stream of keypoints,
    or is `target` itself.
    """
    if source.exists() and target.exists() and os.path.samefile(source, target):
        raise BadInput(f"{target} is what is read; name another file to write")
    stream = container.Reader(source)
    try:
        if stream.info.codec != "keypoints":
            raise BadInput(f"{source} is a stream of {stream.info.codec}, not of keypoints")
        codec = create("keypoints", stream.info.model, "cpu")
        if not isinstance(codec, KeyPoints):
            raise BadInput("another package has taken the name keypoints")
        yield stream, codec
    finally:
        stream.close()
