"""Entropy coding: integers into the fewest bytes, and back.

    encoder = SymbolEncoder()                     decoder = SymbolDecoder(payload)
    encoder.put_integer(-3, model)                decoder.get_integer(model)
    payload = encoder.finish()                    decoder.finish()

Three kinds of probabilities, all from integers: AdaptiveModel learns how often each symbol comes,
ScaleModels learns how large each number of a vector is, and Tables ships with a trained codec.
docs/bitstream.md has the coder bit by bit.
"""

from .coder import SymbolDecoder, SymbolEncoder, decode, encode
from .models import MAX_INTEGER, AdaptiveModel, ScaleModel, ScaleModels
from .tables import Tables

__all__ = [
    "MAX_INTEGER",
    "AdaptiveModel",
    "ScaleModel",
    "ScaleModels",
    "SymbolDecoder",
    "SymbolEncoder",
    "Tables",
    "decode",
    "encode",
]
