"""VP9 by libvpx."""

from collections.abc import Mapping

from .video import Recipe

__all__ = ["create", "create_low_delay"]

# b=0: constant quality. g over any length: one key picture.
COMMON = {"b": "0", "deadline": "good", "g": "100000"}


def random_access(quantizer: float) -> Mapping[str, str]:
    """Constant quality with alternate reference pictures and a look-ahead of 25 pictures."""
    more = {"cpu-used": "1", "lag-in-frames": "25", "auto-alt-ref": "1"}
    return {**COMMON, **more, "crf": f"{quantizer:g}"}


def low_delay(quantizer: float) -> Mapping[str, str]:
    """No look-ahead and no hidden pictures."""
    more = {"cpu-used": "1", "lag-in-frames": "0", "auto-alt-ref": "0", "error-resilient": "0"}
    return {**COMMON, **more, "crf": f"{quantizer:g}"}


create = Recipe("vp9", "libvpx-vp9", "vp9", random_access, 10, 63).create
create_low_delay = Recipe("vp9-ld", "libvpx-vp9", "vp9", low_delay, 10, 63).create
