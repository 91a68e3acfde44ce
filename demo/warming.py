"""Loading what the first call needs before it is made."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from genvc.errors import GenvcError
from genvc.types import Frame

from .decoding import decoder_for
from .encoding import codec_for
from .settings import Choice, Settings

__all__ = ["warm"]


def warm(wanted: Sequence[Choice]) -> None:
    """Codes and decodes one picture with each; one that cannot is left to say so in its call."""
    bitrate = Settings().bitrate
    for choice in wanted[:1]:
        try:
            codec = codec_for(choice, bitrate)
            info = codec.describe(64, 64, Fraction(25))
            packets = list(codec.encode([Frame(np.full((64, 64, 3), 128, np.uint8), 0)], info))
            list(decoder_for(info.codec, info.model).decode(packets, info))
        except GenvcError:
            continue
