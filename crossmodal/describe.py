"""A sentence about a picture, without any download: people, what kind of place it is, colours, light.

Who is there comes from mediapipe's bundled networks, what kind of place from a linear classifier of
colours and edges (training.describer), the rest from counting pixels. It knows ten kinds of scenes and no
objects; what it is not sure of it does not say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from genvc.types import Picture

from . import surroundings
from .colour_names import NAMES
from .detector import Body, Detector, Face, Found
from .representation import MAX_BOXES, UNITS, Box
from .scene_words import SCENES
from .surroundings import Surroundings

__all__ = ["PEOPLE_FEATURES", "Described", "SceneClassifier", "boxes", "describe", "evidence"]

PEOPLE_FEATURES: Final = 8
_SMILE: Final = 0.62  # mouth's width over the eyes' distance
_LARGE: Final = 0.12  # share of the picture's width that a face in a portrait has
_MATERIAL: Final = 0.12


@dataclass(frozen=True, slots=True)
class SceneClassifier:
    """A score for each of SCENES: weights @ (evidence - mean) / spread + bias; said from `sure` on.

    weights: (scenes, numbers). mean, spread: (numbers,). bias: (scenes,).
    """

    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]
    sure: float

    def scene(self, numbers: npt.NDArray[np.float64]) -> int | None:
        """The place in SCENES, None where none is likely enough."""
        scores = self.weights @ ((numbers - self.mean) / self.spread) + self.bias
        best = int(scores.argmax())
        return best if scores[best] >= self.sure else None


@dataclass(frozen=True, slots=True)
class Described:
    """sentence: the caption. details: further sentences, the most telling first. boxes: who is where."""

    sentence: str
    details: tuple[str, ...]
    boxes: tuple[Box, ...]

    @property
    def texts(self) -> list[str]:
        """What can be said, the longest first."""
        said = [self.sentence, *self.details]
        return [". ".join(said[:count]) for count in range(len(said), 0, -1)]


def describe(rgb: Picture, detector: Detector, classifier: SceneClassifier | None) -> Described:
    """Says what is in a picture of any size; without a classifier the kind of place is guessed by rules."""
    found = detector.look(rgb)
    around = surroundings.measured(rgb)
    scene = None if classifier is None else classifier.scene(evidence(found, around))
    return Described(sentence(found, around, scene), details(around), boxes(found))


def evidence(found: Found, around: Surroundings) -> npt.NDArray[np.float64]:
    """What the classifier sees: surroundings.FEATURES numbers, then PEOPLE_FEATURES."""
    largest = max(((f.right - f.left) * (f.bottom - f.top) for f in found.faces), default=0.0)
    body = found.body
    people = [
        min(len(found.faces), 4) / 2,
        len(found.faces) == 1,
        4 * largest,
        found.front,
        body is not None,
        body is not None and body.legs,
        body is not None and body.seated,
        body.bottom - body.top if body is not None else 0.0,
    ]
    return np.concatenate([surroundings.features(around), np.array(people, np.float64)])


def sentence(found: Found, around: Surroundings, scene: int | None) -> str:
    """The caption; scene: a place in SCENES, None where it is not known."""
    people = _people(found)
    if people == 1 and found.faces and found.faces[0].right - found.faces[0].left > _LARGE:
        return _portrait(found, around)
    if scene is not None:
        kind = SCENES[scene]
        return (kind.nobody, kind.one, kind.several)[min(people, 2)]
    where = _place(around)
    if people == 0:
        return _empty(around)
    who = ("a person", "a group of people")[people > 1]
    return f"{who} {_posture(found)} {where}"


def details(around: Surroundings) -> tuple[str, ...]:
    """Colours, materials and light, a sentence each."""
    said = []
    seen = [place for place in np.argsort(-around.colours) if around.colours[place] > 0.12][:3]
    if seen:
        said.append("mostly " + _listed([NAMES[place] for place in seen]))
    said.append(f"{_light(around)}, {_amount(around)} detail")
    left, right, top, bottom = around.sides
    if abs(left - right) > 40:
        said.append(f"brighter on the {'left' if left > right else 'right'}")
    elif abs(top - bottom) > 50:
        said.append(f"brighter at the {'top' if top > bottom else 'bottom'}")
    return tuple(said)


def boxes(found: Found) -> tuple[Box, ...]:
    """The body and the largest faces, in 1/32 of the picture."""
    seen: list[tuple[int, Body | Face]] = [] if found.body is None else [(0, found.body)]
    seen += [(1, face) for face in found.faces]
    placed: list[Box] = []
    for kind, one in seen:
        left, right = _span(one.left, one.right)
        top, bottom = _span(one.top, one.bottom)
        placed.append(Box(kind, left, top, right, bottom))
    return tuple(placed[:MAX_BOXES])


def _span(low: float, high: float) -> tuple[int, int]:
    first = min(UNITS - 1, max(0, int(low * UNITS)))
    return first, min(UNITS, max(first + 1, round(high * UNITS)))


def _people(found: Found) -> int:
    """None, one or several."""
    return min(2, max(len(found.faces), int(found.body is not None)))


def _portrait(found: Found, around: Surroundings) -> str:
    smiling = found.faces[0].smile > _SMILE
    lit = "in front of a " + _background(around)
    return f"a {'smiling ' if smiling else ''}person looking at the camera {lit}"


def _background(around: Surroundings) -> str:
    """By the upper corners."""
    corners = around.cells[0, 0] + around.cells[0, 2]
    return f"{NAMES[int(corners.argmax())]} background"


def _posture(found: Found) -> str:
    body = found.body
    if body is None:
        return "is"
    return "sitting" if body.seated else "standing"


def _place(around: Surroundings) -> str:
    share = around.materials
    if share["snow"] > 2 * _MATERIAL and around.brightness > 150:
        return "in the snow"
    if share["plants"] > _MATERIAL:
        return "in front of green trees" if share["sky"] < _MATERIAL else "on the grass under a blue sky"
    if share["water"] > _MATERIAL and share["sky"] + share["clouds"] > _MATERIAL:
        return "near the water"
    if share["sky"] + share["clouds"] > _MATERIAL:
        return "under the sky"
    return "in a dark room" if around.brightness < 70 else "in a room"


def _empty(around: Surroundings) -> str:
    share = around.materials
    open_air = share["sky"] + share["clouds"] > _MATERIAL
    if share["water"] > 1.5 * _MATERIAL and open_air:
        return "a body of water under the sky"
    if share["plants"] > 2 * _MATERIAL:
        return "a green field with trees under the sky" if open_air else "a close up of green plants"
    if open_air:
        return (
            "a building under a blue sky"
            if share["sky"] > share["clouds"]
            else "a building under a cloudy sky"
        )
    colour = NAMES[int(around.colours.argmax())]
    return f"a close up of {'an' if colour == 'orange' else 'a'} {colour} object on a table"


def _light(around: Surroundings) -> str:
    bright = "dark" if around.brightness < 75 else "bright" if around.brightness > 160 else "even"
    if around.contrast > 70:
        bright = "harsh"
    return f"{bright} {'warm ' if around.warmth > 25 else 'cold ' if around.warmth < -25 else ''}light"


def _amount(around: Surroundings) -> str:
    return "fine" if around.detail > 0.35 else "little" if around.detail < 0.1 else "some"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
