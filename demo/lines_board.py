"""The drawing board for the lines of a stream: its markup, and what comes back from it."""

import base64
import binascii

from genvc.errors import BadInput
from genvc.media.classical_still import decode_still, encode_still
from genvc.types import Picture

from .static_text import static_text

__all__ = ["board", "drawing_of"]

_MARK = "data:image/png;base64,"
_MOST_CHARACTERS = 8 << 20


def board(outline: Picture, source: Picture) -> str:
    """HTML for lines.js. outline: dark lines on white. source: what may be laid under them."""
    markup = static_text("lines.html")
    drawn = _MARK + base64.b64encode(encode_still(outline, "PNG", {})).decode()
    seen = base64.b64encode(encode_still(source, "JPEG", {"quality": 80})).decode()
    return markup.replace("OUTLINE", drawn).replace("SOURCE", f"data:image/jpeg;base64,{seen}")


def drawing_of(said: str, width: int, height: int) -> Picture:
    """The picture that a board of that size sent; raises BadInput, CorruptStream."""
    if not said.startswith(_MARK) or len(said) > _MOST_CHARACTERS:
        raise BadInput("the drawing did not come through; code the picture again")
    try:
        data = base64.b64decode(said.removeprefix(_MARK), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("the drawing did not come through; code the picture again") from error
    return decode_still(data, "PNG", width, height)
