"""What counts as a talking head: a face that fills a good part of the picture."""

import numpy as np

from .detector import Points

__all__ = ["is_head"]

_WIDTH = 0.25  # of the short side; beside a face this wide there is no room for limbs


def is_head(points: Points | None, short: int) -> bool:
    """Whether a face with these points is a talking head in a picture with that short side, in pixels."""
    return points is not None and float(np.ptp(points[:468, 0])) > _WIDTH * short
