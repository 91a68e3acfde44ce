"""What a user can ask the codec for."""

from dataclasses import dataclass, fields
from typing import Any

from genvc.errors import BadInput
from genvc.options import check_whole

from .representation import LAYERS, MAX_TEXT

__all__ = ["Options", "chosen"]

MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Options:
    """bytes: of a whole .gvc file that holds one picture, and of each scene of a video. layers: names out of
    representation.LAYERS with commas between, "text" among them or not. caption: the user's own words in
    place of the describer's. captioner: a captioning model for `transformers`, a folder or a name on the
    hub. painter: a text-to-image model for `diffusers`, by its name on the hub; controlnet: one for
    sketches beside it; seed, steps: what it is run with. Raises BadInput.
    """

    bytes: int = 500
    layers: str = ",".join(LAYERS)
    caption: str = ""
    captioner: str = ""
    painter: str = ""
    controlnet: str = ""
    seed: int = 0
    steps: int = 1

    def __post_init__(self) -> None:
        for name, least, most in (("bytes", 1, MOST_BYTES), ("seed", 0, 2**32 - 1), ("steps", 1, 200)):
            check_whole("crossmodal", name, getattr(self, name), least, most, needed=True)
        for name in ("layers", "captioner", "painter", "controlnet"):
            if not isinstance(getattr(self, name), str):
                raise BadInput(f"codec 'crossmodal': {name} is a text, not {getattr(self, name)!r}")
        if len(self.caption_text) > MAX_TEXT:
            raise BadInput(f"a caption has at most {MAX_TEXT} characters, not {len(self.caption_text)}")
        try:
            self.caption_text.encode()
        except UnicodeEncodeError as error:
            raise BadInput("the caption is no proper Unicode text") from error
        names = self.layer_names
        if not names or len(set(names)) < len(names) or any(name not in LAYERS for name in names):
            raise BadInput(f"codec 'crossmodal': layers are out of {','.join(LAYERS)}, not {self.layers!r}")
        if self.caption_text and "text" not in names:
            raise BadInput("codec 'crossmodal': a caption needs the layer text")
        if self.controlnet and not self.painter:
            raise BadInput("codec 'crossmodal': a controlnet needs a painter")

    @property
    def layer_names(self) -> list[str]:
        """The layers, in the order they were named."""
        return [name.strip() for name in self.layers.split(",") if name.strip()]

    @property
    def caption_text(self) -> str:
        """The caption; a command line may have taken it for a number."""
        return str(self.caption)


def chosen(options: dict[str, Any]) -> Options:
    """Options out of names and values; raises BadInput."""
    known = [field.name for field in fields(Options)]
    for name in options:
        if name not in known:
            raise BadInput(f"codec 'crossmodal' has no option '{name}'; it has: {', '.join(known)}")
    return Options(**options)
