"""What a stream's header says to crossmodal alone: the version of its packets, and who is to paint them.

1 byte   version of the packets, 1
then     nothing, for the painter that comes along; or for a model of `diffusers`
         steps (1 byte), seed (4 bytes, highest first), length (1 byte) and name of the model, length and
         name of its controlnet
"""

import re
from dataclasses import dataclass

from genvc.errors import BadInput, CorruptStream, Unsupported

__all__ = ["VERSION", "Painter", "pack", "unpack"]

VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9._-]{1,96}(/[A-Za-z0-9._-]{1,96})?")
_SEED_BYTES = 4


@dataclass(frozen=True, slots=True)
class Painter:
    """A text-to-image model by its name on the hub, its controlnet's name or "", and how to run it."""

    name: str
    controlnet: str
    seed: int
    steps: int

    def __post_init__(self) -> None:
        for name in (self.name, self.controlnet):
            if name and (not _NAME.fullmatch(name) or ".." in name):
                raise BadInput(f"a model on the hub is named OWNER/NAME, not {name!r}")


def pack(painter: Painter | None) -> bytes:
    """The header's params."""
    if painter is None:
        return bytes([VERSION])
    names = b"".join(bytes([len(name)]) + name.encode("ascii") for name in (painter.name, painter.controlnet))
    return bytes([VERSION, painter.steps]) + painter.seed.to_bytes(_SEED_BYTES, "big") + names


def unpack(params: bytes) -> Painter | None:
    """The mirror of pack; raises CorruptStream, or Unsupported for packets of a later version."""
    if not params:
        raise CorruptStream("the header of crossmodal is empty")
    if params[0] != VERSION:
        raise Unsupported(f"packets of crossmodal version {params[0]}; this genvc reads version {VERSION}")
    if len(params) == 1:
        return None
    try:
        steps, seed, at = params[1], int.from_bytes(params[2:6], "big"), 6
        names = []
        for _ in range(2):
            end = at + 1 + params[at]
            if end > len(params):
                raise IndexError
            names.append(params[at + 1 : end].decode("ascii"))
            at = end
        if at != len(params) or not names[0] or steps == 0:
            raise ValueError
        return Painter(names[0], names[1], seed, steps)
    except (IndexError, ValueError, BadInput) as error:
        raise CorruptStream("the header of crossmodal does not say who paints") from error
