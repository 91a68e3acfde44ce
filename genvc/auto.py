"""The codec `auto`: each group of pictures by the codec that shows it best for its bytes.

A group is coded by every codec in question, decoded again, and compared with what it should show; it is
known by what it takes, not by what it is taken for. Where the best one shows a picture much worse than
another does, the halves of the group are tried as groups of their own. Codecs are known by name only.
"""

import hashlib
import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from . import inner
from .codec import create as create_codec
from .errors import BadInput, CorruptStream, ModelNotFound, Notice, Unsupported
from .groups import grouped
from .options import check_number, check_whole
from .types import Codec, Frame, Packet, StreamInfo
from .unlike import unlike

__all__ = ["Auto", "create"]

_VERSION = 1
_MEMBERS = ("keypoints", "predictive")
_MOST_MEMBERS = 8
# Seconds of a group at most, fewer at higher rates: what is shared within a group weighs more at low ones.
_SHORTEST, _LONGEST = 4.0, 11.5
_BUFFER_BYTES = 1 << 28
# What twice the bytes are worth, and a change of the codec costs, in the unit of unlike().
_DOUBLE, _CHANGE = 0.08, 0.01
_WORST = 0.3  # share of a group's worst pictures in what it loses
# By how much a picture may be worse than by another codec, in the same unit, before it counts once more.
_ALLOWED = 0.05
_FEWEST = 8  # pictures of half a group
_JUDGED = 40  # pictures of a group that are looked at
_HEADER_BYTES = 120
_GROUP_BYTES, _PACKET_BYTES = 14, 1.02


def create(model: str = "", device: str = "auto", **options: Any) -> Codec:
    """The codec; options are those of Auto. Raises BadInput for others, ModelNotFound for any model."""
    if model:
        raise ModelNotFound(f"codec 'auto' has no models, so no '{model}'")
    known = ("bitrate", "quality", "codecs", "seconds")
    for name in options:
        if name not in known:
            raise BadInput(f"codec 'auto' has no option '{name}'; it has: {', '.join(known)}")
    return Auto(device, **options)


class Auto:
    """At a bit rate, or at a quality that is handed on to each codec; one of the two."""

    def __init__(
        self,
        device: str,
        bitrate: float | None = None,
        quality: int | None = None,
        codecs: str = ",".join(_MEMBERS),
        seconds: float = 0.0,
    ) -> None:
        """bitrate: bit/s of the whole file. quality: 0 to 100, 50 if nothing is said. codecs: their names
        with commas between, NAME:MODEL for another model. seconds: of a group; 0 leaves it to the rate.
        """
        if bitrate is not None and quality is not None:
            raise BadInput("codec 'auto' takes a bitrate or a quality, not both")
        check_number("auto", "bitrate", bitrate, 100, 1e9)
        check_whole("auto", "quality", quality, 0, 100)
        check_number("auto", "seconds", seconds, 0, 60, needed=True)
        if not isinstance(codecs, str):
            raise BadInput(f"codec 'auto': codecs are names with commas between, not {codecs!r}")
        self.members = [name.strip() for name in codecs.split(",") if name.strip()]
        names = [member.partition(":")[0] for member in self.members]
        if not 1 <= len(names) <= _MOST_MEMBERS or "auto" in names or len(set(self.members)) < len(names):
            raise BadInput(f"codec 'auto' takes 1 to {_MOST_MEMBERS} other codecs, each once, not {codecs!r}")
        self.device = device
        self.bitrate, self.seconds = bitrate, seconds
        self.quality = 50 if quality is None else quality

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; codecs that do not take the size are left out. Raises Unsupported if none does."""
        found, words = b"", []
        count = 0
        for member in self.members:
            try:
                stream = self._made(member, self.bitrate).describe(width, height, fps)
                found += inner.pack(inner.Inner(stream.codec, stream.model, stream.params))
                count += 1
            except Unsupported as error:
                words.append(str(error))
        if not count:
            raise Unsupported("; ".join(words))
        return StreamInfo("auto", "", width, height, fps, bytes([_VERSION, count]) + found)

    @property
    def generative(self) -> bool:
        """Whether one of the codecs paints what it was not sent."""
        return any(getattr(self._made(member, None), "generative", False) for member in self.members)

    def _made(self, member: str, bitrate: float | None) -> Codec:
        name, _, model = member.partition(":")
        options: dict[str, Any] = {"quality": self.quality} if bitrate is None else {"bitrate": bitrate}
        return create_codec(name, model=model, device=self.device, **options)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One packet a frame, group by group."""
        inside = _inside(info)
        last, count = -1, 0
        carry = -float(_HEADER_BYTES)
        for group in grouped(_checked(frames, info), self._group_frames(info)):
            due = np.inf if self.bitrate is None else self.bitrate / 8 * len(group) / float(info.fps)
            budget = due if self.bitrate is None else due + float(np.clip(carry, -0.2 * due, 0.2 * due))
            best = self._best(group, inside, info, budget, last)
            if self.bitrate is not None:
                carry += due - best.bytes
            last = best.numbers[-1]
            count += len(group)
            yield from best.packets
        self._explain(carry, count / float(info.fps))

    def _best(
        self, group: list[Frame], inside: list[StreamInfo], info: StreamInfo, budget: float, last: int
    ) -> "_Tried":
        """The group by one codec, or its halves by one each. last: the codec of the group before."""
        every = max(1, len(group) // _JUDGED)
        places = [*range(0, len(group) - 1, every), len(group) - 1]

        def offers(part: list[Frame], budget: float, places: list[int]) -> list[_Tried]:
            return [self._tried(part, n, one, info, budget, places) for n, one in enumerate(inside)]

        whole = offers(group, budget, places)
        # the best that each picture is shown by one codec
        bound = [min(losses) for losses in zip(*(one.losses for one in whole), strict=True)]
        best = _chosen(whole, bound, budget, last)
        middle = len(group) // 2
        if best.beyond(bound) <= 0 or middle < _FEWEST:
            return best
        share = budget * middle / len(group)
        here = [place for place in places if place < middle]
        there = [place - middle for place in places if place >= middle]
        first = _chosen(offers(group[:middle], share, here), bound[: len(here)], share, last)
        share = budget - share if math.isfinite(budget) else budget
        rest = offers(group[middle:], share, there)
        second = _chosen(rest, bound[len(here) :], share, first.numbers[-1])
        return _chosen([best, first.followed(second)], bound, budget, last)

    def _explain(self, carry: float, seconds: float) -> None:
        """Say so when the stream is more than a tenth off its rate."""
        if self.bitrate is None or not seconds:
            return
        due = self.bitrate / 8 * seconds
        if abs(carry) > 0.1 * due:
            found = 8 * (due - carry) / seconds / 1000
            warnings.warn(
                f"{found:.2f} kbit/s instead of {self.bitrate / 1000:.2f}: none of "
                f"{', '.join(self.members)} comes nearer with this content",
                Notice,
                stacklevel=2,
            )

    def _group_frames(self, info: StreamInfo) -> int:
        seconds = self.seconds or _LONGEST
        if not self.seconds and self.bitrate:
            seconds = float(np.clip(_LONGEST * 8000 / self.bitrate, _SHORTEST, _LONGEST))
        room = _BUFFER_BYTES // (info.width * info.height * 3)
        return int(max(1, min(round(seconds * float(info.fps)), room)))

    def _tried(
        self,
        group: list[Frame],
        number: int,
        stream: StreamInfo,
        info: StreamInfo,
        budget: float,
        places: list[int],
    ) -> "_Tried":
        """places: of the pictures that are looked at."""
        bitrate = None if not np.isfinite(budget) else max(100.0, budget * 8 * float(info.fps) / len(group))
        member = f"{stream.codec}:{stream.model}" if stream.model else stream.codec
        codec = self._made(member, bitrate)
        with warnings.catch_warnings():
            # what a codec remarks on a group that another may take
            warnings.simplefilter("ignore", Notice)
            packets = list(codec.encode(group, stream))
        losses = [
            unlike(frame.rgb, shown.rgb)
            for place, (frame, shown) in enumerate(zip(group, codec.decode(packets, stream), strict=True))
            if place in places
        ]
        mark = bytes([number])
        marked = [
            replace(packet, payload=mark + packet.payload) if packet.key else packet for packet in packets
        ]
        size = sum(len(packet.payload) + _PACKET_BYTES + _GROUP_BYTES * packet.key for packet in marked)
        return _Tried((number,), marked, size, losses)

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0; raises CorruptStream."""
        for codec, run, stream in self._runs(packets, info):
            yield from codec.decode(run, stream)

    def integers(self, packets: Iterable[Packet], info: StreamInfo) -> str:
        """SHA-256 of each codec's own, and of payloads where it has none; raises CorruptStream."""
        found = hashlib.sha256()
        for codec, run, stream in self._runs(packets, info):
            found.update(stream.codec.encode() + b"\0")
            exact = getattr(codec, "integers", None)
            if exact is not None:
                found.update(exact(run, stream).encode())
                continue
            for packet in run:
                found.update(hashlib.sha256(packet.payload).digest())
        return found.hexdigest()

    def _runs(
        self, packets: Iterable[Packet], info: StreamInfo
    ) -> Iterator[tuple[Codec, Iterator[Packet], StreamInfo]]:
        """Packets that one codec wrote, as long as it is the same one."""
        inside = _inside(info)
        made: dict[int, Codec] = {}
        for number, run in groupby(_marked(packets, len(inside)), key=lambda one: one[0]):
            stream = inside[number]
            if number not in made:
                made[number] = create_codec(stream.codec, model=stream.model, device=self.device)
            yield made[number], (packet for _, packet in run), stream


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """Pictures as they are coded. numbers: of the codec of each group. losses: what some of them lose."""

    numbers: tuple[int, ...]
    packets: list[Packet]
    bytes: float
    losses: list[float]

    def followed(self, other: "_Tried") -> "_Tried":
        """This, and then the other."""
        numbers, packets = self.numbers + other.numbers, self.packets + other.packets
        return _Tried(numbers, packets, self.bytes + other.bytes, self.losses + other.losses)

    def loss(self, budget: float, least: float, last: int) -> float:
        """What the pictures lose, what the bytes are worth beside the budget's, or beside the least that one
        took, and changes of the codec, which was `last` before.
        """
        ordered = sorted(self.losses)
        worst = ordered[-max(1, len(ordered) // 20) :]
        pictures = (1 - _WORST) * float(np.mean(ordered)) + _WORST * float(np.mean(worst))
        beside = budget if math.isfinite(budget) else least
        changes = sum(one != other for one, other in pairwise((last, *self.numbers)))
        return pictures + _DOUBLE * float(np.clip(math.log2(self.bytes / beside), -1, 8)) + _CHANGE * changes

    def beyond(self, bound: list[float]) -> float:
        """By how much more than is allowed a picture is worse than its bound; 0 where none is."""
        most = max(mine - best for mine, best in zip(self.losses, bound, strict=True))
        return max(0.0, most - _ALLOWED)


def _chosen(offers: list[_Tried], bound: list[float], budget: float, last: int) -> _Tried:
    """The one that loses least. bound: what each picture loses where it is shown best."""
    least = min(one.bytes for one in offers)
    return min(offers, key=lambda one: one.loss(budget, least, last) + one.beyond(bound))


def _inside(info: StreamInfo) -> list[StreamInfo]:
    """The streams in question; raises CorruptStream, or Unsupported for packets of a later version."""
    if len(info.params) < 2:
        raise CorruptStream("the header of auto is cut short")
    if info.params[0] != _VERSION:
        raise Unsupported(f"packets of auto version {info.params[0]}; this genvc reads version {_VERSION}")
    found, at = [], 2
    if not 1 <= info.params[1] <= _MOST_MEMBERS:
        raise CorruptStream(f"the header of auto names {info.params[1]} codecs")
    for _ in range(info.params[1]):
        one, at = inner.unpack(info.params, at, "the header of auto")
        if one.codec == "auto":
            raise CorruptStream("the header of auto names auto inside itself")
        found.append(one.stream(info))
    if at != len(info.params):
        raise CorruptStream("the header of auto has bytes that mean nothing")
    return found


def _marked(packets: Iterable[Packet], count: int) -> Iterator[tuple[int, Packet]]:
    """Each picture's packet with the number of its codec, as that codec wrote it."""
    number = -1
    for packet in packets:
        if packet.track != 0:
            continue
        if packet.key:
            if not packet.payload or packet.payload[0] >= count:
                raise CorruptStream("a key packet names no codec of the stream")
            number = packet.payload[0]
            yield number, replace(packet, payload=packet.payload[1:])
        elif number < 0:
            raise CorruptStream("the stream does not begin with a key packet")
        else:
            yield number, packet


def _checked(frames: Iterable[Frame], info: StreamInfo) -> Iterator[Frame]:
    for frame in frames:
        if frame.rgb.shape != (info.height, info.width, 3):
            high, wide = frame.rgb.shape[:2]
            raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
        yield frame
