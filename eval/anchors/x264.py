"""H.264 by x264."""

from collections.abc import Mapping

import cv2

from .video import Recipe

__all__ = ["create", "create_low_delay"]

# keyint over any length: one key picture, as in the talking-head conditions. One thread: x264 writes
# other bits with more.
COMMON = {"preset": "slow", "g": "100000"}
_AVX512 = 13  # OpenCV's number of it
# With AVX-512 x264's macroblock tree is not repeatable on a busy machine: 1 encode of 100 had other bits.
if cv2.checkHardwareSupport(_AVX512):
    COMMON["x264-params"] = "asm=avx2"


def random_access(quantizer: float) -> Mapping[str, str]:
    """Constant rate factor with B-pictures, look-ahead and adaptive quantisation."""
    return {**COMMON, "crf": f"{quantizer:g}"}


def low_delay(quantizer: float) -> Mapping[str, str]:
    """As in a call: no B-pictures, no look-ahead."""
    return {**COMMON, "crf": f"{quantizer:g}", "tune": "zerolatency"}


create = Recipe("x264", "libx264", "h264", random_access, 4 * 10, 4 * 51, per_unit=4).create
create_low_delay = Recipe("x264-ld", "libx264", "h264", low_delay, 4 * 10, 4 * 51, per_unit=4).create
