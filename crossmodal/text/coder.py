"""The text coder: each text by the method that makes it shortest, which its first byte names.

none            the text is empty
0 to 251        a language model's code, words.py
252             bytes in context, contexts.py
253             raw DEFLATE (RFC 1951)
255             UTF-8 as it is
"""

import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from genvc import models
from genvc.errors import BadInput, CorruptStream, ModelNotFound

from . import contexts, words
from .language import LanguageModel

__all__ = ["DEFAULT", "MAX_BYTES", "decode_all", "encode_all", "language_model", "method_of"]

DEFAULT: Final = "text-captions"
MAX_BYTES: Final = 1 << 16
_CONTEXTS, _DEFLATE, _RAW = 252, 253, 255
_METHODS: Final = {_CONTEXTS: "contexts", _DEFLATE: "deflate", _RAW: "utf-8"}
_SPELLED: Final = 1.5  # bytes a token at least, or the model knows too few of the words to be of use
_SHORT: Final = 2  # a model's code this many times shorter than the text is taken without a look at others


def encode_all(
    texts: Sequence[str], model: str = "", progress: Callable[[int, int], None] | None = None
) -> list[bytes]:
    """Each text's bytes, as crossmodal.text.encode() has them; many at once take less time than one by one.

    progress: is told how many are done, of how many. Raises BadInput, ModelNotFound.
    """
    raw = [_checked(text) for text in texts]
    coded = _in_words(raw, model, progress)
    return [
        _shortest(text, code) if code is None or _SHORT * len(code) > len(text) else code
        for text, code in zip(raw, coded, strict=True)
    ]


def decode_all(codes: Sequence[bytes], model: str = "") -> list[str]:
    """The mirror of encode_all(). Raises CorruptStream, ModelNotFound."""
    spoken = [number for number, code in enumerate(codes) if code and code[0] < _CONTEXTS]
    found = [b"" if code and code[0] < _CONTEXTS else _plain(code) for code in codes]
    if spoken:
        language = language_model(model)
        if language is None:
            raise ModelNotFound(f"the text was coded with the language model '{DEFAULT}', which is not here")
        tokens = words.read(language, [codes[number] for number in spoken])
        for number, some in zip(spoken, tokens, strict=True):
            found[number] = language.vocabulary.text(some)
    return [_as_text(text) for text in found]


def method_of(code: bytes) -> str:
    """How a text is coded; "" for no way that is known."""
    if not code:
        return "empty"
    return _METHODS.get(code[0], "words" if code[0] < _CONTEXTS else "")


def language_model(name: str) -> LanguageModel | None:
    """A model by its name, loaded once; "" for the one that ships, None if it does not.

    Raises ModelNotFound.
    """
    try:
        return _loaded(models.full_name(name or DEFAULT))
    except ModelNotFound:
        if name:
            raise
        return None


@lru_cache(4)
def _loaded(full_name: str) -> LanguageModel:
    from torch import bfloat16

    tensors = models.load(full_name, "crossmodal")[1]
    # NumPy has no bfloat16, which nobody should have stored but somebody may have
    return LanguageModel(
        {key: (one.float() if one.dtype == bfloat16 else one).numpy() for key, one in tensors.items()}
    )


def _checked(text: str) -> bytes:
    # UTF-8 is no shorter than the number of characters, so that a huge text is refused before it is copied
    size = len(text)
    if size <= MAX_BYTES:
        try:
            raw = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadInput("the text has half of a surrogate pair, which is no character") from error
        size = len(raw)
    if size > MAX_BYTES:
        raise BadInput(f"a text is at most {MAX_BYTES} bytes of UTF-8, this one is longer")
    return raw


def _in_words(
    texts: Sequence[bytes], model: str, progress: Callable[[int, int], None] | None
) -> list[bytes | None]:
    """A language model's codes of texts; None where it has none that is shorter than the text."""
    found: list[bytes | None] = [None] * len(texts)
    language = language_model(model)
    if language is None:
        return found
    tokens: dict[int, list[int]] = {}
    for number, text in enumerate(texts):
        if 0 < len(text) <= contexts.MAX_BYTES:
            some = language.vocabulary.tokens(text)
            if len(some) < words.MAX_TOKENS and _SPELLED * len(some) <= len(text) + _SPELLED:
                tokens[number] = some
    most = [len(texts[number]) for number in tokens]
    for number, code in zip(
        tokens, words.write(language, list(tokens.values()), most, progress), strict=True
    ):
        found[number] = code
    return found


def _shortest(text: bytes, code: bytes | None) -> bytes:
    """The shortest of all methods' codes, one of which is there already."""
    if not text:
        return b""
    packer = zlib.compressobj(9, wbits=-15)
    tried = [bytes([_RAW]) + text, bytes([_DEFLATE]) + packer.compress(text) + packer.flush()]
    if len(text) <= contexts.MAX_BYTES:
        tried.append(bytes([_CONTEXTS]) + contexts.write(text))
    if code is not None:
        tried.append(code)
    return min(tried, key=len)


def _plain(code: bytes) -> bytes:
    """The text of a code that needs no model."""
    if not code:
        return b""
    method, rest = code[0], code[1:]
    if method == _CONTEXTS:
        return contexts.read(rest)
    if method == _RAW:
        text = rest
    elif method == _DEFLATE:
        opener = zlib.decompressobj(wbits=-15)
        try:
            text = opener.decompress(rest, MAX_BYTES + 1)
        except zlib.error as error:
            raise CorruptStream("the bytes of the text do not decode") from error
        if len(text) <= MAX_BYTES and (not opener.eof or opener.unused_data):
            raise CorruptStream("the bytes of the text end early or late")
    else:
        raise CorruptStream("the text is coded in a way that is not known here")
    if len(text) > MAX_BYTES:
        raise CorruptStream("the text is longer than any that is written")
    return text


def _as_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorruptStream("the bytes of the text are no characters") from error
