"""The streams that fuzzing starts from: the stored ones, and small ones that are made on the spot."""

import io
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

import genvc
from genvc import container, inner
from genvc.loss import Sender
from genvc.types import Frame, Packet, StreamInfo
from genvc.verify import golden_streams

__all__ = ["seeds"]

FPS = Fraction(25)


@cache
def seeds(target: str) -> list[bytes]:
    """Of one target, smallest first."""
    return sorted(_SEEDS[target.partition("-")[0]](), key=len)


def stream(info: StreamInfo, packets: Any, tracks: Any = (), generated: bool = False) -> bytes:
    file = io.BytesIO()
    container.write(file, info, packets, tracks, generated)
    return file.getvalue()


def stored(family: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((golden_streams() / family).glob("*.gvc"))]


def beginning(data: bytes, most: int = 3) -> bytes:
    """A stream's first packets: whole ones take a second to decode."""
    info, packets = container.read(io.BytesIO(data))
    return stream(info, islice(packets, most))


def made(codec: str, width: int, height: int, count: int, **options: Any) -> bytes:
    coder: Any = genvc.create(codec, device="cpu", **options)
    if codec == "keypoints":
        coder.detector = NoFace
    info = coder.describe(width, height, FPS)
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.stack([x * 5 + 9 * k, y * 5, (x + y + 3 * k) * 3], 2) % 256 for k in range(count)]
    frames = [Frame(plane.astype(np.uint8), k) for k, plane in enumerate(planes)]
    return stream(info, coder.encode(iter(frames), info))


class NoFace:
    """Stands for the detector, which is slow to start and is no part of a decoder."""

    def detect(self, rgb: Any) -> None:
        """Nothing is found."""

    def close(self) -> None:
        """Nothing is held."""


def of_container() -> list[bytes]:
    info = StreamInfo("none", "face-basis@0123abcd", 64, 48, Fraction(30000, 1001), b"\5")
    packets = [
        Packet(b"KEY", 0, True),
        Packet(bytes(200), 1),
        Packet(b"", 7),
        Packet(b"so", 0, True, 1),
        Packet(b"NEW", 8, True),
    ]
    tracks = [container.Track("opus", Fraction(50), b"head")]
    short = io.BytesIO()
    container.write(short, info, packets[:1], short=True)
    return [
        stream(info, packets, tracks, True),
        stream(info, packets[:3]),
        short.getvalue(),
        *stored("keypoints"),
    ]


def of_entropy() -> list[bytes]:
    source = np.random.default_rng(1)
    return [source.bytes(size) for size in (0, 1, 5, 20, 90)]


def of_keypoints() -> list[bytes]:
    return [made("keypoints", 32, 32, 3, quality=20), *map(beginning, stored("keypoints"))]


def of_predictive() -> list[bytes]:
    return [
        made("predictive", 16, 16, 3, quality=30),
        made("predictive", 33, 17, 5, quality=60, gop="ra"),
        *map(beginning, stored("predictive")),
    ]


def of_conceptual() -> list[bytes]:
    return [
        made("conceptual", 32, 24, 1, quality=20),
        made("conceptual", 49, 33, 2, quality=90, lines=0.1, regions=3),
        *(data for data in stored("conceptual") if len(data) < 2000),
    ]


def of_crossmodal() -> list[bytes]:
    """Scenes with all layers, with each layer alone, and one that names its painter."""
    from crossmodal import header, palette, sketch, syntax
    from crossmodal.representation import Box, Representation

    y, x = np.mgrid[0:36, 0:48]
    picture = (np.stack([x * 5, y * 5, x + y], 2) % 256).astype(np.uint8)
    boxes = (Box(0, 3, 4, 20, 32), Box(1, 31, 31, 32, 32))
    whole = Representation(
        "a person in red on a beach", palette.measured(picture, 2, 1), boxes, sketch.drawn(picture, 2, 0.1), 2
    )
    layers = ("text", "palette", "layout", "sketch")
    scenes = [syntax.pack(whole)]
    for kept in layers:
        one = whole
        for layer in layers:
            one = one if layer == kept else one.without(layer)
        scenes.append(syntax.pack(one))
    coder: Any = genvc.create("crossmodal", device="cpu")
    info = coder.describe(48, 36, FPS)
    still = [Packet(b"", time) for time in (1, 2)]
    painted = header.pack(header.Painter("one/painter", "one/lines", 7, 4))
    named = StreamInfo(info.codec, info.model, 48, 36, FPS, painted)
    return [
        *stored("crossmodal"),
        *(stream(info, [Packet(scene, 0, True)], generated=True) for scene in scenes),
        stream(info, [Packet(scenes[0], 0, True), *still, Packet(scenes[2], 3, True)]),
        stream(named, [Packet(scenes[0], 0, True)]),
    ]


def of_text() -> list[bytes]:
    from crossmodal import text

    codes = [path.read_bytes() for path in sorted((golden_streams() / "crossmodal").glob("*.code"))]
    said = ("a", "a dog runs on the beach", "A man, 36, with 2 dogs!", "zwölf Boxkämpfer", "ab" * 300)
    return [*codes, *map(text.encode, said), b"\xfc", b"\xfd\x03\x00", b"\xff\xe2\x82"]


def of_link() -> list[bytes]:
    """Calls of a few packets, plain, with copies, and mended."""
    found = []
    for copies, repair, large in ((0, 0, 2000), (2, 0, 90), (2, 0.75, 500), (0, 1, 40)):
        sender, call = Sender(copies, repair), b""
        for time in range(6):
            packet = Packet(bytes(range(20)) + bytes(large * (time in (0, 4))), time, time == 0)
            for data in sender.send(packet):
                call += len(data[:-4]).to_bytes(2, "big") + data[:-4]
        found.append(call)
    return found


def of_avif() -> list[bytes]:
    return [made("avif", 32, 24, 2, quality=30), made("avif", 17, 16, 1, quality=70)]


def of_auto() -> list[bytes]:
    """A group of each codec, as docs/bitstream.md has it in part 4; to encode it would try them all."""
    streams = [made("predictive", 32, 32, 2, quality=30), made("keypoints", 32, 32, 2, quality=20)]
    params, packets, time = bytes([1, len(streams)]), [], 0
    for number, data in enumerate(streams):
        info, coded = container.read(io.BytesIO(data))
        params += inner.pack(inner.Inner(info.codec, info.model, info.params))
        for packet in coded:
            chosen = bytes([number]) * packet.key + packet.payload
            packets.append(Packet(chosen, time, packet.key))
            time += 1
    return [stream(StreamInfo("auto", "", 32, 32, FPS, params), packets)]


_SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "container": of_container,
    "entropy": of_entropy,
    "keypoints": of_keypoints,
    "predictive": of_predictive,
    "conceptual": of_conceptual,
    "crossmodal": of_crossmodal,
    "text": of_text,
    "link": of_link,
    "avif": of_avif,
    "auto": of_auto,
}
