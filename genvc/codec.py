"""The codec registry: installed codecs by name, found through entry points and loaded when asked for."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import CodecNotFound, GenvcError
from .types import Codec

__all__ = ["codec_names", "create"]

GROUP = "genvc.codecs"


def installed(group: str) -> dict[str, EntryPoint]:
    """Entry points of one plug-in group by name; two packages that claim one name are an error.

    Raises GenvcError when a name is claimed twice. An entry that is listed twice with the same
    target (a package that lies on the path twice) counts once.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise GenvcError(
                f"two installed packages bring a {group.split('.')[-1].rstrip('s')} '{point.name}': "
                f"{other.value} and {point.value}; uninstall one"
            )
        found[point.name] = point
    return dict(sorted(found.items()))


def codec_names() -> list[str]:
    """Names of the installed codecs, sorted; loads none of them."""
    return list(installed(GROUP))


def create(name: str, model: str = "", device: str = "auto", **options: Any) -> Codec:
    """The codec of that name, ready to encode and decode.

    model: "" for the default, a model's name, or "name@sha8" as streams say it. device: "auto",
    "cpu", "cuda", ... options: the codec's own; an option that it does not have is BadInput.
    Raises CodecNotFound, ModelNotFound, BadInput, Unsupported.
    """
    points = installed(GROUP)
    if name not in points:
        raise CodecNotFound(f"no codec '{name}'; installed: {', '.join(points) or 'none'}")
    codec: Codec = points[name].load()(model=model, device=device, **options)
    return codec
