"""Who is to paint what a stream describes: a text-to-image model by name, and how it is run.

painter = steps (1 byte), seed (4 bytes, highest first), length (1 byte) and name of the model, length and
          name of its controlnet, which may be empty
"""

import re
from dataclasses import dataclass

from .errors import BadInput, CorruptStream

__all__ = ["MOST_STEPS", "Painter", "pack", "unpack"]

MOST_STEPS = 200
_NAME = re.compile(r"[A-Za-z0-9._-]{1,96}(/[A-Za-z0-9._-]{1,96})?")
_SEED_BYTES = 4


@dataclass(frozen=True, slots=True)
class Painter:
    """A text-to-image model by its name on the hub, its controlnet's name or "", and how to run it.

    seed: 0 to 2^32 - 1. steps: 1 to 200. Raises BadInput for what is no name.
    """

    name: str
    controlnet: str
    seed: int
    steps: int

    def __post_init__(self) -> None:
        for name in (self.name, self.controlnet):
            if name and (not _NAME.fullmatch(name) or ".." in name):
                raise BadInput(f"a model on the hub is named OWNER/NAME, not {name!r}")


def pack(painter: Painter) -> bytes:
    """The bytes that name a painter."""
    names = b"".join(bytes([len(name)]) + name.encode("ascii") for name in (painter.name, painter.controlnet))
    return bytes([painter.steps]) + painter.seed.to_bytes(_SEED_BYTES, "big") + names


def unpack(data: bytes, at: int, what: str) -> tuple[Painter, int]:
    """The painter named at that place, and the place after it. what: whose bytes these are, for errors.

    Raises CorruptStream.
    """
    try:
        steps, seed, place = data[at], int.from_bytes(data[at + 1 : at + 1 + _SEED_BYTES], "big"), at + 5
        names = []
        for _ in range(2):
            end = place + 1 + data[place]
            if end > len(data):
                raise IndexError
            names.append(data[place + 1 : end].decode("ascii"))
            place = end
        if not names[0] or not 1 <= steps <= MOST_STEPS:
            raise ValueError
        return Painter(names[0], names[1], seed, steps), place
    except (IndexError, ValueError, BadInput) as error:
        raise CorruptStream(f"{what} does not say who paints") from error
