"""The captions of a split."""

from pathlib import Path

from genvc.errors import BadInput

__all__ = ["captions"]


def captions(data: Path, split: str) -> list[bytes]:
    """Those of data/captions_text/SPLIT.txt, one a line, in UTF-8; raises BadInput."""
    path = data / "captions_text" / f"{split}.txt"
    try:
        text = path.read_bytes()
        text.decode("utf-8")
    except OSError as error:
        raise BadInput(f"cannot read the captions in {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8") from error
    found = [line for line in text.split(b"\n") if line]
    if not found:
        raise BadInput(f"there are no captions in {path}")
    return found
