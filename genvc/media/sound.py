"""The sound of a clip as Opus packets, and back into a file beside its pictures.

Opus in one or two channels is passed through as it is; anything else becomes Opus in one channel at
BIT_RATE, in packets of 60 ms, because the container has three bytes for each.
"""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.container

from ..errors import BadInput, CorruptStream
from ..types import Packet
from .source import opened, reason

__all__ = ["BIT_RATE", "Sound", "SoundTrack", "Waiting", "sound_of"]

BIT_RATE = 16000
_RATE = 48000
_HEAD = b"OpusHead"


@dataclass(frozen=True, slots=True)
class Sound:
    """head: the OpusHead block (RFC 7845, section 5.1). rate: packets, the ticks of their pts, a second.
    packets: of track 1, from the time of the first frame on."""

    head: bytes
    rate: Fraction
    packets: Iterator[Packet]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Sound on its way into a file: packets are put in as they are met and taken out by the writer."""

    head: bytes
    rate: Fraction
    packets: deque[Packet]


def sound_of(source: str | os.PathLike[str]) -> Sound | None:
    """The first sound track of a media file, None when there is none (a picture, a silent clip).

    Raises BadInput for a pipe, which can be read only once, and for a file that cannot be read; the
    iterator raises it where the sound is damaged.
    """
    name = os.fspath(source)
    if name == "-":
        raise BadInput("sound cannot be taken from a pipe, which is read only once")
    container = opened(name)
    if container is None or not container.streams.audio:
        return None
    track = container.streams.audio[0]
    video = container.streams.video
    start = Fraction(0)
    if video and video[0].start_time is not None:
        start = video[0].start_time * Fraction(video[0].time_base)
    context = track.codec_context
    head = bytes(context.extradata or b"")
    first = next((packet for packet in container.demux(track) if packet.size), None)
    container.close()
    if first is None:
        return None
    if context.name in ("opus", "libopus") and head.startswith(_HEAD) and context.channels <= 2:
        rate = Fraction(_RATE, max(1, samples(bytes(first))))
        return Sound(head, rate, _ticked(_copied(name), start, rate))
    encoder = _encoder()
    rate = Fraction(_RATE, encoder.frame_size)
    return Sound(bytes(encoder.extradata), rate, _ticked(_encoded(name, encoder), start, rate))


class SoundTrack:
    """The sound track of a file that is being written."""

    def __init__(self, out: av.container.OutputContainer, waiting: Waiting) -> None:
        """Raises CorruptStream when what says how to play it is damaged."""
        if not waiting.head.startswith(_HEAD) or len(waiting.head) < 19 or waiting.head[9] not in (1, 2):
            raise CorruptStream("the sound track does not say how it is to be played")
        self._out = out
        self._waiting = waiting
        # An encoder that is never fed: it gives the track its head.
        self._track: Any = out.add_stream("libopus", rate=_RATE)
        self._track.codec_context.layout = "mono" if waiting.head[9] == 1 else "stereo"
        self._track.codec_context.format = "s16"

    def write(self) -> None:
        """Takes what is waiting."""
        while self._waiting.packets:
            packet = self._waiting.packets.popleft()
            made = av.Packet(packet.payload)
            made.pts = made.dts = round(packet.pts / self._waiting.rate * _RATE)
            made.duration = max(1, samples(packet.payload))
            made.time_base = Fraction(1, _RATE)
            made.stream = self._track
            self._out.mux(made)


def samples(packet: bytes) -> int:
    """How long an Opus packet plays, in samples of 1/48000 s, by its first bytes (RFC 6716, section 3.1)."""
    if not packet:
        return 0
    kind = packet[0] >> 3
    if kind < 12:
        one = (480, 960, 1920, 2880)[kind & 3]
    elif kind < 16:
        one = (480, 960)[kind & 1]
    else:
        one = (120, 240, 480, 960)[kind & 3]
    code = packet[0] & 3
    if code == 3:
        return one * (packet[1] & 63) if len(packet) > 1 else 0
    return one if code == 0 else 2 * one


def _encoder() -> Any:
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = _RATE, "mono", "s16"
    encoder.bit_rate = BIT_RATE
    encoder.time_base = Fraction(1, _RATE)
    encoder.options = {"frame_duration": "60"}
    encoder.open()
    return encoder


def _copied(name: str) -> Iterator[tuple[bytes, Fraction]]:
    """Payloads of a file's Opus track and their times in seconds."""
    for packet in _demuxed(name):
        if packet.size and packet.pts is not None:
            yield bytes(packet), packet.pts * Fraction(packet.time_base)


def _encoded(name: str, encoder: Any) -> Iterator[tuple[bytes, Fraction]]:
    """The same for any other track."""
    resampler = av.AudioResampler("s16", "mono", _RATE, encoder.frame_size)
    start: Fraction | None = None
    count = 0
    try:
        for packet in _demuxed(name):
            for frame in packet.decode():
                if start is None:
                    start = Fraction(frame.pts or 0) * Fraction(frame.time_base or 0)
                for part in resampler.resample(frame):
                    yield from _numbered(encoder, part, count, start)
                    count += part.samples
        for rest in [*resampler.resample(None), None]:
            yield from _numbered(encoder, rest, count, start or Fraction(0))
            count += rest.samples if rest is not None else 0
    except (av.error.FFmpegError, ValueError) as error:
        raise BadInput(f"the sound of '{name}' is damaged: {reason(error)}") from error


def _numbered(encoder: Any, part: Any, count: int, start: Fraction) -> Iterator[tuple[bytes, Fraction]]:
    if part is not None:
        # counted on: small jumps in the source's times would unsettle the encoder
        part.pts, part.time_base = count, Fraction(1, _RATE)
    for packet in encoder.encode(part):
        yield bytes(packet), start + Fraction(max(0, packet.pts or 0), _RATE)


def _demuxed(name: str) -> Iterator[Any]:
    container = opened(name)
    if container is None:
        return
    try:
        yield from container.demux(container.streams.audio[0])
    except av.error.EOFError:
        return
    except av.error.FFmpegError as error:
        raise BadInput(f"the sound of '{name}' is damaged: {reason(error)}") from error
    finally:
        container.close()


def _ticked(timed: Iterator[tuple[bytes, Fraction]], start: Fraction, rate: Fraction) -> Iterator[Packet]:
    """Packets whose pts is the nearest free tick; what plays before the first frame is left out."""
    last = -1
    for payload, time in timed:
        tick = round((time - start) * rate)
        if tick >= 0:
            last = max(last + 1, tick)
            yield Packet(payload, last, track=1)
