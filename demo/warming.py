"""Loading what the first call needs before it is made."""

from fractions import Fraction

import numpy as np

from genvc.errors import GenvcError
from genvc.types import Frame

from .decoding import decoder_for
from .encoding import codec_for
from .fallback import FIRST
from .memory import settle
from .settings import AUTO, Settings, choice_of

__all__ = ["warm"]


def warm(settings: Settings) -> None:
    """Codes and decodes one picture; what cannot is left to say so in its call."""
    try:
        choice = choice_of(FIRST if settings.codec == AUTO else settings.codec)
        codec = codec_for(choice, settings.bitrate)
        info = codec.describe(settings.size, settings.size, Fraction(25))
        packets = list(codec.encode([Frame(np.full((settings.size,) * 2 + (3,), 128, np.uint8), 0)], info))
        list(decoder_for(info.codec, info.model).decode(packets, info))
    except GenvcError:
        return
    finally:
        settle()
