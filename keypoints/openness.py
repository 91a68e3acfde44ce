"""How open the eyes and the mouth of a face are, from its points."""

import numpy as np

from .detector import Points
from .motion import Floats

__all__ = ["mismatch", "openness"]

# Upper and lower rim, and the two corners, of the right eye, the left eye and the lips' inner edge.
_RIMS = ((159, 145, 33, 133), (386, 374, 362, 263), (13, 14, 78, 308))
# What it costs, in the unit of likeness.difference, to show an open eye from a shut one, and a wide mouth
# from a closed one. The mean over a picture hardly sees it; whoever looks at the face sees nothing else.
_EYE_COST, _MOUTH_COST = 0.10, 0.05
_OPEN_EYE, _OPEN_MOUTH = 0.25, 0.5


def openness(points: Points) -> Floats:
    """(2,): eyes and mouth, height of the opening relative to its width; about 0.3 for an open eye."""
    found = []
    for upper, lower, left, right in _RIMS:
        high = float(np.linalg.norm(points[upper, :2] - points[lower, :2]))
        wide = float(np.linalg.norm(points[left] - points[right]))
        found.append(high / max(wide, 1e-6))
    return np.array([(found[0] + found[1]) / 2, found[2]])


def mismatch(picture: Floats, reference: Floats) -> float:
    """What is lost by showing a face with one openness from a reference with another.

    What is shut in the reference cannot be opened: there is nothing to show. The other way is easier.
    """
    eye, mouth = np.clip((picture - reference) / (_OPEN_EYE, _OPEN_MOUTH), -1, 1)
    return _EYE_COST * float(max(eye, -0.3 * eye)) + _MOUTH_COST * float(max(mouth, -0.5 * mouth))
