"""AV1 by SVT-AV1."""

from collections.abc import Mapping

from .video import Recipe

__all__ = ["create", "create_low_delay"]


def random_access(quantizer: float) -> Mapping[str, str]:
    """Constant rate factor, preset 2, tuned to the eye (tune=0), one key picture."""
    return {"preset": "2", "crf": f"{quantizer:g}", "svtav1-params": "keyint=-1:lp=2:tune=0"}


def low_delay(quantizer: float) -> Mapping[str, str]:
    """Prediction from earlier pictures only, no look-ahead."""
    return {"preset": "2", "crf": f"{quantizer:g}", "svtav1-params": "keyint=-1:lp=2:tune=0:pred-struct=1"}


create = Recipe("av1", "libsvtav1", "libdav1d", random_access, 10, 63).create
create_low_delay = Recipe("av1-ld", "libsvtav1", "libdav1d", low_delay, 10, 63).create
