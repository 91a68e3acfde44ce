"""A reader of the container that was written from docs/bitstream.md and imports nothing of genvc.

It reads all stored streams, checks each length, limit and checksum that the page tells a reader to check, and
refuses what the page says is refused. The tests compare it with the reader that people use.
"""

import json
import re
import subprocess
import sys
import zlib
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

import pytest

GOLDEN = Path(__file__).parent / "golden"
STREAMS = sorted(GOLDEN.rglob("*.gvc"))
NAME = re.compile(rb"[a-z0-9._@+-]{0,64}")
MIB = 1 << 20


class Refused(Exception):
    """What a reader must not take."""


class Packet(NamedTuple):
    track: int
    key: bool
    pts: int
    payload: bytes


def need(so: bool, what: str) -> None:
    if not so:
        raise Refused(what)


class Bytes:
    """What is left of some bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        need(count <= len(self.data) - self.at, "the end comes too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        value = 0
        for place in range(9):
            byte = self.byte()
            value |= (byte & 127) << 7 * place
            if byte < 128:
                need(byte > 0 or place == 0, "a number is too long")
                return value
        raise Refused("a number of more than nine bytes")

    def signed(self) -> int:
        value = self.number()
        return -(value + 1) // 2 if value % 2 else value // 2

    def bytes(self, most: int) -> bytes:
        length = self.number()
        need(length <= most, "a length beyond its limit")
        return self.take(length)

    def name(self) -> bytes:
        found = self.bytes(64)
        need(NAME.fullmatch(found) is not None, "a name with other characters")
        return found

    def rate(self, most: int) -> tuple[int, int]:
        rate = self.number(), self.number()
        need(min(rate) > 0 and max(rate) < 1 << 31 and rate[0] <= most * rate[1], "a rate beyond its limits")
        need(gcd(*rate) == 1, "a rate that is not in lowest terms")
        return rate

    def check(self, begin: int, start: int) -> int:
        crc = zlib.crc32(self.data[begin : self.at], start)
        need(int.from_bytes(self.take(4), "little") == crc, "a wrong check")
        return crc

    def extension(self, most: int, known: tuple[bytes, ...]) -> tuple[bytes, bytes]:
        name, flags = self.name(), self.byte()
        need(len(name) > 0 and flags <= 1, "an extension without a name or with other flags")
        need(flags == 0 or name in known, f"needs {name.decode()}")
        return name, self.bytes(most)


def read(data: bytes) -> tuple[dict[str, Any], list[Packet]]:
    source = Bytes(data)
    need(source.take(3) == b"GVC", "not a .gvc stream")
    version = source.byte()
    need(version in (1, 3), "another version")
    flags = source.byte() if version == 3 else 2
    body = Bytes(source.bytes(MIB))
    start = source.check(0, 0) if version == 1 else 0
    head: dict[str, Any] = {"width": body.number(), "height": body.number()}
    need(1 <= head["width"] <= 16384 and 1 <= head["height"] <= 16384, "a side beyond its limits")
    need(head["width"] * head["height"] <= 1 << 26, "a picture that is too large")
    head |= {"rate": body.rate(1000) if flags & 2 else (1, 1), "codec": body.name(), "model": body.name()}
    if flags & 4:
        head["model"] = head["codec"] + head["model"] + b"@" + body.take(4).hex().encode()
        need(len(head["model"]) <= 64, "a model's name that is too long")
    head["params"] = body.bytes(65536)
    need(len(head["codec"]) > 0, "no codec")
    if version == 3:
        return head, [single(source, body, head, flags)]
    extensions = []
    while body.at < len(body.data):
        extensions.append(body.extension(MIB, (b"track", b"generated")))
    need(len(extensions) <= 64, "too many extensions")
    need(all(name != b"encrypted" for name, _ in extensions), "needs a passphrase")
    head["generated"] = any(name == b"generated" for name, _ in extensions)
    head["tracks"] = []
    for track in (Bytes(value) for name, value in extensions if name == b"track"):
        head["tracks"].append((track.name(), track.rate((1 << 31) - 1), track.bytes(65536)))
    need(len(head["tracks"]) <= 8, "too many tracks")
    packets: list[Packet] = []
    groups = 0
    while True:
        begin, mark = source.at, source.byte()
        if mark == 0xA3:
            break
        need(mark in (0xA0, 0xA1) and source.take(2) == b"GV" and source.number() == groups, "no group")
        need(mark == 0xA0 or groups > 0, "the first group goes on")
        packets += group(source, begin, mark == 0xA0)
        source.check(begin, start)
        groups += 1
    need((source.number(), source.number()) == (groups, len(packets)), "counts differ")
    source.check(begin, start)
    need(source.at == len(data), "something follows the end")
    return head, packets


def single(source: Bytes, body: Bytes, head: dict[str, Any], flags: int) -> Packet:
    need(flags <= 7 and body.at == len(body.data), "something that the short form cannot hold")
    need(not flags & 2 or head["rate"] != (1, 1), "a rate that is said for nothing")
    after = re.compile(re.escape(head["codec"]) + rb"[a-z0-9._@+-]*@[0-9a-f]{8}")
    need(bool(flags & 4) == bool(after.fullmatch(head["model"])), "a model's name that could be shorter")
    head |= {"generated": bool(flags & 1), "tracks": []}
    payload = source.bytes(16 * MIB)
    source.check(0, 0)
    need(source.at == len(source.data), "something follows the end")
    return Packet(0, True, 0, payload)


def group(source: Bytes, begin: int, awaits_key: bool) -> list[Packet]:
    expected, found, records = {0: source.number()}, [], 0
    while (first := source.byte()) != 0xA2:
        records += 1
        need(records <= 4096 and source.at - 1 - begin <= 32 * MIB, "a group that is too large")
        if first == 0xC0:
            source.extension(16 * MIB, ())
            continue
        need(first <= 0x80 or first & ~7 == 0x80, "a record that nobody writes")
        flags = first & 7 if first >= 0x80 else 0
        track = source.number() if flags & 2 else 0
        jump = source.signed() if flags & 4 else 0
        length = source.number() if first >= 0x80 else first if first < 127 else 127 + source.number()
        pts = expected.get(track, 0) + jump
        need(length <= 16 * MIB and track <= 255 and 0 <= pts < 1 << 62, "a packet beyond the limits")
        need(track > 0 or not awaits_key or bool(flags & 1), "no key packet first")
        awaits_key &= track > 0
        expected[track] = pts + 1
        found.append(Packet(track, bool(flags & 1), pts, source.take(length)))
    return found


# ---------------------------------------------------------------- what it is compared with


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_reads_every_stored_stream_as_genvc_does(path: Path) -> None:
    from genvc import container

    head, packets = read(path.read_bytes())
    reader = container.Reader(path)
    found = [Packet(one.track, one.key, one.pts, one.payload) for one in reader.packets()]
    assert packets == found
    info = reader.info
    assert (head["width"], head["height"]) == (info.width, info.height)
    assert head["rate"] == (info.fps.numerator, info.fps.denominator)
    assert (head["codec"].decode(), head["model"].decode()) == (info.codec, info.model)
    assert head["params"] == info.params
    assert head["generated"] == reader.generated
    assert head["model"].decode() == json.loads(path.with_suffix(".json").read_text()).get(
        "model", info.model
    )


def test_every_flipped_bit_of_a_stored_stream_is_refused() -> None:
    for version in (1, 3):
        data = min((data for data in map(Path.read_bytes, STREAMS) if data[3] == version), key=len)
        for place in range(8 * len(data)):
            changed = bytearray(data)
            changed[place // 8] ^= 1 << place % 8
            with pytest.raises(Refused):
                read(bytes(changed))


def test_both_readers_take_and_refuse_the_same_mutated_streams() -> None:
    """What one reader calls a stream the other does too: the page leaves nothing open."""
    import io

    sys.path.insert(0, str(Path(__file__).parent / "fuzz"))
    from fuzz_mutations import mutated
    from fuzz_seeds import of_container

    from genvc import container
    from genvc.errors import GenvcError

    taken = refused = short = 0
    # the third is in the short form
    for number, data in enumerate(of_container()[:3]):
        for seed in range(1000):
            made = mutated(data, seed + 10_000 * number)
            try:
                theirs = [
                    Packet(one.track, one.key, one.pts, one.payload)
                    for one in container.read(io.BytesIO(made))[1]
                ]
            except GenvcError:
                theirs = None
            try:
                ours = read(made)[1]
            except Refused:
                ours = None
            assert ours == theirs, f"seed {seed} of stream {number}"
            taken += ours is not None
            refused += ours is None
            short += ours is not None and made[3] == 3
    assert min(taken, refused) > 500
    assert short > 100


def test_it_imports_nothing_of_genvc() -> None:
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    script += "import test_independent_reader as t\n"
    script += "[t.read(path.read_bytes()) for path in t.STREAMS]\n"
    script += "print([name for name in sys.modules if name.split('.')[0] in ('genvc', 'numpy', 'torch')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
