"""The errors genvc raises: one root, five causes.

    GenvcError
    ├── BadInput        what the caller handed over cannot be used (a missing file, an odd shape)
    ├── CorruptStream   the bytes are damaged, cut or not ours
    ├── CodecNotFound   no installed package brings a codec of that name
    ├── ModelNotFound   the stream or the caller asks for weights that are not here
    └── Unsupported     valid, but beyond a limit or a feature of this version

    Notice         (a warning) the work goes on, and there is something to know about it

Each message says what is wrong in lower case and, where there is a way out, names it.
"""

__all__ = [
    "BadInput",
    "CodecNotFound",
    "CorruptStream",
    "GenvcError",
    "ModelNotFound",
    "Notice",
    "Unsupported",
]


class GenvcError(Exception):
    """Any failure that genvc foresees; the command line prints it in one line."""


class BadInput(GenvcError):
    """What the caller handed over cannot be used."""


class CorruptStream(GenvcError):
    """The bytes are damaged, cut short or not a stream of ours."""


class CodecNotFound(GenvcError):
    """No installed package brings a codec of that name."""


class ModelNotFound(GenvcError):
    """Weights that were asked for are not on this machine."""


class Unsupported(GenvcError):
    """Valid input that is beyond a limit or a feature of this version."""


class Notice(UserWarning):
    """Something to know about work that goes on; the command line prints it in one line."""
