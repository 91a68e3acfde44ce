"""The three stages of a cell, each for a process of its own: encode, decode against the clock, measure."""

import hashlib
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor

from genvc import container
from genvc.codec import create, marks
from genvc.errors import BadInput, CorruptStream, GenvcError
from genvc.types import Codec, Frame, Packet, StreamInfo

from .clip import Clip
from .cost import Counted, parameters
from .metering import Metering, MetricSet
from .metrics import pictures_to_tensor
from .process import memory_mb, resident_mb
from .setting import parse_codec, parse_setting

__all__ = ["Measuring", "decode_stage", "encode_stage", "measure_stage"]

_BATCH_PIXELS = 1 << 20


def encode_stage(
    clip: Clip, codec: str, setting: str, by_name: bool, target: str, threads: int
) -> dict[str, Any]:
    """Encodes a clip into the .gvc file `target` and says what it took.

    codec: a name, perhaps with options: see parse_codec(). by_name: the codec looks for stored streams by
    the clip's name. bytes: the whole file, or for elementary codecs the packets. encode_seconds leaves out
    reading the clip, loading the codec and the search for a size. Raises GenvcError.
    """
    base = resident_mb()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    info, frames = clip.open()
    options: dict[str, Any] = parse_setting(setting).options(
        info.width, info.height, info.fps, picture=clip.picture
    )
    if by_name:
        options["clip"] = clip.path
    name, more = parse_codec(codec)
    made = create(name, **(options | more))
    header = made.describe(info.width, info.height, info.fps)
    search = getattr(made, "quantizer_for", None)
    if search is not None:
        count = sum(1 for _ in frames)
        found = search(lambda: clip.open()[1], header, count)
        if found is not None:
            made = create(name, **(more | {"quantizer": found}))
        frames = clip.open()[1]
    watched = _Watched(frames)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    written = container.write(Path(target), header, made.encode(watched, header), **marks(made))
    took = time.perf_counter() - started - watched.seconds
    if not watched.count:
        raise BadInput("the clip has no frames")
    elementary = bool(getattr(made, "elementary", False))
    about: Mapping[str, object] = getattr(made, "about", dict)()
    return {
        "bytes": written.payload_bytes if elementary else written.bytes,
        "file_bytes": written.bytes,
        "counted": "packets" if elementary else "whole .gvc file",
        "frames": watched.count,
        "width": info.width,
        "height": info.height,
        "fps": str(info.fps),
        "seconds": float(watched.ticks / info.fps),
        "model": header.model,
        "about": {key: str(value) for key, value in about.items()},
        "encode_seconds": max(took, 1e-9),
        "encode_memory_mb": round(memory_mb(), 1),
        "base_memory_mb": round(base, 1),
        "parameters": parameters(made),
    }


def decode_stage(stream: str, threads: int, codec: str = "", setting: str = "") -> dict[str, Any]:
    """Decodes a .gvc file to nowhere: speed, memory, a hash of the frames, and how long the first one waits.

    codec, setting: as encode_stage() was told, for what streams say nothing of. latency_packets: packets
    that the decoder had taken when the first frame came out. Raises GenvcError.
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    reader = container.Reader(Path(stream))
    try:
        made = _decoder(reader.info, codec, setting)
        packets = _Taken(reader.packets())
        digest = hashlib.sha256()
        frames = latency = 0
        started = time.perf_counter()
        hashing = 0.0
        for frame in made.decode(packets, reader.info):
            if frames == 0:
                latency = packets.count
            paused = time.perf_counter()
            digest.update(frame.rgb.tobytes())
            hashing += time.perf_counter() - paused
            frames += 1
        took = time.perf_counter() - started - hashing
    finally:
        reader.close()
    return {
        "decoded_frames": frames,
        "decode_seconds": max(took, 1e-9),
        "latency_packets": latency,
        "sha256": digest.hexdigest(),
        "decode_memory_mb": round(memory_mb(), 1),
        "parameters": parameters(made),
    }


@dataclass(frozen=True, slots=True)
class Measuring:
    """A stream to measure: a .gvc file, the metrics, and the folder for the features of set metrics.

    codec, setting: as encode_stage() was told.
    """

    stream: str
    metrics: tuple[str, ...]
    folder: str
    codec: str = ""
    setting: str = ""


def _decoder(info: StreamInfo, codec: str, setting: str) -> Codec:
    """Of a stream, with those options of "NAME+option=value" and setting that its codec calls `decoding`."""
    made = create(info.codec, info.model)
    # an outer codec reads streams of inner ones; their own options went into the stream
    name, more = parse_codec(codec or info.codec)
    if setting:
        said = parse_setting(setting)
        more = {said.kind: said.value} | more
    named = getattr(made, "decoding", ()) if name == info.codec else ()
    options: dict[str, Any] = {key: value for key, value in more.items() if key in named}
    return create(info.codec, info.model, **options) if options else made


def measure_stage(clip: Clip, wanted: Sequence[Measuring]) -> list[dict[str, Any]]:
    """Decodes several streams of one clip side by side and measures each, in one pass over the clip.

    Everything runs on one thread, so that the hash says whether decoding on more gave the same. The
    streams share what the metrics compute of the reference alone. A stream that does not decode to
    the clip's size and number of frames gives {"error": ...}; a metric that cannot be set up gives
    words instead of a value. Raises GenvcError when the clip itself cannot be read.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    metrics = MetricSet({name for one in wanted for name in one.metrics})
    runs = [_Run(one, metrics) for one in wanted]
    info, reference = clip.open()
    size = max(1, min(16, _BATCH_PIXELS // max(1, info.width * info.height)))
    while batch := list(itertools.islice(reference, size)):
        tensor = pictures_to_tensor([frame.rgb for frame in batch])
        for run in runs:
            run.take(batch, tensor)
    return [run.result() for run in runs]


class _Run:
    """One stream on its way through measure_stage; the first error ends it and is kept."""

    def __init__(self, wanted: Measuring, metrics: MetricSet) -> None:
        self.wanted = wanted
        self.metering = Metering(metrics, wanted.metrics)
        self.digest = hashlib.sha256()
        self.error = ""
        self.count = 0
        try:
            self.reader = container.Reader(Path(wanted.stream))
            info = self.reader.info
            made = _decoder(info, wanted.codec, wanted.setting)
            decoded = made.decode(_Taken(self.reader.packets()), info)
            self.frames = Counted(decoded, info.width * info.height)
        except GenvcError as error:
            self.error = str(error)

    def take(self, batch: Sequence[Frame], reference: Tensor) -> None:
        """Measures the next frames against the batch."""
        if self.error:
            return
        try:
            decoded = list(itertools.islice(self.frames, len(batch)))
            self.count += len(decoded)
            if len(decoded) < len(batch):
                raise CorruptStream(f"the codec gave back {self.count} frames and no more")
            for ours, theirs in zip(batch, decoded, strict=True):
                if ours.rgb.shape != theirs.rgb.shape:
                    (high, wide), (height, width) = theirs.rgb.shape[:2], ours.rgb.shape[:2]
                    raise CorruptStream(
                        f"sizes differ: the codec gave back {wide}x{high} for {width}x{height}"
                    )
                self.digest.update(theirs.rgb.tobytes())
            self.metering.add(reference, pictures_to_tensor([frame.rgb for frame in decoded]))
        except Exception as error:  # a codec's bug must not take the other streams with it
            self.error = str(error) if isinstance(error, GenvcError) else f"{type(error).__name__}: {error}"

    def result(self) -> dict[str, Any]:
        """What was measured, or the error."""
        if not self.error:
            try:
                if next(self.frames, None) is not None:
                    raise CorruptStream(f"the codec gave back more than the {self.count} frames of the clip")
                self.reader.close()
                return {
                    "sha256": self.digest.hexdigest(),
                    "kmac_per_pixel": self.frames.kmacs_per_pixel(),
                    "metrics": self.metering.readings(),
                    "about": self.metering.about(),
                    "features": self.metering.save_features(Path(self.wanted.folder)),
                }
            except GenvcError as error:
                self.error = str(error)
        return {"error": self.error}


class _Watched:
    """Frames on their way into an encoder: counted, and the time that reading them takes."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self.frames = iter(frames)
        self.seconds = 0.0
        self.count = 0
        self.first = self.last = 0

    def __iter__(self) -> Iterator[Frame]:
        while True:
            started = time.perf_counter()
            frame = next(self.frames, None)
            self.seconds += time.perf_counter() - started
            if frame is None:
                return
            if not self.count:
                self.first = frame.pts
            self.last = frame.pts
            self.count += 1
            yield frame

    @property
    def ticks(self) -> Fraction:
        return Fraction(self.last - self.first + 1)


class _Taken:
    """Picture packets on their way into a decoder, counted."""

    def __init__(self, packets: Iterable[Packet]) -> None:
        self.packets = packets
        self.count = 0

    def __iter__(self) -> Iterator[Packet]:
        for packet in self.packets:
            if packet.track == 0:
                self.count += 1
                yield packet
