"""What a user can ask for of who paints: the generator, a flow after it, or a text-to-image model."""

from dataclasses import dataclass, fields
from typing import Any, Final

from genvc.errors import BadInput
from genvc.painter import MOST_STEPS, Painter

from .header import Repaint

__all__ = ["FLOW_STEPS", "NAMES", "Painting"]

_DECODERS: Final = ("generator", "flow", "diffusion")
# what of the other options goes with a decoder
_TAKEN: Final = {"flow": ("painter", "seed", "steps")}
_STEPS: Final = 20
FLOW_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Painting:
    """Options; None where nothing was said. decoder: "generator", "flow" or "diffusion".

    painter: a text-to-image model for `diffusers`, by its name on the hub, or of a flow the name of a model
    of genvc. controlnet: one for lines beside it. seed, steps: what it is run with. scheduler: of
    genvc.diffusion.SCHEDULERS. changed: the share of the noise that the texture layer's picture gets, 0.01 to
    1. caption: the prompt. Raises BadInput.
    """

    decoder: str | None = None
    painter: str | None = None
    controlnet: str | None = None
    seed: int | None = None
    steps: int | None = None
    scheduler: str | None = None
    changed: float | None = None
    caption: Any = None

    def __post_init__(self) -> None:
        if self.decoder not in (None, *_DECODERS):
            raise BadInput(
                f"codec 'conceptual': decoder is one of {', '.join(_DECODERS)}, not {self.decoder!r}"
            )
        for name in ("painter", "controlnet", "scheduler"):
            if not isinstance(getattr(self, name), str | None):
                raise BadInput(f"codec 'conceptual': {name} is a text, not {getattr(self, name)!r}")
        for name, kind, least, most in (
            ("seed", int, 0, 2**32 - 1),
            ("steps", int, 1, MOST_STEPS),
            ("changed", (int, float), 0.01, 1),
        ):
            value: Any = getattr(self, name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most
            ):
                raise BadInput(
                    f"codec 'conceptual': {name} is a number from {least} to {most}, not {value!r}"
                )
        if self.decoder != "diffusion":
            taken = _TAKEN.get(self.decoder or "", ())
            said = [name for name in NAMES[1:] if name not in taken and getattr(self, name) is not None]
            if said:
                fitting = "diffusion or decoder=flow" if said[0] in _TAKEN["flow"] else "diffusion"
                raise BadInput(f"codec 'conceptual': {said[0]} goes with decoder={fitting}")
        if self.decoder == "flow" and (self.steps or 1) > FLOW_STEPS:
            raise BadInput(f"codec 'conceptual': a flow takes at most {FLOW_STEPS} steps, not {self.steps}")

    def encoding(self) -> Repaint | None:
        """What a new stream is to say of who paints it; None for the generator. Raises BadInput."""
        return self._over(None) if self.decoder == "diffusion" else None

    def decoding(self, said: Repaint | None) -> Repaint | None:
        """Who paints a stream that says that; None for the generator. Raises BadInput for no name."""
        if self.decoder in ("generator", "flow"):
            return None
        return said if self.decoder is None else self._over(said)

    def _over(self, said: Repaint | None) -> Repaint:
        """What was asked for, and what a stream says of all else."""
        old = None if said is None else said.painter
        name = self.painter or (old.name if old is not None else "")
        if not name:
            raise BadInput(
                "decoder=diffusion needs a text-to-image model, and the stream names none: "
                "--option painter=OWNER/NAME"
            )
        beside = old is not None and self.painter in (None, old.name)
        painter = Painter(
            name,
            _first(self.controlnet, old.controlnet if beside and old is not None else None, ""),
            _first(self.seed, None if old is None else old.seed, 0),
            _first(self.steps, None if old is None else old.steps, _STEPS),
        )
        changed = None if self.changed is None else round(100 * self.changed)
        return Repaint(
            painter,
            _first(self.scheduler, None if said is None else said.scheduler, "own"),
            _first(changed, None if said is None else said.changed, 50),
            _first(None if self.caption is None else str(self.caption), said and said.caption, ""),
        )


def _first(*values: Any) -> Any:
    """The first that is there."""
    return next(value for value in values if value is not None)


NAMES: Final = tuple(field.name for field in fields(Painting))
