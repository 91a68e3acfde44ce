"""docs/bitstream.md says what the code does: its example is a stream, and a reader written from it works."""

import io
import re
import zlib
from fractions import Fraction
from pathlib import Path

import pytest

from genvc import container
from genvc.entropy import AdaptiveModel, SymbolEncoder
from genvc.types import Packet, StreamInfo

PAGE = Path(__file__).parents[1] / "docs" / "bitstream.md"

INFO = StreamInfo("keypoints", "face-basis@0123abcd", 256, 256, Fraction(30), b"\5")
PACKETS = [
    Packet(b"KEY", 0, True),
    Packet(b"\x91", 1),
    Packet(b"", 2),
    Packet(b"\x17\x2a", 5),
    Packet(b"NEW", 6, True),
    Packet(b"so", 0, True, 1),
]


def written(packets: list[Packet]) -> bytes:
    file = io.BytesIO()
    container.write(file, INFO, packets, [container.Track("opus", Fraction(50))])
    return file.getvalue()


class OtherReader:
    """The container as the document has it, for streams that are in order."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def check(self, begin: int, start: int) -> int:
        crc = zlib.crc32(self.data[begin : self.at], start)
        assert self.take(4) == crc.to_bytes(4, "little")
        return crc

    def packets(self) -> list[Packet]:
        assert self.take(4) == b"GVC\1"
        self.take(self.number())
        start = self.check(0, 0)
        out = []
        groups = 0
        while (begin := self.at, head := self.take(1)[0])[1] != 0xA3:
            assert head in (0xA0, 0xA1)
            assert self.take(2) == b"GV"
            assert self.number() == groups
            groups += 1
            expected = {0: self.number()}
            while (head := self.take(1)[0]) != 0xA2:
                track = jump = 0
                if head < 127:
                    length = head
                elif head == 127:
                    length = 127 + self.number()
                else:
                    track = self.number() if head & 2 else 0
                    jump = self.number() if head & 4 else 0
                    jump = -(jump // 2) - 1 if jump & 1 else jump // 2
                    length = self.number()
                pts = expected.get(track, 0) + jump
                expected[track] = pts + 1
                out.append(Packet(self.take(length), pts, head > 127 and bool(head & 1), track))
            self.check(begin, start)
        assert (self.number(), self.number()) == (groups, len(out))
        self.check(begin, start)
        assert self.at == len(self.data)
        return out


def test_the_example_in_the_document_is_what_the_writer_writes() -> None:
    block = re.search(r"<!-- example.*?-->\n```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    # the hex digits stand to the left, the words start at column 52
    hexes = "".join(line[:52] for line in block[1].splitlines())
    assert bytes.fromhex(hexes) == written(PACKETS)


def test_the_coded_example_in_the_document_is_what_the_coder_writes() -> None:
    block = re.search(r"<!-- golden.*?-->\n +([0-9a-f ]+)\n", PAGE.read_text(encoding="utf-8"))
    assert block is not None
    encoder = SymbolEncoder()
    model = AdaptiveModel([4, 9, 30, 9, 4, 1], increment=24, limit=128)
    for value in (0, 1, -1, 0, 0, 2, -2, 0, 77, 0, -1, -1, 0, -(1 << 20)):
        encoder.put_integer(value, model)
    encoder.put_bits(0x123456789, 36)
    encoder.put(5, model)
    assert encoder.finish() == bytes.fromhex(block[1])


@pytest.mark.parametrize("length", [0, 1, 126, 127, 128, 300, 70000])
def test_another_reader_reads_the_same_packets(length: int) -> None:
    packets = [
        Packet(bytes(length), 4, True),
        Packet(bytes(length), 5),
        Packet(bytes(length), 1000, True, 1),
        Packet(bytes(length), 3),
        Packet(bytes(length), 1001, False, 1),
        Packet(bytes(length), 9, True),
        Packet(bytes(length), 10),
    ]
    assert OtherReader(written(packets)).packets() == packets
    assert OtherReader(written(PACKETS)).packets() == PACKETS
