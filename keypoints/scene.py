"""From packets to scenes: which reference is shown, how it is moved, and where the face is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from genvc.codec import create as create_codec
from genvc.errors import CorruptStream
from genvc.types import Codec, Packet, StreamInfo

from .detector import Points
from .field import smooth_field, total_field
from .header import unpack
from .mesh import Field, Mesh
from .moments import read
from .motion import Grid
from .scale import resized, scaled_size
from .structure import FaceBasis, Integers, Structure
from .syntax import ReferenceRecord
from .warp import to_tensor

__all__ = ["Scene", "Shown", "scenes"]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A decoded reference. pixels: (1, 3, height, width), uint8. fields: (n, 2, high, wide), of one step
    each. points: of its face, if it shows one. bpp: bits that its pixels took, for each pixel of the picture.
    texture: codes of its parts, (parts, numbers), None for none.
    """

    pixels: torch.Tensor
    points: Points | None
    fields: "np.ndarray[Any, np.dtype[np.float64]]"
    bpp: float
    texture: Integers | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture to be shown: the reference seen through the field, (high, wide, 2) in pixels.

    points: of the face here, None where there is none. pts: as its packet says.
    """

    reference: Shown
    field: Field
    points: Points | None
    pts: int


def scenes(
    packets: Iterable[Packet], info: StreamInfo, basis: FaceBasis, mesh: Mesh, device: torch.device
) -> Iterator[Scene]:
    """One scene a packet, at once; raises CorruptStream."""
    key = unpack(info.params)
    codec = create_codec(key.codec, key.model, str(device))
    inner = key.stream(info)
    grid = Grid(info.width, info.height)
    short = min(info.width, info.height)
    shown: dict[int, Shown] = {}
    identity = np.zeros(basis.identity, np.int64)
    for moment in read(packets, info, basis):
        if moment.key:
            shown, identity = {}, np.zeros(basis.identity, np.int64)
        record, now = moment.reference, moment.picture
        if record is not None:
            points = None
            if record.structure is not None:
                identity = record.structure.identity
                points = basis.points(record.structure, short)
            shown[record.slot] = _shown(record, points, codec, moment.pixels, inner, grid, device)
        source = shown[now.slot]
        spectrum = np.tensordot(now.motion.astype(np.float64), source.fields, 1)
        field = smooth_field(grid, spectrum, info.width, info.height)
        points = None
        if now.structure is not None:
            points = basis.points(Structure(now.structure, identity), short)
        if points is not None and source.points is not None:
            field = total_field(field, mesh, points, source.points, info.width, info.height, now.parts)
        yield Scene(source, field, points, moment.pts)


def _shown(
    record: ReferenceRecord,
    points: Points | None,
    codec: Codec,
    pixels: bytes,
    inner: StreamInfo,
    grid: Grid,
    device: torch.device,
) -> Shown:
    width, height = scaled_size(inner.width, inner.height, record.scale)
    small = replace(inner, width=width, height=height)
    frame = next(iter(codec.decode([Packet(pixels, 0, True)], small)), None)
    if frame is None:
        raise CorruptStream("a reference picture holds no picture")
    return Shown(
        to_tensor(resized(frame.rgb, inner.width, inner.height), device),
        points,
        grid.fields(record.basis),
        8 * len(pixels) / (inner.width * inner.height),
        record.texture,
    )
