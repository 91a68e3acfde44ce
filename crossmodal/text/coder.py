"""The text coder: the shortest of several methods, named by the first byte."""

import zlib

from genvc.errors import BadInput, CorruptStream

__all__ = ["MAX_BYTES", "decode", "encode"]

MAX_BYTES = 1 << 16
_DEFLATED, _RAW = 0xFE, 0xFF


def encode(text: str, model: str = "") -> bytes:
    """See crossmodal.text.encode()."""
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput("the text has a lone surrogate, which is no character") from error
    if len(raw) > MAX_BYTES:
        raise BadInput(f"a text is at most {MAX_BYTES} bytes of UTF-8, not {len(raw)}")
    if not raw:
        return b""
    packer = zlib.compressobj(9, wbits=-15)
    return min((bytes([_DEFLATED]) + packer.compress(raw) + packer.flush(), bytes([_RAW]) + raw), key=len)


def decode(data: bytes, model: str = "") -> str:
    """See crossmodal.text.decode()."""
    if not data:
        return ""
    if data[0] == _RAW:
        raw = data[1:]
    elif data[0] == _DEFLATED:
        opener = zlib.decompressobj(wbits=-15)
        try:
            raw = opener.decompress(data[1:], MAX_BYTES + 1)
        except zlib.error as error:
            raise CorruptStream("the text's bytes do not decode") from error
        if not opener.eof or opener.unused_data:
            raise CorruptStream("the text ends before its end, or after it")
    else:
        raise CorruptStream("the text is coded in a way that is not known here")
    if len(raw) > MAX_BYTES:
        raise CorruptStream("the text is longer than any that is written")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorruptStream("the text's bytes are no characters") from error
