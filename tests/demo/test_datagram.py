"""Datagrams say the same on both sides, and nobody's bytes bring a receiver down."""

import contextlib
import random
from fractions import Fraction

import pytest

from demo.datagram import (
    BYE,
    PIECE,
    Echo,
    Piece,
    Report,
    Sound,
    after,
    pack_echo,
    pack_header,
    pack_picture,
    pack_report,
    pack_sound,
    unpack,
    unpack_header,
    unpack_key,
)
from demo.receiver import Receiver
from demo.sender import Sender
from genvc.errors import CorruptStream, GenvcError
from genvc.types import StreamInfo

INFO = StreamInfo("keypoints", "face@01234567", 256, 192, Fraction(30000, 1001), b"abc")


def test_a_small_picture_takes_three_bytes_beside_its_payload() -> None:
    (data,) = pack_picture(70000, False, b"motion")
    assert len(data) == 3 + 6
    assert unpack(data) == Piece(70000 % 65536, False, 0, 1, b"motion")


def test_a_key_picture_brings_the_header_of_its_stream() -> None:
    header = pack_header(INFO, generated=True)
    (data,) = pack_picture(0, True, b"pixels", header)
    piece = unpack(data)
    assert isinstance(piece, Piece)
    assert piece.key
    found, payload = unpack_key(piece.body)
    assert payload == b"pixels"
    assert unpack_header(found) == (INFO, True)


def test_a_large_picture_goes_in_pieces_that_fit_a_packet() -> None:
    payload = random.Random(1).randbytes(10000)
    parts = pack_picture(9, False, payload)
    assert max(map(len, parts)) <= PIECE + 5
    pieces = [unpack(part) for part in parts]
    assert b"".join(piece.body for piece in pieces if isinstance(piece, Piece)) == payload


def test_reports_sound_and_farewells_come_back() -> None:
    report = Report(65535, 3, 40000, 120, True, (65530, 65533, 2))
    assert unpack(pack_report(report)) == report
    assert unpack(pack_sound(65537, b"opus")) == Sound(1, b"opus")
    assert unpack(pack_echo(77)) == Echo(77)
    assert unpack(BYE) is None


@pytest.mark.parametrize(
    ("number", "near", "found"), [(5, 3, 5), (0, 65535, 65536), (65535, 65536, 65535), (1, 131071, 131073)]
)
def test_numbers_go_on_where_their_16_bits_begin_again(number: int, near: int, found: int) -> None:
    assert after(number, near) == found


def test_noise_is_refused_and_nothing_else_is_raised() -> None:
    dice = random.Random(3)
    receiver, sender = Receiver(), Sender(lambda data: None)
    for number in range(5000):
        data = dice.randbytes(dice.randrange(0, 40))
        for taker in (receiver, sender):
            with contextlib.suppress(CorruptStream):
                taker.take(data, number / 100)
        receiver.report(number / 100, 0)
    with pytest.raises(GenvcError):
        unpack_header(b"GVC noise")
