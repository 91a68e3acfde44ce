"""What is fuzzed: each target takes bytes and ends in GenvcError or in a result, within its bounds.

Anything else that leaves a target is a fault. So is taking longer, or more memory, than the stream's declared
size allows: `bounded` measures the process's own time, and how much its largest size has grown.
"""

import contextlib
import io
import resource
import sys
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import genvc
from genvc import container
from genvc.container import layout
from genvc.entropy import AdaptiveModel, ScaleModels, SymbolDecoder, Tables
from genvc.errors import GenvcError
from genvc.loss import Receiver
from genvc.types import StreamInfo

__all__ = ["TARGETS", "OverBound", "bounded", "warm"]

# A larger picture takes a codec's networks seconds; the container's limits are fuzzed with its own target.
MOST_PIXELS, MOST_PACKETS = 1 << 15, 48
FAMILIES = ("keypoints", "predictive", "conceptual", "crossmodal", "avif", "auto")


class OverBound(Exception):
    """A target took more time or memory than it may."""


def bounded(name: str, data: bytes) -> None:
    """Run one target; raises what is a fault."""
    seconds, memory = _BOUNDS[name]
    before, began = _peak(anew=True), time.process_time()
    try:
        TARGETS[name](data)
    except GenvcError as error:
        text = str(error)
        # one lower-case line (a name of the stream may come first) that can be printed
        if not text or "\n" in text:
            raise OverBound(f"an error that is not one line: {text!r}") from error
    took, grown = time.process_time() - began, _peak() - before
    if took > seconds:
        raise OverBound(f"{took:.1f} s of at most {seconds}")
    if grown > memory:
        raise OverBound(f"{grown >> 20} MiB more than before, at most {memory >> 20}")


def warm(name: str) -> None:
    """Decode what is in order, so that no input pays for what is loaded once."""
    for other in FAMILIES if TARGETS[name] is decode else [name]:
        _warm(TARGETS[name], other)


@cache
def _warm(target: Callable[[bytes], None], name: str) -> None:
    from fuzz_seeds import seeds

    for data in seeds(name):
        with contextlib.suppress(GenvcError):
            target(data)


def _peak(anew: bool = False) -> int:
    """The largest size of this process, bytes; anew: counted from now on, where the system can."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if anew:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
    said = Path("/proc/self/status").read_text()
    return int(said.partition("VmHWM:")[2].split()[0]) << 10


def read_container(data: bytes) -> None:
    """Both ways of reading agree on what is in order, and all pieces tile what was read."""
    file = io.BytesIO(data)
    packets = list(container.Reader(file).packets(verify=True))
    assert packets == list(container.Reader(io.BytesIO(data)).packets())
    pieces = list(container.Reader(io.BytesIO(data)).pieces())
    ends = [piece.offset + piece.head_bytes + _size(piece) for piece in pieces]
    assert [piece.offset for piece in pieces] == [0, *ends[:-1]]
    assert ends[-1] == len(data)


def _size(piece: container.Piece) -> int:
    return 0 if piece.packet is None else len(piece.packet.payload)


def read_entropy(data: bytes) -> None:
    """The first bytes say what is asked of the decoder, the rest is its packet."""
    said, decoder = data[:12].ljust(12, b"\3"), SymbolDecoder(data[12:])
    model = AdaptiveModel([1 + byte for byte in said[:5]] + [1], increment=24, limit=1 << 12)
    scales = ScaleModels([1 + byte for byte in said[5:8]])
    tables = _tables()
    for _ in range(1 + said[8] % 8):
        decoder.get(model)
        decoder.get_integer(model)
        decoder.get_bits(said[9] % 65)
        scales.begin()
        for index in range(3):
            decoder.get_integer(scales[index])
        count = said[10]
        decoder.get_array(np.full(count, said[11] % 3, np.int32), tables)
    decoder.finish()


@cache
def _tables() -> Tables:
    from genvc.learned.probability import levels_tables

    return levels_tables()


def read_moments(data: bytes) -> None:
    """The exact half of keypoints."""
    info, packets = container.read(io.BytesIO(data))
    if info.codec == "keypoints" and _small(info):
        _codec("keypoints", "").integers(_first(packets), info)


def read_text(data: bytes) -> None:
    """The coder of texts; what it takes for a text is one that it can write."""
    from crossmodal import text

    assert len(text.decode(data).encode("utf-8")) <= 1 << 16


def read_link(data: bytes) -> None:
    """The receiver of a call: datagrams, each with its length before it; checks are put right."""
    receiver, at, last = Receiver(3), 0, -1
    while at + 2 <= len(data):
        body = data[at + 2 : at + 2 + int.from_bytes(data[at : at + 2], "big")]
        at += 2 + len(body)
        for packet in receiver.take(body + layout.pack_check(zlib.crc32(body))):
            assert packet.key or last >= 0
            last = packet.pts


def read_sections(data: bytes) -> None:
    """The exact half of conceptual."""
    info, packets = container.read(io.BytesIO(data))
    if info.codec == "conceptual" and _small(info):
        _codec("conceptual", "").integers(_first(packets), info)


def read_layers(data: bytes) -> None:
    """The exact half of crossmodal: text, colours, boxes and lines."""
    from crossmodal import header, syntax

    info, packets = container.read(io.BytesIO(data))
    header.unpack(info.params)
    for packet in _first(packets):
        found = syntax.unpack(packet.payload, info.width, info.height)
        assert sum(syntax.sizes(packet.payload).values()) == len(packet.payload)
        assert syntax.read_text(packet.payload) == (found.text or "")


def decode(data: bytes) -> None:
    """As `genvc decode` does, with the codec that the stream names."""
    info, packets = container.read(io.BytesIO(data))
    if info.codec not in FAMILIES and info.codec in genvc.codec_names():
        return  # classical anchors are other people's decoders
    if not _small(info):
        return
    for frame in _codec(info.codec, info.model).decode(_first(packets), info):
        assert frame.rgb.shape == (info.height, info.width, 3)
        assert frame.rgb.dtype == np.uint8


def _small(info: StreamInfo) -> bool:
    return info.width * info.height <= MOST_PIXELS


def _first(packets: Any) -> Any:
    return (packet for packet, _ in zip(packets, range(MOST_PACKETS), strict=False))


@cache
def _codec(name: str, model: str) -> Any:
    return genvc.create(name, model, "cpu")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "container": read_container,
    "entropy": read_entropy,
    "text": read_text,
    "link": read_link,
    "keypoints-exact": read_moments,
    "conceptual-exact": read_sections,
    "crossmodal-exact": read_layers,
    "keypoints": decode,
    "predictive": decode,
    "conceptual": decode,
    "crossmodal": decode,
    "avif": decode,
    "auto": decode,
}
# seconds of the processor and bytes: what 48 packets of the largest picture above may take here, and more
_BOUNDS = {
    "container": (2.0, 64 << 20),
    "entropy": (2.0, 64 << 20),
    "text": (10.0, 64 << 20),
    "link": (5.0, 128 << 20),
    "keypoints-exact": (5.0, 128 << 20),
    "conceptual-exact": (30.0, 256 << 20),
    "crossmodal-exact": (30.0, 128 << 20),
    "keypoints": (60.0, 512 << 20),
    "predictive": (60.0, 512 << 20),
    "conceptual": (90.0, 512 << 20),
    "crossmodal": (60.0, 512 << 20),
    "avif": (20.0, 256 << 20),
    "auto": (60.0, 512 << 20),
}
