"""Editing a stream of key points without decoding its pictures: the integers are changed and written again.

What is read and written unchanged has the same bytes. Edits take moments and give moments, so they can follow
each other:

    moments = moments.read(packets, info, basis)
    packets = moments.write(edit.slowed(edit.frozen(moments), 2), info, basis)

What an edited stream shows of a person did not happen: say so where it is shown.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from genvc.errors import BadInput
from genvc.types import Picture, StreamInfo

from .detector import Points
from .moments import Moment
from .structure import POSE, FaceBasis, Integers, Structure
from .syntax import ReferenceRecord

__all__ = ["disguised", "frozen", "reposed", "slowed"]

_MOST_SLOW = 16
_MOST_TURN = 45.0


def reposed(
    moments: Iterable[Moment], basis: FaceBasis, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
) -> Iterator[Moment]:
    """The head turned, nodded and tilted by so many degrees, up to 45 each.

    The points say where the face is; hair and shoulders stay with the rest of the picture. Raises BadInput.
    """
    for name, value in (("yaw", yaw), ("pitch", pitch), ("roll", roll)):
        if not -_MOST_TURN <= value <= _MOST_TURN:
            raise BadInput(f"{name} is -{_MOST_TURN:g} to {_MOST_TURN:g} degrees, not {value:g}")
    turn = np.rint(np.radians([yaw, pitch, roll]) / basis.steps()[1:4]).astype(np.int64)
    for moment in moments:
        if moment.picture.structure is None:
            yield moment
            continue
        structure = moment.picture.structure.copy()
        structure[1:4] += turn
        yield replace(moment, picture=replace(moment.picture, structure=structure))


def frozen(moments: Iterable[Moment]) -> Iterator[Moment]:
    """The expression of each reference kept: the head moves, eyes and mouth do not."""
    held: dict[int, ReferenceRecord] = {}
    for moment in moments:
        if moment.key:
            held = {}
        if moment.reference is not None:
            held[moment.reference.slot] = moment.reference
        shown = moment.picture
        source = held.get(shown.slot)
        if shown.structure is not None and source is not None and source.structure is not None:
            structure = shown.structure.copy()
            structure[POSE:] = source.structure.motion[POSE:]
            shown = replace(shown, structure=structure)
        yield replace(moment, picture=shown)


def slowed(moments: Iterable[Moment], factor: int) -> Iterator[Moment]:
    """`factor` times as long, 2 to 16: between two pictures of one reference the numbers are interpolated.

    Raises BadInput.
    """
    if not 2 <= factor <= _MOST_SLOW:
        raise BadInput(f"slow motion is 2 to {_MOST_SLOW} times as long, not {factor}")
    before: Moment | None = None
    for moment in moments:
        if before is not None:
            for step in range(1, factor):
                yield _between(before, moment, step, factor)
        yield replace(moment, pts=moment.pts * factor)
        before = moment


def _between(before: Moment, after: Moment, step: int, factor: int) -> Moment:
    """The picture `step` of `factor` from one moment to the next; before a change of reference it rests."""
    share = step / factor
    shown = before.picture
    other = after.picture
    if not after.key and after.reference is None and other.slot == shown.slot:
        structure = shown.structure
        if structure is not None and other.structure is not None:
            structure = _mixed(structure, other.structure, share)
        shown = replace(shown, structure=structure, motion=_mixed(shown.motion, other.motion, share))
    return Moment(before.pts * factor + step * (after.pts - before.pts), False, shown)


def _mixed(one: Integers, other: Integers, share: float) -> Integers:
    found: Integers = np.rint(one + (other - one) * share).astype(np.int64)
    return found


def disguised(
    moments: Iterable[Moment],
    info: StreamInfo,
    basis: FaceBasis,
    face: Picture,
    points: Points,
    code: Callable[[Picture, int], bytes],
) -> Iterator[Moment]:
    """Every reference replaced by another face that moves as the one in the stream does.

    face: a picture, any size, and its points. code: a picture to bytes of the
    stream's key codec, at most so many if it can. The
    face is laid where each reference's face was, and what lies around it is its own. References without a
    face are painted grey: what they show may tell who it was. Raises BadInput.
    """
    short = min(info.width, info.height)
    grey = np.full((info.height, info.width, 3), 128, np.uint8)
    steps = basis.steps()
    for moment in moments:
        record = moment.reference
        if record is None:
            yield moment
            continue
        laid = grey
        if record.structure is not None:
            there = basis.points(record.structure, short)
            laid, now = _laid(face, points, there, info)
            pose, coefficients = basis.fit(now, short)
            own = np.rint(np.concatenate([pose, coefficients]) / steps).astype(np.int64)
            split = POSE + basis.expression
            record = replace(record, structure=Structure(own[:split], own[split:]))
        # texture codes are of the face that was there
        record = replace(record, scale=0, texture=None)
        yield replace(moment, reference=record, pixels=code(laid, len(moment.pixels)))


def _laid(face: Picture, points: Points, there: Points, info: StreamInfo) -> tuple[Picture, Points]:
    """The face's picture moved, turned in the plane and scaled to where another face was, and its points."""
    found: Any = cv2.estimateAffinePartial2D(
        points[:468, :2].astype(np.float32), there[:468, :2].astype(np.float32), method=cv2.LMEDS
    )[0]
    if found is None:
        raise BadInput("the face cannot be laid over that of the stream")
    picture: Any = cv2.warpAffine(
        face, found, (info.width, info.height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    now = points.copy()
    now[:, :2] = points[:, :2] @ found[:, :2].T + found[:, 2]
    now[:, 2] *= float(np.hypot(found[0, 0], found[1, 0]))
    return picture, now
