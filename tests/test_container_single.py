"""The short form of streams that are one packet."""

import io
import zlib
from fractions import Fraction

import pytest

from genvc import container
from genvc.container import layout as bits
from genvc.container import single
from genvc.errors import CorruptStream, GenvcError
from genvc.types import Packet, StreamInfo

INFO = StreamInfo("crossmodal", "", 512, 512, Fraction(1), b"\1")
ONLY = Packet(b"a red ball", 0, key=True)
# "GVC", version 3, generated, 18 bytes of body, 512 x 512, "crossmodal", no model, params 01, 10 bytes;
# a check follows
STORED = bytes.fromhex("47564303011280048004") + b"\x0acrossmodal\0\1\1\x0aa red ball"


def written(packets: list[Packet], short: bool = True) -> bytes:
    file = io.BytesIO()
    summary = container.write(file, INFO, packets, generated=True, short=short)
    assert summary.bytes == len(file.getvalue())
    return file.getvalue()


def test_the_short_form_is_stored_bytes_and_comes_back() -> None:
    data = written([ONLY])
    assert data[:-4] == STORED
    reader = container.Reader(io.BytesIO(data))
    assert (reader.info, reader.generated) == (INFO, True)
    assert list(reader.packets(verify=True)) == [ONLY]
    assert len(written([ONLY], short=False)) - len(data) == 31


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("crossmodal-scenes@ea3a980a", b"\7-scenes\xea\x3a\x98\x0a"),
        ("crossmodal@0123abcd", b"\0\x01\x23\xab\xcd"),
        ("others@0123abcd", b"\x0fothers@0123abcd"),
        ("crossmodal-large", b"\x10crossmodal-large"),
        ("crossmodal@0123abc", b"\x12crossmodal@0123abc"),
    ],
)
@pytest.mark.parametrize("rate", [Fraction(1), Fraction(30000, 1001)])
def test_models_and_rates_come_back(model: str, said: bytes, rate: Fraction) -> None:
    info = StreamInfo("crossmodal", model, 300, 20, rate, b"\1")
    file = io.BytesIO()
    container.write(file, info, [ONLY], short=True)
    data = file.getvalue()
    assert said + b"\1\1\x0aa red ball" in data
    reader = container.Reader(io.BytesIO(data))
    assert (reader.info, reader.generated) == (info, False)
    assert list(reader.packets(verify=True)) == [ONLY]


def opened(flags: int, body: bytes) -> container.Reader:
    data = b"GVC" + bytes([single.VERSION, flags, len(body)]) + body + b"\1x"
    return container.Reader(io.BytesIO(data + bits.pack_check(zlib.crc32(data))))


@pytest.mark.parametrize(
    ("flags", "body", "says"),
    [
        # a rate of 1 that is said, a model in full that could be said after the codec, more than there is
        (2, b"\x08\x08\1\1\1a\0\0", "longer than it need be"),
        (0, b"\x08\x08\1a\x0aa@0123abcd\0", "longer than it need be"),
        (4, b"\x08\x08\1a\0\1\2\3\4\0\0", "something that it cannot"),
        (8, b"\x08\x08\1a\0\0", "nobody writes"),
        (4, b"\x08\x08\1a\0\1\2\3", "beyond the end"),
        (4, b"\x08\x08\1a\x3f" + b"b" * 63 + b"\1\2\3\4\0", "the model is named"),
    ],
)
def test_what_no_writer_says_is_refused(flags: int, body: bytes, says: str) -> None:
    assert opened(0, b"\x08\x08\1a\0\0").info.codec == "a"
    assert opened(4, b"\x08\x08\1a\0\1\2\3\4\0").info.model == "a@01020304"
    with pytest.raises(GenvcError, match=says):
        opened(flags, body)


def test_its_pieces_follow_each_other_without_a_gap() -> None:
    data = written([ONLY])
    at = 0
    for piece in container.Reader(io.BytesIO(data)).pieces():
        assert piece.offset == at
        at += piece.head_bytes + (len(piece.packet.payload) if piece.packet else 0)
    assert at == len(data)


@pytest.mark.parametrize(
    "packets",
    [
        [],
        [Packet(b"a", 3, key=True)],
        [ONLY, Packet(b"", 1)],
        [ONLY, Packet(b"b", 1, key=True), Packet(b"", 2)],
    ],
)
def test_other_streams_are_written_in_full(packets: list[Packet]) -> None:
    data = written(packets)
    assert data[3] == 1
    assert list(container.read(io.BytesIO(data))[1]) == packets


def test_any_flipped_bit_of_the_short_form_is_noticed() -> None:
    good = written([ONLY])
    for place in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[place] ^= 1 << bit
            with pytest.raises(GenvcError):
                list(container.read(io.BytesIO(bytes(bad)), verify=True)[1])


def test_a_short_form_that_is_cut_or_followed_by_more_is_refused() -> None:
    good = written([ONLY])
    for bad in [*(good[:length] for length in range(len(good))), good + b"\0"]:
        with pytest.raises(CorruptStream):
            list(container.read(io.BytesIO(bad), verify=True)[1])
