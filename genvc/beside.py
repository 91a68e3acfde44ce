"""Names of temporary files beside the files that they become."""

import glob
import os
import secrets

__all__ = ["beside", "unfinished"]

# bytes of the file's own name: a name has at most 255 on common file systems
_MOST = 100


def beside(path: str) -> str:
    """A name for what is being written, hidden and in the same folder; another one with each call."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{_short(name)}.{secrets.token_hex(4)}.part")


def unfinished(path: str) -> list[str]:
    """Files that somebody began to write for this path and did not finish, the newest first."""
    folder, name = os.path.split(path)
    pattern = os.path.join(glob.escape(folder), f".{glob.escape(_short(name))}.{'[0-9a-f]' * 8}.part")
    return sorted(glob.glob(pattern), key=os.path.getmtime, reverse=True)


def _short(name: str) -> str:
    raw = os.fsencode(name)
    return name if len(raw) <= _MOST else raw[:_MOST].decode("utf-8", "ignore")
