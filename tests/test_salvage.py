"""What is left of files that were cut, damaged or never finished can be decoded."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import genvc
from genvc import container, media
from genvc.beside import beside, unfinished
from genvc.cli import run
from genvc.container import Salvage
from genvc.errors import BadInput, CorruptStream, GenvcError, Notice
from genvc.types import Packet, StreamInfo

INFO = StreamInfo("avif", "", 32, 32, Fraction(25))


def clip(groups: int, each: int = 3) -> list[Packet]:
    return [Packet(bytes([k]) * (k % 40), k, k % each == 0) for k in range(groups * each)]


def written(packets: list[Packet]) -> bytes:
    file = io.BytesIO()
    container.write(file, INFO, packets)
    return file.getvalue()


def saved(path: Path, data: bytes) -> tuple[Salvage, list[Packet]]:
    path.write_bytes(data)
    rest = Salvage(path)
    return rest, [packet for group in rest.groups() for packet in group.packets]


def test_a_whole_file_is_read_as_ever(tmp_path: Path) -> None:
    rest, packets = saved(tmp_path / "a", written(clip(5)))
    assert packets == clip(5)
    assert rest.whole
    assert rest.checked == rest.saved == 5


def test_a_file_cut_anywhere_gives_its_finished_groups_and_whole_packets(tmp_path: Path) -> None:
    data = written(clip(4))
    reader = container.Reader(io.BytesIO(data))
    pieces = list(reader.pieces())
    ends = [one.offset + one.head_bytes + len(one.packet.payload) for one in pieces if one.packet is not None]
    header = pieces[0].head_bytes
    for cut in range(header, len(data)):
        rest, packets = saved(tmp_path / "a", data[:cut])
        assert packets == clip(4)[: sum(end <= cut for end in ends)]
        assert not rest.whole
    for cut in range(header):
        with pytest.raises(CorruptStream):
            saved(tmp_path / "a", data[:cut])


def test_a_damaged_group_is_left_out_and_no_other(tmp_path: Path) -> None:
    data = written(clip(6))
    starts = [piece.offset for piece in container.Reader(io.BytesIO(data)).pieces() if piece.kind == "group"]
    source = random.Random(1)
    for _ in range(60):
        place = source.randrange(starts[2], starts[3])
        changed = bytearray(data)
        changed[place] ^= 1 << source.randrange(8)
        rest, packets = saved(tmp_path / "a", bytes(changed))
        assert packets == [packet for packet in clip(6) if not 6 <= packet.pts < 9]
        assert (rest.checked, rest.saved, rest.whole) == (5, 5, False)


def test_stretches_lost_or_put_in_are_passed_over(tmp_path: Path) -> None:
    data = written(clip(6))
    starts = [piece.offset for piece in container.Reader(io.BytesIO(data)).pieces() if piece.kind == "group"]
    _, packets = saved(tmp_path / "a", data[: starts[1]] + data[starts[3] :])
    assert [packet.pts for packet in packets] == [*range(3), *range(9, 18)]
    _, packets = saved(tmp_path / "a", data[: starts[2]] + b"\xa0GV\2" + bytes(5000) + data[starts[2] :])
    assert packets == clip(6)


def test_a_group_that_goes_on_with_a_lost_one_is_left_out(tmp_path: Path) -> None:
    long = [Packet(b"x", k, k in (0, 9000)) for k in range(9003)]
    data = bytearray(written(long))
    starts = [
        piece.offset for piece in container.Reader(io.BytesIO(bytes(data))).pieces() if piece.kind == "group"
    ]
    assert len(starts) == 4
    data[starts[1] + 9] ^= 1
    _, packets = saved(tmp_path / "a", bytes(data))
    assert [packet.pts for packet in packets] == [*range(4096), *range(9000, 9003)]


def test_groups_of_another_stream_are_not_taken(tmp_path: Path) -> None:
    other = io.BytesIO()
    container.write(other, StreamInfo("avif", "", 32, 34, Fraction(25)), clip(3))
    rest, packets = saved(tmp_path / "a", written(clip(1))[:-7] + other.getvalue())
    assert packets == clip(1)
    assert rest.checked == 1


def test_bytes_that_look_like_beginnings_do_not_take_for_ever(tmp_path: Path) -> None:
    data = written(clip(1))
    began = time.process_time()
    # each mark begins a group that reaches over all the marks behind it
    trap = (b"\xa0GV\1\0" + b"\x7f\xff\xff\x3f") * 20_000
    with pytest.raises(CorruptStream, match="looks like the beginning"):
        saved(tmp_path / "a", data[:-7] + trap)
    assert time.process_time() - began < 20


def test_mutated_files_are_saved_or_refused(tmp_path: Path) -> None:
    source = random.Random(5)
    data = written(clip(5))
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(source.randrange(1, 9)):
            changed[source.randrange(len(changed))] = source.randrange(256)
        (tmp_path / "a").write_bytes(changed)
        try:
            groups = list(Salvage(tmp_path / "a").groups())
        except GenvcError:
            continue
        assert {packet for group in groups if group.checked for packet in group.packets} <= set(clip(5))
        assert all(group.checked for group in groups[:-1])


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory, make_clip: Any) -> Path:
    folder = tmp_path_factory.mktemp("salvage")
    media.write(folder / "in.mkv", make_clip(32, 32, 8), Fraction(25))
    genvc.encode_file(folder / "in.mkv", folder / "whole.gvc", "avif")
    return folder / "whole.gvc"


def test_the_command_decodes_what_is_left_and_says_so(stream: Path, tmp_path: Path, capsys: Any) -> None:
    data = stream.read_bytes()
    cut = tmp_path / "cut.gvc"
    cut.write_bytes(data[: len(data) * 3 // 4])
    assert run(["decode", str(cut), str(tmp_path / "a.mkv")]) == 1
    assert not (tmp_path / "a.mkv").exists()
    with pytest.warns(Notice, match="saved what was left: [4567] whole groups"):
        assert run(["decode", "--salvage", str(cut), str(tmp_path / "a.mkv")]) == 0
    kept = list(media.frames(tmp_path / "a.mkv")[1])
    whole = tmp_path / "b.mkv"
    assert run(["decode", str(stream), str(whole)]) == 0
    for frame, other in zip(kept, media.frames(whole)[1], strict=False):
        assert (frame.rgb == other.rgb).all()
    assert 4 <= len(kept) < 8
    capsys.readouterr()


def test_nothing_to_save_is_one_line(stream: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.gvc").write_bytes(stream.read_bytes()[:30])
    assert run(["decode", "--salvage", str(tmp_path / "a.gvc"), "--to", "md5"]) == 1
    assert run(["decode", "--salvage", "-", "--to", "md5"]) == 1
    assert run(["decode", "--salvage", str(tmp_path / "none.gvc"), "--to", "md5"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "genvc: nothing can be saved: no group is whole"
    assert "pipe cannot be saved" in errors[1]
    assert "cannot read" in errors[2]


def test_a_group_that_its_codec_refuses_does_not_spoil_the_next(stream: Path, tmp_path: Path) -> None:
    info, packets = container.read(stream)
    held = list(packets)
    held[2] = Packet(b"no picture", held[2].pts, True)
    container.write(tmp_path / "a.gvc", info, held)
    with pytest.warns(Notice, match="1 could not be shown"):
        assert genvc.decode_file(tmp_path / "a.gvc", None, salvage=True).frames == 7


WRITER = """
import sys, time
from fractions import Fraction
from genvc import container
from genvc.types import Packet, StreamInfo
def packets():
    for k in range(10**6):
        if k == 40:
            print("ready", flush=True)
            time.sleep(60)
        yield Packet(bytes([k]) * 9, k, k % 4 == 0)
container.write(sys.argv[1], StreamInfo("avif", "", 32, 32, Fraction(25)), packets())
"""


def test_what_a_killed_writer_had_finished_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "out.gvc"
    working = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert working.stdout is not None
    assert working.stdout.readline() == "ready\n"
    working.send_signal(signal.SIGKILL)
    working.wait(30)
    working.stdout.close()
    assert not path.exists()
    (part,) = unfinished(str(path))
    rest = Salvage(Path(part))
    groups = list(rest.groups())
    # nine groups were finished, the tenth was not
    assert [packet.pts for group in groups for packet in group.packets if group.checked] == list(range(36))
    # it is found by the name of the file that it was to become; its packets are no pictures
    with pytest.warns(Notice, match="never finished"), pytest.warns(Notice, match="9 whole groups"):
        genvc.decode_file(path, None, salvage=True)


def test_temporary_names_are_short_hidden_and_found_again(tmp_path: Path) -> None:
    for name in ("a.gvc", "ä" * 120 + ".gvc", "\U0001f600" * 60 + ".gvc", "[a*]?.gvc", "a b.gvc", "-a.gvc"):
        path = str(tmp_path / name)
        made = beside(path)
        assert os.path.basename(made).startswith(".")
        Path(made).write_bytes(b"")
        assert unfinished(path) == [made]
        os.unlink(made)


def test_a_file_that_cannot_be_sought_in_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    def feed() -> Iterator[None]:
        with subprocess.Popen(["sh", "-c", f"cat /dev/null > '{tmp_path}/pipe'"]):
            yield

    for _ in feed():
        with pytest.raises(BadInput, match="it is no file"):
            Salvage(tmp_path / "pipe")
