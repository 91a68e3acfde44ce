"""HEVC by x265."""

from collections.abc import Mapping

from .video import Recipe

__all__ = ["create", "create_low_delay"]

# keyint=-1: one key picture. info=0: no message with the settings in the stream. Fixed threads, because
# frame threads change the bits.
PARAMETERS = "keyint=-1:info=0:frame-threads=1:pools=2:log-level=none"


def random_access(quantizer: float) -> Mapping[str, str]:
    """Constant rate factor, preset medium, with B-pictures, look-ahead and adaptive quantisation."""
    return {"preset": "medium", "crf": f"{quantizer:g}", "x265-params": PARAMETERS}


def low_delay(quantizer: float) -> Mapping[str, str]:
    """As in a call: no B-pictures, no look-ahead."""
    return {"preset": "medium", "tune": "zerolatency", "crf": f"{quantizer:g}", "x265-params": PARAMETERS}


create = Recipe("x265", "libx265", "hevc", random_access, 4 * 10, 4 * 51, per_unit=4).create
create_low_delay = Recipe("x265-ld", "libx265", "hevc", low_delay, 4 * 10, 4 * 51, per_unit=4).create
