"""Kinds of scenes: the words that tell them in captions, and how a sentence speaks of them."""

from dataclasses import dataclass
from typing import Final

__all__ = ["SCENES", "Scene"]


@dataclass(frozen=True, slots=True)
class Scene:
    """words: any of them in a caption says that the picture is of this kind. nobody, one, several: a
    sentence for a picture that shows no people, one person, more people."""

    name: str
    words: frozenset[str]
    nobody: str
    one: str
    several: str


def _scene(name: str, words: str, nobody: str, one: str, several: str) -> Scene:
    return Scene(name, frozenset(words.split()), nobody, one, several)


SCENES: Final = (
    _scene(
        "food",
        "food plate plates pizza meal dish bowl salad sandwich vegetables cake dinner",
        "a plate of food on a table",
        "a person sitting at a table with a plate of food",
        "a group of people sitting at a table with food",
    ),
    _scene(
        "desk",
        "laptop computer desk keyboard monitor",
        "a laptop computer sitting on a desk",
        "a person sitting at a desk with a laptop",
        "a group of people sitting at a table with laptops",
    ),
    _scene(
        "kitchen",
        "kitchen stove refrigerator oven",
        "a kitchen with a stove and a refrigerator",
        "a person standing in a kitchen",
        "a group of people standing in a kitchen",
    ),
    _scene(
        "bathroom",
        "bathroom toilet sink",
        "a bathroom with a sink and a toilet",
        "a person standing in a bathroom",
        "people standing in a bathroom",
    ),
    _scene(
        "field",
        "field grass grazing pasture park",
        "an animal standing in a field of grass",
        "a person standing in a field of grass",
        "a group of people standing in a field of grass",
    ),
    _scene(
        "water",
        "water beach ocean lake river sea surf surfboard boat",
        "a body of water under the sky",
        "a person standing on a beach near the water",
        "a group of people standing on a beach near the water",
    ),
    _scene(
        "snow",
        "snow skis ski skiing snowy",
        "a mountain covered with snow",
        "a person on skis in the snow",
        "a group of people on skis in the snow",
    ),
    _scene(
        "sport",
        "baseball tennis soccer ball game player skateboard",
        "a person playing a game of ball on a field",
        "a person playing a game of ball on a field",
        "a group of people playing a game on a field",
    ),
    _scene(
        "room",
        "room bed couch living bedroom sofa chair",
        "a living room with a couch and a table",
        "a person sitting in a living room",
        "a group of people sitting in a living room",
    ),
    _scene(
        "traffic",
        "bus car cars train truck street road traffic",
        "a bus driving down a city street",
        "a person standing on a city street",
        "a group of people walking down a city street",
    ),
)
