"""Calls over a channel that loses datagrams, with a codec that is quick."""

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genvc
from eval.call import call
from eval.remembered import Remembered
from genvc import media
from genvc.cli import run
from genvc.errors import BadInput, CorruptStream
from genvc.loss import Losses
from genvc.types import Frame, Packet, Picture, StreamInfo

FPS = Fraction(25)


class Chain:
    """Each packet says by how much its grey differs from the last one's; of low delay."""

    wait = 0

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        return StreamInfo("chain", "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        last = 0
        for number, frame in enumerate(frames):
            value = int(frame.rgb[0, 0, 0])
            yield Packet(bytes([(value - last) % 256]), frame.pts + self.wait, number == 0)
            last = value

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        value = 0
        for packet in packets:
            if packet.payload == b"":
                raise CorruptStream("nothing")
            value = packet.payload[0] if packet.key else (value + packet.payload[0]) % 256
            yield Frame(np.full((info.height, info.width, 3), value, np.uint8), packet.pts)


def pictures(count: int) -> list[Picture]:
    return [np.full((8, 8, 3), k * 3 % 256, np.uint8) for k in range(count)]


def test_without_losses_all_is_shown_in_time() -> None:
    made = call(Chain(), pictures(50), FPS, Losses())
    assert [int(one[0, 0, 0]) for one in made.shown] == [k * 3 % 256 for k in range(50)]
    assert (made.held, made.keys, made.lost, made.undecodable) == (0, 1, 0, 0)


@pytest.mark.parametrize("copies", [0, 2])
def test_what_is_shown_is_always_a_picture_that_was_sent(copies: int) -> None:
    """After a loss the last good picture stays; nothing is decoded from what it does not fit."""
    made = call(Chain(), pictures(80), FPS, Losses(0.2, 2), copies=copies, seed=3)
    first = next(k for k, one in enumerate(made.shown) if one[0, 0, 0] != 128)
    for number, one in list(enumerate(made.shown))[first:]:
        assert int(one[0, 0, 0]) in {k * 3 % 256 for k in range(number + 1)}
    assert made.undecodable == 0
    assert 0 < made.held < 80


def test_key_pictures_come_when_they_are_asked_for_and_copies_spare_them() -> None:
    bare = call(Chain(), pictures(400), FPS, Losses(0.1), seed=2)
    copied = call(Chain(), pictures(400), FPS, Losses(0.1), copies=3, seed=2)
    assert bare.keys > 10
    assert copied.keys < bare.keys / 2
    assert copied.held < bare.held / 2
    assert copied.bytes > bare.bytes
    # a request takes its round trip
    assert bare.held / bare.keys >= 5


def test_pictures_that_wait_a_little_are_mended_in_time() -> None:
    """A copy comes with the next packet, so that a picture shown one or two later is there."""
    at_once = call(Chain(), pictures(300), FPS, Losses(0.1), copies=4, seed=2)
    later = call(Chain(), pictures(300), FPS, Losses(0.1), copies=4, delay=2, seed=2)
    assert len(later.shown) == 300
    assert later.held < at_once.held / 5
    assert (later.bytes, later.keys) == (at_once.bytes, at_once.keys)


@pytest.mark.parametrize("name", ["x264-live", "x265-live"])
def test_calls_with_classical_codecs_go_on_after_losses(name: str, make_clip: Any) -> None:
    clip = [frame.rgb for frame in make_clip(96, 64, 30)]
    whole = call(genvc.create(name, bitrate=60_000), clip, FPS, Losses())
    assert (whole.held, whole.keys, whole.undecodable) == (0, 1, 0)
    lost = call(genvc.create(name, bitrate=60_000), clip, FPS, Losses(0.15), seed=4)
    assert lost.undecodable == 0
    assert 0 < lost.held < 30
    assert lost.keys > 1


def test_repair_spares_key_pictures_of_several_datagrams() -> None:
    pytest.importorskip("raptorq", reason="the extra fec is not installed")

    class Large(Chain):
        def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
            for packet in super().encode(frames, info):
                more = 4000 * packet.key + 300 * (packet.pts % 10 == 5)
                yield Packet(packet.payload + bytes(more), packet.pts, packet.key)

    bare = call(Large(), pictures(250), FPS, Losses(0.1), copies=4, seed=2)
    mended = call(Large(), pictures(250), FPS, Losses(0.1), copies=4, repair=1, delay=2, seed=2)
    assert bare.keys > 5
    assert mended.keys <= 2
    assert mended.held < bare.held / 5
    assert mended.bytes < bare.bytes


def test_a_codec_that_looks_ahead_is_refused() -> None:
    late = Chain()
    late.wait = 1
    with pytest.raises(BadInput, match="looks ahead"):
        call(late, pictures(4), FPS, Losses())


def test_a_codec_that_remembers_makes_the_same_calls_with_less_work() -> None:
    class Counted(Chain):
        coded = decoded = 0

        def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
            for packet in super().encode(frames, info):
                self.coded += 1
                yield packet

        def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
            for frame in super().decode(packets, info):
                self.decoded += 1
                yield frame

    codec = Counted()
    remembered = Remembered(codec)
    for losses in (Losses(), Losses(0.1), Losses(0.2, 3), Losses(late=0.2), Losses(0.1)):
        for copies in (0, 2):
            plain = call(Chain(), pictures(60), FPS, losses, copies=copies, delay=1, seed=5)
            again = call(remembered, pictures(60), FPS, losses, copies=copies, delay=1, seed=5)
            assert [one.tobytes() for one in again.shown] == [one.tobytes() for one in plain.shown]
            assert (again.held, again.keys, again.bytes) == (plain.held, plain.keys, plain.bytes)
    assert codec.coded < 300
    assert codec.decoded < 300
    before = codec.coded, codec.decoded
    call(remembered, pictures(60), FPS, Losses(), seed=5)
    assert (codec.coded, codec.decoded) == before


def test_the_command_writes_its_figures(
    tmp_path: Path, make_clip: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from eval import loss_command

    monkeypatch.setattr(genvc, "create", lambda name, **options: Chain())
    monkeypatch.setattr(
        loss_command,
        "_WAYS",
        {"bare": loss_command.Way("chain", {}), "copied": loss_command.Way("chain", {}, 2, 0, 1)},
    )
    media.write(tmp_path / "a.mkv", make_clip(48, 32, 12), FPS)
    out = tmp_path / "loss.json"
    words = [
        "bench-loss",
        str(tmp_path / "a.mkv"),
        "--json",
        str(out),
        "--losses",
        "0,20x2,late10",
        "--size",
        "32",
    ]
    assert run(words) == 0
    found = json.loads(out.read_text())
    assert [(cell["way"], cell["losses"]) for cell in found["cells"]] == [
        (way, losses) for way in ("bare", "copied") for losses in ("0", "20x2", "late10")
    ]
    assert found["cells"][0]["held_share"] == 0
    assert str(tmp_path) not in out.read_text()
    assert run([*words, "--ways", "none"]) == 1
    assert run([*words[:4], "--losses", "x"]) == 2
    capsys.readouterr()
