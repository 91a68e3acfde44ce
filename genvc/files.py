"""Whole files: media to .gvc and back."""

import os
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from . import bounded, container, media
from .beside import unfinished
from .codec import create, marks
from .errors import BadInput, CorruptStream, Notice
from .plugins import codec_entry
from .types import Codec, Frame, Packet

__all__ = ["GENERATED", "Decoded", "Encoded", "decode_file", "encode_file"]

GENERATED = "generated: painted by a network, or edited"
"""The comment of .mp4 and .mkv files that were decoded from streams which are marked so."""

Progress = Callable[[int, int | None], None]
"""Called with the frames done so far and how many there will be, if that is known."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Encoded:
    """bytes: the whole file. payload_bytes: without the container. seconds: duration of the clip.
    took: wall-clock seconds, loading the codec left out."""

    bytes: int
    payload_bytes: int
    frames: int
    seconds: float
    took: float

    @property
    def kbps(self) -> float:
        """Kilobits per second of the whole file."""
        return self.bytes * 8 / 1000 / self.seconds

    @property
    def fps(self) -> float:
        """Frames encoded per second."""
        return self.frames / self.took


@dataclass(frozen=True, slots=True)
class Decoded:
    """frames: how many. took: wall-clock seconds, loading the codec left out, writing included.
    md5: the hash of the frames where that was asked for, else ""."""

    frames: int
    took: float
    md5: str = ""

    @property
    def fps(self) -> float:
        """Frames decoded (and written) per second."""
        return self.frames / self.took


def encode_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    codec: str,
    *,
    model: str = "",
    device: str = "auto",
    size: int | None = None,
    options: Mapping[str, Any] | None = None,
    audio: bool = False,
    most: Callable[[int], int] | None = None,
    passphrase: str | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Encodes a video, a picture, a folder of pictures or "-" into a .gvc file or "-".

    size: pixels of the short side to scale to first. options: the codec's own (bitrate in bit/s,
    quality 0 to 100, ...). audio: the sound too, as Opus on a side track; its bytes come on top of a
    bit rate. most: from the number of pixels to how many bytes the file of a single picture may have at
    most; options then name no rate. passphrase: encrypts the stream. The file appears when it is complete.
    Raises GenvcError.
    """
    codec_entry(codec)  # before anything slow
    _check_apart(source, target)
    info, frames = media.frames(source, size)
    if most is not None:
        if audio:
            raise BadInput("a file of so many bytes is one of a single picture, without sound")
        picture, frames = bounded.single(frames)
        chosen = bounded.options_within(codec, model, device, options, picture, info, most, passphrase)
        options = {**(options or {}), **chosen}
    made = create(codec, model, device, **(options or {}))
    header = made.describe(info.width, info.height, info.fps)
    span = _Span(header.fps)
    started = time.perf_counter()
    # packets are counted: a codec that looks ahead takes its frames long before it has done them
    packets: Iterable[Packet] = _counted(made.encode(span.over(frames), header), info.frames, progress)
    tracks = []
    sound = media.sound_of(source) if audio else None
    if sound is not None:
        tracks.append(container.Track("opus", sound.rate, sound.head))
        packets = _merged(packets, sound, header.fps)
    written = container.write(_sink(target), header, packets, tracks, passphrase=passphrase, **marks(made))
    took = time.perf_counter() - started
    return Encoded(written.bytes, written.payload_bytes, written.frames, span.seconds, took)


def decode_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | None,
    *,
    device: str = "auto",
    options: Mapping[str, Any] | None = None,
    salvage: bool = False,
    passphrase: str | None = None,
    progress: Progress | None = None,
) -> Decoded:
    """Decodes a .gvc file or "-" into any target of media.write, or with None into a hash.

    options: the codec's own. salvage: what is left of a file that was cut or damaged, or of the temporary one
    whose writer was killed. passphrase: of a stream that is encrypted. Raises GenvcError, CorruptStream among
    them; the target appears only when all of it was right.
    """
    if target is not None:
        media.check_target(os.fspath(target))
        _check_apart(source, target)
    name = os.fspath(source)
    rest = _left_of(name, passphrase) if salvage else None
    if rest is not None:
        stream = rest.stream
    else:
        stream = container.Reader(sys.stdin.buffer if name == "-" else Path(name), passphrase)
    try:
        if stream.encrypted and passphrase is None:
            raise BadInput("the stream is encrypted; it needs its passphrase")
        made = create(stream.info.codec, stream.info.model, device, **(options or {}))
        if stream.generated and target is not None:
            warnings.warn(
                "what is shown was painted by a network, or edited: say so where you show it",
                Notice,
                stacklevel=2,
            )
        sound = _sound(stream) if target is not None and media.holds_sound(os.fspath(target)) else None
        if rest is None:
            shown = made.decode(_pictures(stream.packets(verify=name != "-"), sound), stream.info)
        else:
            shown = _saved(made, rest, sound)
        started = time.perf_counter()
        span = _Span(stream.info.fps)
        frames = _counted(span.over(shown), None, progress)
        if target is None:
            md5 = media.md5(frames)
        else:
            md5 = ""
            media.write(target, frames, stream.info.fps, sound, GENERATED if stream.generated else "")
        return Decoded(span.frames, time.perf_counter() - started, md5)
    finally:
        stream.close()
        if rest is not None:
            rest.close()


def _check_apart(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Raises BadInput where the target is the source, which would be gone."""
    try:
        same = os.path.isfile(target) and os.path.samefile(source, target)
    except OSError:
        return  # the source is a pipe, or its reader says what is wrong with it
    if same:
        raise BadInput(f"'{os.fspath(target)}' cannot be read and written at once; name another target")


def _merged(packets: Iterable[Packet], sound: media.Sound, fps: Fraction) -> Iterator[Packet]:
    """Pictures and sound in one row, each before what comes later."""
    heard = next(sound.packets, None)
    for packet in packets:
        yield packet
        while heard is not None and heard.pts * fps <= packet.pts * sound.rate:
            yield heard
            heard = next(sound.packets, None)
    if heard is not None:
        yield heard
        yield from sound.packets


def _sound(stream: container.Reader) -> media.Waiting | None:
    """Room for the stream's sound, when it has any: the first side track, in Opus."""
    if not stream.tracks or stream.tracks[0].codec != "opus":
        return None
    return media.Waiting(stream.tracks[0].params, stream.tracks[0].rate, deque())


def _pictures(packets: Iterable[Packet], sound: media.Waiting | None) -> Iterator[Packet]:
    """The packets of track 0; sound is put aside for the writer, other tracks are passed over."""
    for packet in packets:
        if packet.track == 0:
            yield packet
        elif packet.track == 1 and sound is not None:
            sound.packets.append(packet)


def _left_of(name: str, passphrase: str | None) -> container.Salvage:
    """The file, or what a writer that was killed left beside it."""
    if name == "-":
        raise BadInput("what is left of a pipe cannot be saved; put it into a file first")
    if not os.path.exists(name) and (parts := unfinished(name)):
        warnings.warn(f"'{name}' was never finished; reading '{parts[0]}'", Notice, stacklevel=3)
        name = parts[0]
    return container.Salvage(Path(name), passphrase)


def _saved(made: Codec, rest: container.Salvage, sound: media.Waiting | None) -> Iterator[Frame]:
    """The frames of all groups that can be decoded; each seek point starts anew, whatever was before it."""
    groups = rest.groups()
    held = next(groups, None)
    faults = 0
    while held is not None:
        ended = False

        def packets() -> Iterator[Packet]:
            nonlocal held, ended
            while held is not None and not ended:
                yield from _pictures(held.packets, sound)
                held = next(groups, None)
                ended = held is None or held.seek_point

        try:
            yield from made.decode(packets(), rest.stream.info)
        except CorruptStream:
            faults += 1
            if not ended:
                held = next((group for group in groups if group.seek_point), None)
    if not rest.saved:
        raise CorruptStream("nothing can be saved: no group is whole")
    if not rest.whole or faults:
        words = f"saved what was left: {rest.checked} whole groups"
        words += ", and packets of one that was cut" * (rest.saved > rest.checked)
        words += f"; {faults} could not be shown to their end" * bool(faults)
        warnings.warn(words, Notice, stacklevel=2)


class _Span:
    """Counts frames and the time they span while they pass."""

    def __init__(self, fps: Fraction) -> None:
        self.fps = fps
        self.frames = 0
        self._first = self._last = 0

    def over(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if self.frames == 0:
                self._first = frame.pts
            self._last = frame.pts
            self.frames += 1
            yield frame

    @property
    def seconds(self) -> float:
        return float((self._last - self._first + 1) / self.fps)


def _counted(items: Iterable[_Item], total: int | None, progress: Progress | None) -> Iterator[_Item]:
    for done, item in enumerate(items, 1):
        yield item
        if progress is not None:
            progress(done, total)


def _sink(target: str | os.PathLike[str]) -> Path | BinaryIO:
    return sys.stdout.buffer if os.fspath(target) == "-" else Path(target)
