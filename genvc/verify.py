"""Whether this machine decodes the stored streams as the machine did that made them.

A stored stream is NAME.gvc with NAME.json beside it: `integers`, the hash of all that its exact half decodes
(a codec's method of that name), and `limits`, how far pixels may be off: root of the mean square and largest,
in steps of 255. The pictures to compare with are NAME-last.png, the last one, and NAME-small.png, the means
of 8x8 pixels of all of them side by side; whichever there is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from . import container, media
from .codec import create
from .errors import BadInput, CodecNotFound, GenvcError, ModelNotFound
from .types import Frame, Picture

__all__ = ["Verdict", "golden_streams", "verify"]

_BLOCK = 8
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one stream. name: folder and name. state: left out where its codec or its model is not here.

    integers: whether they are the same, None where the codec has no hash of them. pixels: for "last" and
    "small" the root of the mean square and the largest difference. words: what is wrong, or why not checked.
    """

    name: str
    state: Literal["same", "differs", "left out"]
    frames: int = 0
    integers: bool | None = None
    pixels: dict[str, tuple[float, float]] = field(default_factory=dict)
    words: str = ""


def golden_streams() -> Path:
    """The folder of stored streams: of the installed package, or of the repository that it runs from."""
    for folder in (_HERE / "golden", _HERE.parent / "tests" / "golden"):
        if folder.is_dir():
            return folder
    raise BadInput("the stored streams did not come along with this installation; name their folder")


def verify(folder: Path | None = None, device: str = "cpu") -> Iterator[Verdict]:
    """One verdict a stream of the folder or of those below it, as it is found; by default the stored streams.

    device: of the free half. Raises BadInput where there are no streams.
    """
    place = golden_streams() if folder is None else folder
    streams = sorted(path for path in place.rglob("*.gvc") if path.with_suffix(".json").is_file())
    if not streams:
        raise BadInput(f"no stored streams (NAME.gvc and NAME.json) in '{place}'")
    for path in streams:
        name = path.relative_to(place).with_suffix("").as_posix()
        try:
            yield _verdict(name, path, _facts(path.with_suffix(".json")), device)
        except (CodecNotFound, ModelNotFound) as error:
            yield Verdict(name, "left out", words=str(error))
        except GenvcError as error:
            yield Verdict(name, "differs", words=str(error))


def _facts(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        limits = found.get("limits", {})
        if all(len([float(one) for one in pair]) == 2 for pair in limits.values()):
            return {"integers": found.get("integers"), "limits": limits}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}") from error
    raise BadInput(f"the limits in {path.name} are not pairs of numbers")


def _verdict(name: str, path: Path, facts: dict[str, Any], device: str) -> Verdict:
    info, packets = container.read(path, verify=True)
    held = [packet for packet in packets if packet.track == 0]
    codec = create(info.codec, info.model, device)
    same = None
    if facts["integers"] is not None and hasattr(codec, "integers"):
        same = codec.integers(held, info) == facts["integers"]
    measured = _Measured(path, facts["limits"])
    for frame in codec.decode(held, info):
        measured.see(frame)
    faults = ["other integers"] * (same is False) + measured.faults(len(held))
    state: Literal["same", "differs"] = "differs" if faults else "same"
    return Verdict(name, state, measured.frames, same, measured.off, "; ".join(faults))


class _Measured:
    """How far the pictures of one stream are from the stored ones."""

    def __init__(self, path: Path, limits: dict[str, Any]) -> None:
        self.limits = limits
        self.stored = {kind: _stored(path.with_name(f"{path.stem}-{kind}.png")) for kind in limits}
        self.frames = 0
        self.means: list[np.ndarray[Any, Any]] = []
        self.last: Picture | None = None

    def see(self, frame: Frame) -> None:
        high, wide = (size // _BLOCK for size in frame.rgb.shape[:2])
        blocks = frame.rgb[: high * _BLOCK, : wide * _BLOCK].reshape(high, _BLOCK, wide, _BLOCK, 3)
        self.means.append(np.rint(blocks.mean((1, 3))))
        self.last = frame.rgb
        self.frames += 1

    @property
    def off(self) -> dict[str, tuple[float, float]]:
        """Of what is stored and of the same size."""
        shown = {} if self.last is None else {"last": self.last, "small": np.concatenate(self.means, 1)}
        return {
            kind: _off(shown[kind], stored)
            for kind, stored in self.stored.items()
            if stored is not None and kind in shown and shown[kind].shape == stored.shape
        }

    def faults(self, wanted: int) -> list[str]:
        """What is beyond its limit; wanted: how many pictures there have to be."""
        found = [f"{self.frames} pictures instead of {wanted}"] * (self.frames != wanted)
        off = self.off
        for kind, stored in self.stored.items():
            if stored is not None and kind not in off:
                found.append(f"'{kind}' is of another size")
            elif kind in off:
                (rms, peak), (most_rms, most_peak) = off[kind], self.limits[kind]
                if rms > most_rms or peak > most_peak:
                    found.append(f"pixels of '{kind}' beyond {most_rms:g} and {most_peak:g}")
        return found


def _stored(path: Path) -> Picture | None:
    return next(iter(media.frames(path)[1])).rgb if path.is_file() else None


def _off(one: Any, other: Any) -> tuple[float, float]:
    error = one.astype(np.float64) - other
    return round(float(np.sqrt(np.square(error).mean())), 4), round(float(np.abs(error).max()), 4)
