"""The codec registry: installed codecs by name, found through entry points and loaded when asked for."""

from typing import TYPE_CHECKING, Any, TypedDict

from .plugins import CODECS, codec_entry, installed

if TYPE_CHECKING:
    from .types import Codec

__all__ = ["codec_names", "create", "marks"]


def codec_names() -> list[str]:
    """Names of the installed codecs, sorted; loads none of them."""
    return list(installed(CODECS))


def create(name: str, model: str = "", device: str = "auto", **options: Any) -> "Codec":
    """The codec of that name, ready to encode and decode.

    model: "" for the default, a model's name, or "name@sha8" as streams say it. device: "auto",
    "cpu", "cuda", ... options: the codec's own; an option that it does not have is BadInput.
    Raises CodecNotFound, ModelNotFound, BadInput, Unsupported.
    """
    codec: Codec = codec_entry(name).load()(model=model, device=device, **options)
    return codec


class Marks(TypedDict):
    """Arguments of container.write()."""

    generated: bool
    short: bool


def marks(codec: "Codec") -> Marks:
    """What container.write() is told of a codec: pictures are `generated`, the `short` form will do."""
    return {
        "generated": bool(getattr(codec, "generative", False)),
        "short": bool(getattr(codec, "short", False)),
    }
