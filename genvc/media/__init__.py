"""Media files to frames and back: the only part of genvc that knows PyAV and Pillow."""

from .still import decode_still_av1, encode_still_av1, encode_still_av1_to_size

__all__ = ["decode_still_av1", "encode_still_av1", "encode_still_av1_to_size"]
