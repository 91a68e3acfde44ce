"""Short texts as very few bytes, and back."""

__all__ = ["decode", "encode", "full_name"]


def encode(text: str, *, model: str = "") -> bytes:
    """The fewest bytes that the coder finds for a text; b"" for "".

    text: any Unicode string that has UTF-8, at most 64 KiB of it. model: a language model's name, "" for
    the one that ships; where it is not installed, texts are coded without one. Never more than one byte
    longer than UTF-8. Raises BadInput, and ModelNotFound for a model that was named.
    """
    from .coder import encode_all

    return encode_all([text], model)[0]


def decode(data: bytes, *, model: str = "") -> str:
    """The text that encode() gave these bytes for; the number of bytes is part of the message.

    Raises CorruptStream, and ModelNotFound where the text was coded with a model that is not installed.
    """
    from .coder import decode_all

    return decode_all([data], model)[0]


def full_name(model: str = "") -> str:
    """The model's name as streams say it, "text-captions@0123abcd"; "" where none is installed."""
    from genvc.errors import ModelNotFound
    from genvc.models import full_name as found

    from .coder import DEFAULT

    try:
        return found(model or DEFAULT)
    except ModelNotFound:
        if model:
            raise
        return ""
