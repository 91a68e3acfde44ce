"""The container gives back what was written, and notices when it is no longer that."""

import io
import os
import random
import time
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from container_streams import INFO, SMALL, clip, consume, written
from hypothesis import given, settings
from hypothesis import strategies as st

from genvc import container
from genvc.container import layout
from genvc.errors import BadInput, CorruptStream, GenvcError, Unsupported
from genvc.types import Packet, StreamInfo

SOUND = container.Track("opus", Fraction(50), b"head")


@pytest.mark.parametrize("verify", [False, True])
def test_a_stream_comes_back_as_it_was(tmp_path: Path, verify: bool) -> None:
    packets = list(clip(100))
    summary = container.write(tmp_path / "a.gvc", INFO, packets)
    info, back = container.read(str(tmp_path / "a.gvc"), verify)
    assert info == INFO
    assert list(back) == packets
    assert summary.bytes == (tmp_path / "a.gvc").stat().st_size
    assert (summary.packets, summary.frames, summary.groups) == (100, 100, 10)
    assert os.listdir(tmp_path) == ["a.gvc"]


def test_a_stream_says_that_its_pictures_are_generated() -> None:
    plain, file = written(SMALL), io.BytesIO()
    container.write(file, INFO, SMALL, (SOUND,), generated=True)
    assert not container.Reader(io.BytesIO(plain)).generated
    reader = container.Reader(io.BytesIO(file.getvalue()))
    assert reader.generated
    assert reader.tracks == [SOUND]
    assert list(reader.packets()) == SMALL


@st.composite
def streams(draw: st.DrawFn) -> list[Packet]:
    packets = []
    for number in range(draw(st.integers(0, 30))):
        track = draw(st.sampled_from([0, 0, 0, 1])) if number else 0
        packets.append(
            Packet(
                draw(st.one_of(st.binary(max_size=40), st.integers(100, 400).map(bytes))),
                draw(st.one_of(st.just(number), st.integers(0, (1 << 62) - 1))),
                number == 0 or draw(st.booleans()),
                track,
            )
        )
    return packets


@settings(max_examples=150, deadline=None)
@given(streams())
def test_any_packets_come_back_as_they_were(packets: list[Packet]) -> None:
    data = written(packets, tracks=(SOUND,))
    assert consume(data) == packets
    assert consume(data, verify=False) == packets


@settings(max_examples=150, deadline=None)
@given(streams(), st.data())
def test_any_flipped_bit_or_truncation_is_noticed(packets: list[Packet], data: st.DataObject) -> None:
    good = written(packets, tracks=(SOUND,))
    bit = data.draw(st.integers(0, 8 * len(good) - 1))
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    with pytest.raises(GenvcError):
        consume(bytes(bad))
    with pytest.raises(CorruptStream):
        consume(good[: data.draw(st.integers(0, len(good) - 1))])


def test_every_flipped_bit_and_every_cut_of_a_small_stream_is_noticed() -> None:
    good = written(SMALL)
    for place in range(len(good)):
        with pytest.raises(CorruptStream):
            consume(good[:place])
        for bit in range(8):
            bad = bytearray(good)
            bad[place] ^= 1 << bit
            with pytest.raises((CorruptStream, Unsupported)):
                consume(bytes(bad))
            with pytest.raises((CorruptStream, Unsupported)):
                consume(bytes(bad), verify=False)


def test_verified_packets_are_the_written_ones_up_to_the_damage() -> None:
    packets = list(clip(60))
    good = written(packets)
    for seed in range(100):
        bad = bytearray(good)
        bad[random.Random(seed).randrange(100, len(good))] ^= 0x10
        back: list[Packet] = []
        with pytest.raises(CorruptStream):
            back.extend(container.read(io.BytesIO(bytes(bad)), verify=True)[1])
        # list.extend keeps what came before the error
        assert back == packets[: len(back)]
        assert len(back) % 10 == 0


def test_a_cut_between_groups_and_appended_bytes_are_noticed() -> None:
    data = written(list(clip(20)))
    ends = [
        piece.offset + piece.head_bytes
        for piece in container.Reader(io.BytesIO(data)).pieces()
        if piece.kind == "check"
    ]
    with pytest.raises(CorruptStream, match="ends inside the end record"):
        consume(data[: ends[0]])
    with pytest.raises(CorruptStream, match="follow"):
        consume(data + b"\0")
    with pytest.raises(CorruptStream):
        consume(data + data)


def test_groups_that_were_removed_swapped_or_taken_from_another_stream_are_noticed() -> None:
    data = written(list(clip(30)))
    other = written(list(clip(30)), StreamInfo("keypoints", "", 256, 192, Fraction(25)))

    def cut(stream: bytes) -> list[bytes]:
        pieces = list(container.Reader(io.BytesIO(stream)).pieces())
        starts = [piece.offset for piece in pieces if piece.kind in ("header", "group", "end")]
        return [stream[a:b] for a, b in zip(starts, [*starts[1:], len(stream)], strict=True)]

    head, one, two, three, end = cut(data)
    for parts in (
        [head, one, three, end],
        [head, two, one, three, end],
        [head, cut(other)[1], two, three, end],
    ):
        with pytest.raises(CorruptStream):
            consume(b"".join(parts))


def test_noise_is_refused_cleanly_and_quickly() -> None:
    rng = random.Random(1)
    header = layout.pack_header(INFO)
    begun = time.perf_counter()
    for number in range(5000):
        noise = rng.randbytes(rng.randrange(200))
        noise = (b"", b"GVC", b"GVC\1", header, header + b"\xa0GV\0\0")[number % 5] + noise
        for verify in (False, True):
            with pytest.raises((CorruptStream, Unsupported)):
                consume(noise, verify)
    assert time.perf_counter() - begun < 20


def with_check(head: bytes) -> bytes:
    import zlib

    return head + layout.pack_check(zlib.crc32(head))


def header_of(*numbers: int, rest: bytes = b"\1x\0\0") -> bytes:
    body = b"".join(map(layout.pack_number, numbers)) + rest
    return with_check(b"GVC\1" + layout.pack_bytes(body))


@pytest.mark.parametrize(
    "data",
    [
        header_of(1 << 40, 1, 25, 1),
        header_of(16384, 16384, 25, 1),
        header_of(0, 16, 25, 1),
        header_of(16, 16, 0, 1),
        header_of(16, 16, 25, 0),
        header_of(16, 16, 50, 2),
        header_of(16, 16, 1001, 1),
        header_of(16, 16, 25, 1, rest=b"\0\0\0"),
        header_of(16, 16, 25, 1, rest=b"\1X\0\0"),
        header_of(16, 16, 25, 1, rest=layout.pack_bytes(b"x" * 65) + b"\0\0"),
        header_of(16, 16, 25, 1, rest=b"\1x\0" + layout.pack_number(1 << 62)),
        header_of(16, 16, 25, 1, rest=b"\1x\0\0" + b"\1y\0\0" * 65),
        b"GVC\1" + layout.pack_number(1 << 40),
        b"GVC\1" + layout.pack_number((1 << 20) - 1),
        layout.pack_header(INFO) + b"\xa0GV\0\0\x81" + layout.pack_number(1 << 50),
        layout.pack_header(INFO) + b"\xa0GV\0\0\x81" + layout.pack_number(1 << 24),
        layout.pack_header(INFO) + b"\xa0GV\0\0\xc0\1y\0" + layout.pack_number(1 << 24),
    ],
)
def test_declared_sizes_are_refused_before_anything_is_allocated(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises((CorruptStream, Unsupported)):
            consume(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_later_versions_and_required_features_are_named_and_optional_ones_skipped() -> None:
    plain = layout.pack_header(INFO)
    body = written(SMALL)[len(plain) :]
    for version in (2, 4):
        with pytest.raises(Unsupported, match=f"version {version}"):
            consume(b"GVC" + bytes([version]) + plain[4:])
    needs = layout.pack_header(INFO, [layout.Extension("enchanted", b"key", required=True)])
    with pytest.raises(Unsupported, match="'enchanted'"):
        consume(needs + body)
    may = layout.pack_header(INFO, [layout.Extension("generated", b"yes")])
    assert container.read(io.BytesIO(may))[0] == INFO


def test_extensions_between_packets_are_skipped_or_refused_by_name() -> None:
    import zlib

    header = layout.pack_header(INFO)
    seed = int.from_bytes(header[-4:], "little")

    def stream(extension: layout.Extension) -> bytes:
        group = b"\xa0GV\0\0" + b"\x81\1k" + b"\xc0" + layout.pack_extension(extension) + b"\1p" + b"\xa2"
        end = b"\xa3\1\2"
        return (
            header
            + group
            + layout.pack_check(zlib.crc32(group, seed))
            + end
            + layout.pack_check(zlib.crc32(end, seed))
        )

    assert consume(stream(layout.Extension("subtitle", b"hello" * 99))) == [
        Packet(b"k", 0, True),
        Packet(b"p", 1),
    ]
    with pytest.raises(Unsupported, match="'residual'"):
        consume(stream(layout.Extension("residual", b"", required=True)))


def test_side_tracks_are_declared_and_interleaved() -> None:
    packets = [
        Packet(b"s0", 0, True, 1),
        Packet(b"k", 5, True),
        Packet(b"s1", 1, True, 1),
        Packet(b"p", 6),
        Packet(b"k", 7, True),
        Packet(b"s9", 9, True, 1),
    ]
    data = written(packets, tracks=(SOUND,))
    reader = container.Reader(io.BytesIO(data))
    assert reader.tracks == [SOUND]
    assert list(reader.packets(verify=True)) == packets
    assert [piece.kind for piece in container.Reader(io.BytesIO(data)).pieces()].count("group") == 2


def test_packets_are_yielded_at_once_unless_they_are_to_be_verified() -> None:
    # four bytes before the end of the group's checksum the packets are there, but not the check
    data = written(SMALL[:3])
    cut = io.BytesIO(data[: -(4 + 7)])
    _, packets = container.read(cut)
    assert [next(packets) for _ in range(3)] == SMALL[:3]
    with pytest.raises(CorruptStream):
        next(packets)
    cut.seek(0)
    with pytest.raises(CorruptStream):
        next(container.read(cut, verify=True)[1])


def test_a_reader_never_waits_for_more_than_the_packet_it_gives() -> None:
    source, sink = os.pipe()
    with os.fdopen(source, "rb", buffering=0) as receiving, os.fdopen(sink, "wb", buffering=0) as sending:
        writer = container.Writer(sending, INFO)
        packets: Iterator[Packet] | None = None
        for packet in clip(25):
            writer.put(packet)
            if packets is None:
                info, packets = container.read(receiving)
                assert info == INFO
            assert next(packets) == packet
        writer.close()
        sending.close()
        assert packets is not None
        assert next(packets, None) is None


def test_a_long_group_goes_on_in_another_that_is_no_seek_point() -> None:
    packets = list(clip(layout.MAX_GROUP_RECORDS + 5, gop=1 << 30, size=2))
    data = written(packets)
    assert consume(data) == packets
    heads = [data[p.offset] for p in container.Reader(io.BytesIO(data)).pieces() if p.kind == "group"]
    assert heads == [layout.GROUP, layout.CONTINUED]


def test_big_payloads_pass_and_too_big_ones_are_refused() -> None:
    big = [Packet(bytes(layout.MAX_PAYLOAD), n, n == 0) for n in range(3)]
    assert consume(written(big)) == big
    with pytest.raises(BadInput, match="more than"):
        written([Packet(bytes(layout.MAX_PAYLOAD + 1), 0, True)])


@pytest.mark.parametrize(
    "packet", [Packet(b"", 0), Packet(b"", -1, True), Packet(b"", 1 << 62, True), Packet(b"", 0, True, 1)]
)
def test_packets_that_cannot_be_written_are_refused(tmp_path: Path, packet: Packet) -> None:
    with pytest.raises(BadInput):
        container.write(tmp_path / "a.gvc", INFO, [packet])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"width": 16385},
        {"width": 16384, "height": 16384},
        {"fps": Fraction(0)},
        {"fps": Fraction(1001)},
        {"fps": Fraction(1, 1 << 31)},
        {"codec": ""},
        {"codec": "Key Points"},
        {"model": "x" * 65},
        {"params": bytes(65537)},
    ],
)
def test_headers_that_cannot_be_written_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    from dataclasses import replace

    with pytest.raises(BadInput):
        container.write(tmp_path / "a.gvc", replace(INFO, **change), [])  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("seconds", "limit"), [(60, 260), (10, 305)])
def test_the_container_costs_little(seconds: int, limit: int) -> None:
    file = io.BytesIO()
    info = StreamInfo("keypoints", "face-basis@0123abcd", 256, 256, Fraction(30), bytes(10))
    summary = container.write(file, info, clip(30 * seconds, gop=300))
    assert summary.overhead_bytes * 8 / seconds <= limit


def test_pieces_tile_the_stream_and_tell_its_packets() -> None:
    packets = list(clip(35))
    data = written(packets, tracks=(SOUND,))
    at = 0
    seen = []
    for piece in container.Reader(io.BytesIO(data)).pieces():
        assert piece.offset == at
        at += piece.head_bytes
        if piece.packet is not None:
            assert data[at : at + len(piece.packet.payload)] == piece.packet.payload
            assert piece.head_bytes == (3 if piece.packet.key else 1)
            at += len(piece.packet.payload)
            seen.append(piece.packet)
    assert at == len(data)
    assert seen == packets


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    def peak(frames: int) -> int:
        tracemalloc.start()
        container.write(tmp_path / "a.gvc", INFO, clip(frames, 250))
        for _ in container.read(tmp_path / "a.gvc", verify=True)[1]:
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    short = peak(500)
    assert peak(25 * 600) < short + 50_000
