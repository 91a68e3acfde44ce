"""The codec `predictive`: a learned I/P/B video codec, and a still picture codec."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from torch import Tensor

from ..errors import BadInput, CorruptStream, Unsupported
from ..learned.quality import GRADES, grade_of
from ..options import check_number, check_whole
from ..types import Frame, Packet, StreamInfo
from .gop import GOPS, Role, between, chained, cycle, roles_between
from .model import Reference
from .networks import BETWEEN, INTRA, Made, Networks, kind_of
from .rate import Rate

__all__ = ["EYE", "MODEL", "Predictive"]

MODEL, EYE = "predictive-mse", "predictive-lpips"
_VERSION = 1
# pictures of low delay, and those that gradients are of or that wait between others, up to 17 at a time
_PIXELS, _PIXELS_HELD = 1 << 24, 1 << 22
# Below so many bits a pixel, or so high a quality, what the eye sees and what squared error sees part.
_EYE_BPP, _EYE_QUALITY = 0.1, 45.0
# A predicted picture of more than this part of the key picture's bytes may be of another scene.
_STRANGE = 0.5


class Predictive:
    """An object holds networks and settings; any number of streams at once."""

    def __init__(
        self,
        networks: Callable[[str], Networks],
        models: tuple[str, str],
        quality: float | None = None,
        bitrate: float | None = None,
        bytes: int | None = None,
        gop: str = "ld",
        period: int = 0,
        effort: int = 0,
    ) -> None:
        """networks: of a model's full name. models: such names, for squared error and for the eye; a stream
        of less than 0.1 bit a pixel (of a quality below 45 where no rate is given) takes the second one.

        quality: 0 (smallest) to 100. bitrate: bit/s, the container's share included. bytes: at most so
        many a picture, all of them intra. At most one of the three. gop: "ld" (low delay: a picture decodes
        with the packets up to its own), "ra" (random access: groups of 8 with pictures between others) or
        "ra16". period: pictures from one intra picture to the next; 0 for one only where the scene changes.
        effort: steps in which the encoder improves the numbers of each picture for what the decoder makes
        of them, 0 to 1000.
        """
        given = {"quality": quality, "bitrate": bitrate, "bytes": bytes}
        chosen = [name for name, value in given.items() if value is not None]
        if len(chosen) > 1:
            raise BadInput(
                f"codec 'predictive' takes one of quality, bitrate and bytes, not {' and '.join(chosen)}"
            )
        check_number("predictive", "quality", quality, 0, 100)
        check_number("predictive", "bitrate", bitrate, 1, 1e9)
        check_whole("predictive", "bytes", bytes, 16, 1 << 24)
        check_whole("predictive", "period", period, 0, 1 << 20)
        check_whole("predictive", "effort", effort, 0, 1000)
        if gop not in GOPS:
            raise BadInput(f"codec 'predictive': gop is one of {', '.join(GOPS)}, not {gop!r}")
        self.networks = networks
        self.models = models
        self.mini = GOPS[gop]
        self.effort = effort
        self.quality = quality
        self.grade = grade_of(50 if quality is None else quality)
        self.bitrate, self.bytes = bitrate, bytes
        self.period = 1 if bytes is not None else period

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for more than 2^24 pixels, or 2^22 with effort or a gop not "ld"."""
        from ..media.limits import check_size

        check_size(width, height)
        most, why = _most(self.mini), ""
        if self.effort or self.mini > 1:
            most, why = _PIXELS_HELD, " with effort or pictures between others"
        if width * height > most:
            raise Unsupported(
                f"codec 'predictive' takes pictures of up to {most} pixels{why}, not {width}x{height}"
            )
        model = self._model(width * height, fps)
        return StreamInfo("predictive", model, width, height, fps, bytes([_VERSION, self.mini]))

    def _model(self, pixels: int, fps: Fraction) -> str:
        if self.bitrate is not None:
            eye = self.bitrate / float(fps) / pixels < _EYE_BPP
        elif self.bytes is not None:
            eye = 8 * self.bytes / pixels < _EYE_BPP
        else:
            eye = self.quality is not None and self.quality < _EYE_QUALITY
        return self.models[eye]

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """One packet for each frame, low delay at once; raises BadInput for a frame of another size."""
        coding = _Coding(self, info)
        waiting: list[Frame] = []
        for frame in frames:
            if frame.rgb.shape != (info.height, info.width, 3):
                high, wide = frame.rgb.shape[:2]
                raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
            waiting.append(frame)
            if len(waiting) >= coding.wanted():
                yield from coding.code(waiting)
                waiting = []
        if waiting:
            yield from coding.code(waiting)
        if coding.rate is not None:
            coding.rate.explain()

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """One frame for each packet of track 0, low delay at once; raises CorruptStream."""
        return self._decode(packets, info)

    def integers(self, packets: Iterable[Packet], info: StreamInfo) -> str:
        """SHA-256 of all latents (in steps of 1/256) as they are read; raises CorruptStream."""
        found = hashlib.sha256()

        def seen(latents: Tensor) -> None:
            found.update((latents * 256).round().numpy().astype("<i4").tobytes())

        for _ in self._decode(packets, info, seen):
            pass
        return found.hexdigest()

    def _decode(
        self, packets: Iterable[Packet], info: StreamInfo, seen: Callable[[Tensor], None] | None = None
    ) -> Iterator[Frame]:
        if len(info.params) != 2 or info.params[0] != _VERSION or info.params[1] not in GOPS.values():
            raise CorruptStream("the stream's parameters are not those of a predictive stream")
        if info.width * info.height > _most(info.params[1]):
            raise CorruptStream(f"a predictive stream of {info.width}x{info.height} is not possible")
        decoding = _Decoding(self.networks(info.model), info, seen)
        for packet in packets:
            if packet.track == 0:
                yield from decoding.take(packet)
        yield from decoding.rest()


class _Coding:
    """One stream's encoder."""

    def __init__(self, codec: Predictive, info: StreamInfo) -> None:
        self.codec = codec
        self.networks = codec.networks(info.model)
        self.rate = Rate(codec.bitrate, info.fps, codec.period) if codec.bitrate is not None else None
        self.last: Made | None = None
        self.since = self.key_bytes = 0

    def wanted(self) -> int:
        """How many pictures the next code() takes."""
        period = self.codec.period
        if self.last is None or (period > 0 and self.since >= period):
            return 1
        return min(self.codec.mini, period - self.since) if period > 0 else self.codec.mini

    def code(self, frames: list[Frame]) -> Iterator[Packet]:
        """Pictures that follow each other, the last one first; where the scene changes, piece by piece."""
        *middle, end = frames
        if self.last is None or (self.codec.period > 0 and self.since >= self.codec.period):
            yield self._key(frames[0])
            if frames[1:]:
                yield from self.code(frames[1:])
            return
        role = chained(self.since + len(middle), self.codec.mini)
        if self.codec.mini == 1:
            base = self._base(cycle(self.since))
        else:
            base = self._base([role, *roles_between(len(middle))])
        grade = _lower(base, role)
        made = self.networks.encode_predicted(end.rgb, grade, self.last, self.codec.effort)
        if len(made.payload) > _STRANGE * self.key_bytes:
            other = self.networks.encode_intra(end.rgb, grade)
            if other.cost < made.cost:
                if middle:
                    half = (len(frames) + 1) // 2
                    yield from self.code(frames[:half])
                    yield from self.code(frames[half:])
                else:
                    yield self._key(end)
                return
        yield self._packet(made, end, role)
        if middle:
            known = {0: self.last, len(frames): made}
            for number, low, high, role in between(len(middle)):
                frame = frames[number - 1]
                one = self.networks.encode_between(
                    frame.rgb, _lower(base, role), known[low], known[high], self.codec.effort
                )
                known[number] = one
                yield self._packet(one, frame, role)
        self.since += len(frames)
        self.last = made

    def _base(self, roles: list[Role]) -> float:
        return self.codec.grade if self.rate is None else self.rate.grade(roles)

    def _packet(self, made: Made, frame: Frame, role: Role) -> Packet:
        if self.rate is not None:
            self.rate.spent(made.payload, role)
        return Packet(made.payload, frame.pts)

    def _key(self, frame: Frame) -> Packet:
        effort = self.codec.effort

        def encode(grade: int) -> Made:
            return self.networks.encode_intra(frame.rgb, grade, effort)

        if self.codec.bytes is not None:
            made = _within(encode, self.codec.bytes)
        elif self.rate is None:
            made = encode(self.codec.grade)
        else:
            made = self.rate.key_picture(encode)
            self.rate.spent(made.payload, None)
        self.last, self.since, self.key_bytes = made, 1, len(made.payload)
        return Packet(made.payload, frame.pts, key=True)


class _Decoding:
    """One stream's decoder: it keeps the pictures between which others may come."""

    def __init__(self, networks: Networks, info: StreamInfo, seen: Callable[[Tensor], None] | None) -> None:
        self.networks = networks
        self.seen = seen
        self.size = (info.width, info.height)
        self.mini = info.params[1]
        self.known: dict[int, Reference] = {}  # by time
        self.anchor: int | None = None  # the time of the last one that is not between others
        self.ready: list[Frame] = []

    def take(self, packet: Packet) -> Iterator[Frame]:
        """Frames whose turn has come."""
        kind = kind_of(packet.payload)
        if kind == BETWEEN:
            self._between(packet)
            return
        if packet.key != (kind == INTRA):
            raise CorruptStream("a key packet does not hold an intra picture, or another packet does")
        before: dict[int, Reference] = {}
        if kind != INTRA:
            if self.anchor is None:
                raise CorruptStream("the stream starts with a predicted picture")
            if packet.pts <= self.anchor:
                raise CorruptStream("a predicted picture comes before the one that it starts from")
            before = {self.anchor: self.known[self.anchor]}
        found = self.networks.decode(packet.payload, *self.size, list(before.values()), self.seen)
        self.known = {packet.pts: found} | (before if self.mini > 1 else {})
        self.anchor = packet.pts
        yield from self.rest()
        self._show(packet, found)
        if self.mini == 1:
            yield from self.rest()

    def rest(self) -> Iterator[Frame]:
        """Frames that wait, in the order of their times."""
        ready, self.ready = self.ready, []
        yield from sorted(ready, key=lambda frame: frame.pts)

    def _between(self, packet: Packet) -> None:
        """Of the pictures known, those next to its time are where it starts from."""
        earlier = [pts for pts in self.known if pts < packet.pts]
        later = [pts for pts in self.known if pts > packet.pts]
        if not earlier or not later or packet.pts in self.known:
            raise CorruptStream("a picture does not lie between two others that are there")
        if len(self.known) > self.mini:
            raise CorruptStream(f"more than {self.mini - 1} pictures lie between two others")
        starts = (self.known[max(earlier)], self.known[min(later)])
        found = self.networks.decode(packet.payload, *self.size, starts, self.seen)
        self.known[packet.pts] = found
        self._show(packet, found)

    def _show(self, packet: Packet, found: Reference) -> None:
        self.ready.append(Frame(self.networks.rgb(found, *self.size), packet.pts))


def _most(mini: int) -> int:
    """Pixels of a picture, for groups of so many."""
    return _PIXELS if mini == 1 else _PIXELS_HELD


def _lower(base: float, role: Role) -> int:
    return max(0, min(GRADES - 1, round(base - role.coarser)))


def _within(encode: Callable[[int], Made], limit: int) -> Made:
    """The best picture of at most `limit` bytes; raises BadInput if the smallest one is larger."""
    low, high = 0, GRADES - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        made = encode(middle)
        if len(made.payload) <= limit:
            best, low = made, middle + 1
        else:
            high = middle - 1
    if best is None:
        raise BadInput(f"the smallest packet of this picture has {len(made.payload)} bytes, not {limit}")
    return best
