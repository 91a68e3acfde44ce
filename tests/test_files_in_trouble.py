"""Files in trouble: full disks, closed folders, odd names, inputs that change, pipes that close early."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import genvc
from genvc import container, media
from genvc.cli import run
from genvc.errors import BadInput, CorruptStream, GenvcError
from genvc.types import Frame, Packet, StreamInfo

FPS = Fraction(25)
GENVC = [sys.executable, "-m", "genvc"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, make_clip: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("trouble") / "clip.y4m"
    media.write(path, make_clip(48, 32, 4), FPS)
    return path


@pytest.fixture(scope="module")
def stream(clip: Path) -> Path:
    path = clip.with_suffix(".gvc")
    genvc.encode_file(clip, path, "avif")
    return path


def limited(command: list[str], room: int) -> "subprocess.CompletedProcess[str]":
    """Runs a command whose files cannot grow beyond so many bytes, as on a full disk."""
    return subprocess.run(
        command,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["out.mp4", "out.png", "out"])
def test_a_file_that_must_not_grow_is_one_line_and_leaves_nothing(
    stream: Path, tmp_path: Path, name: str
) -> None:
    single = tmp_path / "one.gvc"
    info, packets = container.read(stream)
    container.write(single, info, [next(packets)] if name.endswith(".png") else packets)
    done = limited([*GENVC, "decode", str(single), str(tmp_path / name)], 500)
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("genvc: ")
    assert [path.name for path in tmp_path.iterdir()] == ["one.gvc"]


def test_encoding_into_a_full_disk_is_one_line_and_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    done = limited([*GENVC, "encode", str(clip), str(tmp_path / "a.gvc"), "--codec", "avif"], 60)
    assert done.returncode == 1
    assert "file too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_written_are_one_line(
    clip: Path, stream: Path, tmp_path: Path, capsys: Any
) -> None:
    closed = Path("/proc/self/fdinfo")
    if not closed.is_dir():
        if os.geteuid() == 0:
            pytest.skip("no folder here that root cannot write to")
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o555)
    assert run(["encode", str(clip), str(closed / "a.gvc"), "--codec", "avif"]) == 1
    assert run(["decode", str(stream), str(closed / "a.mkv")]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert all(line.startswith("genvc: cannot write") for line in errors)


def test_two_processes_with_one_output_leave_one_whole_file(clip: Path, tmp_path: Path) -> None:
    jobs = []
    for quality in ("20", "80"):
        command = [*GENVC, "encode", str(clip), str(tmp_path / "a.gvc"), "--codec", "avif"]
        jobs.append(subprocess.Popen([*command, "--quality", quality], stdout=subprocess.DEVNULL))
    assert [job.wait(120) for job in jobs] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["a.gvc"]
    assert genvc.decode_file(tmp_path / "a.gvc", None).frames == 4


def test_threads_of_one_process_do_not_share_a_temporary_file(tmp_path: Path, make_clip: Any) -> None:
    frames = make_clip(48, 32, 12)
    failed: list[BaseException] = []

    def write() -> None:
        try:
            media.write(tmp_path / "a.mkv", iter(frames), FPS)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [frame.pts for frame in media.frames(tmp_path / "a.mkv")[1]] == list(range(12))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def big(tmp_path: Path) -> Path:
    """A stream of groups that are larger than what a reader takes at once."""
    info = StreamInfo("avif", "", 32, 32, FPS)
    packets = [Packet(bytes([k]) * 100_000, k, k % 2 == 0) for k in range(12)]
    container.write(tmp_path / "big.gvc", info, packets)
    return tmp_path / "big.gvc"


@pytest.mark.parametrize("change", ["cut", "emptied", "overwritten", "replaced"])
def test_a_stream_that_changes_while_it_is_read_is_corrupt_or_as_it_was(tmp_path: Path, change: str) -> None:
    path = big(tmp_path)
    packets = container.read(path, verify=True)[1]
    first = next(packets)
    if change == "cut":
        os.truncate(path, 450_000)
    elif change == "emptied":
        path.write_bytes(b"")
    elif change == "overwritten":
        with path.open("r+b") as file:
            file.seek(500_000)
            file.write(b"something else")
    else:
        # whoever holds the old file goes on with it: this is how genvc writes
        (tmp_path / "new").write_bytes(b"GVC\1")
        os.replace(tmp_path / "new", path)
        assert len([first, *packets]) == 12
        return
    with pytest.raises(CorruptStream):
        list(packets)


def test_a_clip_that_is_cut_while_it_is_read_is_an_error(tmp_path: Path, make_clip: Any) -> None:
    path = tmp_path / "clip.mkv"
    media.write(path, make_clip(320, 240, 40), FPS)
    info = genvc.create("avif", quality=20).describe(320, 240, FPS)

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(media.frames(path)[1]):
            if index == 2:
                os.truncate(path, path.stat().st_size // 2)
            yield frame

    with pytest.raises(GenvcError):
        container.write(tmp_path / "a.gvc", info, (Packet(b"x", one.pts, True) for one in frames()))
    assert [one.name for one in tmp_path.iterdir()] == ["clip.mkv"]


def test_a_clip_without_frames_is_one_line(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "none.y4m").write_bytes(b"YUV4MPEG2 W32 H32 F25:1 Ip A1:1 C444\n")
    assert run(["encode", str(tmp_path / "none.y4m"), str(tmp_path / "a.gvc"), "--codec", "avif"]) == 1
    info = StreamInfo("avif", "", 32, 32, FPS)
    container.write(tmp_path / "none.gvc", info, [])
    assert run(["decode", str(tmp_path / "none.gvc"), str(tmp_path / "a.mkv")]) == 1
    assert run(["info", str(tmp_path / "none.gvc")]) == 0
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.gvc", "none.y4m"]


NAMES = [
    "two words",
    "ärger 東京 \U0001f600",
    "-dash",
    "a'b\"c",
    "%d",
    "a:b",
    "line\nbreak",
    "ü" * 120,
    "$(x) *?",
]


@pytest.mark.parametrize("name", NAMES)
def test_files_of_any_name_go_there_and_back(clip: Path, tmp_path: Path, name: str) -> None:
    # a name alone, from its own folder: a dash at its beginning must not look like an option
    source, coded, shown = (tmp_path / f"{name}{suffix}" for suffix in (".y4m", ".gvc", ".mkv"))
    source.write_bytes(clip.read_bytes())
    assert run(["encode", str(source), str(coded), "--codec", "avif"]) == 0
    assert run(["decode", str(coded), str(shown)]) == 0
    assert len(list(media.frames(shown)[1])) == 4
    assert run(["info", str(coded)]) == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_a_pipe_that_closes_early_is_an_error_at_the_other_end(clip: Path, stream: Path) -> None:
    whole = clip.read_bytes()
    done = subprocess.run(
        [*GENVC, "encode", "-", "-", "--codec", "avif"],
        input=whole[: len(whole) // 2],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    done = subprocess.run(
        [*GENVC, "decode", "-", "-"], input=stream.read_bytes()[:-30], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1


def test_a_reader_of_our_stream_that_goes_away_stops_the_encoder(tmp_path: Path, make_clip: Any) -> None:
    media.write(tmp_path / "long.y4m", make_clip(320, 240, 60), FPS)
    # avif at its slowest would take minutes to the end
    command = [*GENVC, "encode", str(tmp_path / "long.y4m"), "-", "--codec", "avif", "--option", "speed=1"]
    working = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert working.stdout is not None
    assert working.stdout.read(3) == b"GVC"
    working.stdout.close()
    assert working.wait(60) == 1
    assert working.stderr is not None
    assert b"Traceback" not in working.stderr.read()
    working.stderr.close()


@pytest.mark.slow
def test_ten_hours_keep_their_times(tmp_path: Path) -> None:
    count = 10 * 3600 * 25
    info = StreamInfo("avif", "", 32, 32, FPS)
    path = tmp_path / "long.gvc"
    container.write(path, info, (Packet(b"x" * 9, k, k % 250 == 0) for k in range(count)))
    times = (packet.pts for packet in container.read(path, verify=True)[1])
    assert all(pts == k for k, pts in enumerate(times))
    # one byte a packet for the container, and 18 a group
    assert path.stat().st_size < count * 10 + count // 250 * 18 + 100


def test_reading_a_folder_a_device_or_nothing_is_one_line(tmp_path: Path, capsys: Any) -> None:
    for source in (str(tmp_path), "/dev/null", "", "a\0b"):
        assert run(["decode", source, "--to", "md5"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 4
    with pytest.raises(BadInput):
        genvc.decode_file("", None)
