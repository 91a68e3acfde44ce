"""Installed plug-ins by name, found through entry points; nothing is imported until it is asked for."""

import ast
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from .errors import CodecNotFound, GenvcError

__all__ = ["CODECS", "COMMANDS", "NOTES", "TRAININGS", "codec_entry", "installed", "summary"]

CODECS = "genvc.codecs"
COMMANDS = "genvc.commands"
NOTES = "genvc.notes"
TRAININGS = "genvc.trainings"


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
                f"two installed packages bring a {group.rpartition('.')[2].rstrip('s')} '{point.name}': "
                f"{other.value} and {point.value}; uninstall one"
            )
        found[point.name] = point
    return dict(sorted(found.items()))


def codec_entry(name: str) -> EntryPoint:
    """The entry point of a codec; CodecNotFound, with the installed names, when there is none."""
    points = installed(CODECS)
    if name not in points:
        raise CodecNotFound(f"no codec '{name}'; installed: {', '.join(points) or 'none'}")
    return points[name]


def summary(point: EntryPoint) -> str:
    """One line about a plug-in: the first line of its module's docstring, without the name before a colon.

    The source is read, not run, so that a list of codecs does not import torch. "" where there is none.
    """
    try:
        spec = find_spec(point.module)
        if spec is None or spec.origin is None:
            return ""
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    except (ImportError, OSError, SyntaxError, ValueError):
        return ""
    first = (ast.get_docstring(tree) or "").split("\n")[0].rstrip(".")
    # "The codec `avif`: every frame ..." says the name, which stands beside it in a list.
    before, colon, rest = first.partition(": ")
    named = before == point.name or before.endswith(f"`{point.name}`")
    return rest if colon and named else first
