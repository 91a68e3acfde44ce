"""The short form of streams that are one packet."""

import io
from fractions import Fraction

import pytest

from genvc import container
from genvc.errors import CorruptStream, GenvcError
from genvc.types import Packet, StreamInfo

INFO = StreamInfo("crossmodal", "", 512, 512, Fraction(1), b"\1")
ONLY = Packet(b"a red ball", 0, key=True)
# "GVC", version 2, 20 bytes of body, 512 x 512, 1 / 1, "crossmodal", no model, params 01, generated,
# 10 bytes; a check follows
STORED = bytes.fromhex("475643021480048004") + b"\1\1\x0acrossmodal\0\1\1\1\x0aa red ball"


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
    assert len(written([ONLY], short=False)) - len(data) == 29


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
