"""Encrypted streams open with their passphrase only, each group on its own, and as they were written."""

import hashlib
import io
import zlib
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import genvc
from genvc import container, media
from genvc.cli import run
from genvc.container import layout, sealing
from genvc.errors import BadInput, CorruptStream, GenvcError, Unsupported
from genvc.types import Packet, StreamInfo

aead = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")

INFO = StreamInfo("avif", "", 32, 32, Fraction(25), b"p")
WORD = "correct horse ä"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is quickly made; real ones take a tenth of a second."""
    monkeypatch.setattr(sealing, "_LOG_N", 4)


def clip(groups: int = 3) -> list[Packet]:
    found = []
    for k in range(4 * groups):
        found.append(Packet(bytes([k]) * (50 - k), 2 * k, k % 4 == 0))
        found.append(Packet(b"sound", k, True, 1))
    return found


def written(packets: list[Packet], word: str | None = WORD) -> bytes:
    file = io.BytesIO()
    container.write(file, INFO, packets, [container.Track("opus", Fraction(50))], passphrase=word)
    return file.getvalue()


def read(data: bytes, word: str | None = WORD) -> list[Packet]:
    return list(container.read(io.BytesIO(data), passphrase=word)[1])


def test_a_stream_comes_back_with_its_passphrase_and_shows_nothing_without() -> None:
    data = written(clip())
    assert read(data) == clip()
    assert not any(packet.payload in data for packet in clip() if len(packet.payload) > 4)
    with pytest.raises(BadInput, match=r"^wrong passphrase$"):
        read(data, "correct horse")
    with pytest.raises(BadInput, match="it needs its passphrase"):
        read(data, None)
    assert read(written([])) == []


def test_a_passphrase_for_an_open_stream_does_no_harm() -> None:
    assert read(written(clip(), None)) == clip()


def test_the_same_stream_is_never_encrypted_alike() -> None:
    assert written(clip()) != written(clip())


def test_encryption_costs_little_and_nothing_for_each_packet() -> None:
    assert len(written(clip(3))) - len(written(clip(3), None)) <= 45 + 3 * 42
    long = [Packet(b"x" * 9, k, k == 0) for k in range(300)]
    assert len(written(long)) - len(written(long, None)) <= 45 + 42


def test_another_reader_opens_it_as_the_page_says() -> None:
    data = written(clip(2))
    reader = container.Reader(io.BytesIO(data))
    assert reader.encrypted
    pieces = list(reader.pieces())
    header = data[: pieces[0].head_bytes]
    value = header[header.index(b"encrypted") + 11 :][:26]
    made = hashlib.scrypt(WORD.encode(), salt=value[2:18], n=1 << value[1], r=8, p=1, dklen=40)
    assert made[32:] == value[18:]
    for group in range(2):
        mine = [piece for piece in pieces if piece.group == group]
        packets = [piece.packet for piece in mine if piece.packet is not None]
        (seal,) = [piece.seal for piece in mine if piece.seal]
        cipher = b"".join(packet.payload for packet in packets) + seal
        plain = aead.AESGCM(made[:32]).decrypt(group.to_bytes(12, "big"), cipher, header)
        said = b"".join(
            layout.pack_number(int(number))
            for packet in packets
            for number in (packet.key, packet.track, packet.pts, len(packet.payload))
        )
        expected = clip(2)[8 * group : 8 * group + 8]
        digest = hashlib.sha256(said + bytes([group == 1])).digest()[:16]
        assert plain == b"".join(packet.payload for packet in expected) + digest


def forged(data: bytes, change: Any) -> bytes:
    """The stream with its groups changed, and all its checksums made right again."""
    pieces = list(container.Reader(io.BytesIO(data)).pieces())
    starts = [piece.offset for piece in pieces if piece.kind in ("group", "end")]
    header = bytearray(data[: pieces[0].head_bytes - 4])
    groups = [bytearray(data[a : b - 4]) for a, b in pairwise(starts)]
    groups = change(header, groups) or groups
    seed = zlib.crc32(header)
    out = bytes(header) + seed.to_bytes(4, "little")
    packets = 0
    for number, group in enumerate(groups):
        group[3] = number
        out += bytes(group) + zlib.crc32(group, seed).to_bytes(4, "little")
        packets += 8
    end = b"\xa3" + layout.pack_number(len(groups)) + layout.pack_number(packets)
    return out + end + zlib.crc32(end, seed).to_bytes(4, "little")


def flip(at: int) -> Any:
    def change(header: bytearray, groups: list[bytearray]) -> None:
        groups[1][at] ^= 1

    return change


def rate(header: bytearray, groups: list[bytearray]) -> None:
    header[header.index(b"avif") + 3] ^= 1


CHANGES = {
    "a byte of a payload": flip(30),
    "a byte of the seal": flip(-3),
    "the header": rate,
    "groups changed over": lambda header, groups: [groups[1], groups[0], groups[2]],
    "the first group gone": lambda header, groups: groups[1:],
    "the last group gone": lambda header, groups: groups[:-1],
    "a group doubled": lambda header, groups: [*groups, groups[-1]],
    "no seal": lambda header, groups: [groups[0], groups[1][:-42] + b"\xa2", groups[2]],
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_whoever_repairs_the_checksums_is_noticed(what: str) -> None:
    data = written(clip())
    assert read(forged(data, lambda header, groups: None)) == clip()
    with pytest.raises(GenvcError):
        read(forged(data, CHANGES[what]))


def test_times_and_keys_of_packets_are_authenticated() -> None:
    packets = clip(1)
    key = sealing.new_key(WORD)
    seal = sealing.Seal(key, b"header", 0)
    cipher = [Packet(seal.payload(one), one.pts, one.key, one.track) for one in packets]
    value = seal.close(True).value
    assert sealing.opened(key, b"header", 0, cipher, value) == (packets, True)
    first = cipher[0]
    for other in (
        Packet(first.payload, first.pts + 1, True),
        Packet(first.payload, first.pts, False),
        Packet(first.payload, first.pts, True, 1),
    ):
        with pytest.raises(CorruptStream):
            sealing.opened(key, b"header", 0, [other, *cipher[1:]], value)
    assert "secret" not in repr(key)


def test_one_group_opens_without_the_others(tmp_path: Path) -> None:
    data = written(clip(4))
    starts = [piece.offset for piece in container.Reader(io.BytesIO(data)).pieces() if piece.kind == "group"]
    (tmp_path / "a").write_bytes(data[: starts[1]] + data[starts[2] : starts[3] + 20])
    rest = container.Salvage(tmp_path / "a", WORD)
    assert [one for group in rest.groups() for one in group.packets] == clip(4)[:8] + clip(4)[16:24]
    with pytest.raises(BadInput, match="passphrase"):
        list(container.Salvage(tmp_path / "a").groups())


def test_a_long_encrypted_group_goes_on_in_another() -> None:
    long = [Packet(b"x", k, k == 0) for k in range(9000)]
    assert read(written(long)) == long
    large = [Packet(bytes(1 << 24), k, k == 0) for k in range(3)]
    assert read(written(large)) == large


def test_keys_that_cost_too_much_and_other_schemes_are_refused() -> None:
    value = sealing.new_key(WORD).value
    for wrong in (b"", b"\2" + value[1:], b"\1\x1f" + value[2:], b"\1\0" + value[2:]):
        with pytest.raises(Unsupported):
            sealing.unlock(wrong, WORD)
    with pytest.raises(CorruptStream):
        sealing.unlock(value[:-1], WORD)
    with pytest.raises(BadInput, match="empty"):
        sealing.new_key("")


def test_the_command_takes_the_passphrase_from_the_environment(
    tmp_path: Path, make_clip: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    clear, coded, shown = tmp_path / "a.mkv", tmp_path / "a.gvc", tmp_path / "b.mkv"
    media.write(clear, make_clip(32, 32, 3), Fraction(25))
    encode = ["encode", str(clear), str(coded), "--codec", "avif", "--encrypt"]
    monkeypatch.delenv("GENVC_PASSPHRASE", raising=False)
    assert run(encode) == 2
    monkeypatch.setenv("GENVC_PASSPHRASE", WORD)
    assert run(encode) == 0
    assert run(["decode", str(coded), str(shown)]) == 0
    assert len(list(media.frames(shown)[1])) == 3
    assert run(["info", str(coded)]) == 0
    assert "encrypted" in capsys.readouterr().out
    monkeypatch.setenv("GENVC_PASSPHRASE", "guess")
    assert run(["decode", str(coded), "--to", "md5"]) == 1
    monkeypatch.delenv("GENVC_PASSPHRASE")
    assert run(["decode", str(coded), "--to", "md5"]) == 1
    assert run(["edit", str(coded), str(tmp_path / "c.gvc"), "--freeze"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "genvc: wrong passphrase"
    assert errors[1] == "genvc: the stream is encrypted; it needs its passphrase"
    assert genvc.decode_file(coded, None, passphrase=WORD).frames == 3


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    data = written(clip())
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    for work in (lambda: written(clip()), lambda: read(data)):
        with pytest.raises(Unsupported, match=r"pip install 'genvc\[crypto\]'"):
            work()
