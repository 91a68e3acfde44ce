"""The command line: quick to answer, one line for what is wrong, and pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from genvc import media
from genvc.cli import run


def genvc(*arguments: str, **named: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "genvc", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, **named)


@pytest.fixture
def clip(tmp_path: Path, make_clip: Any) -> Path:
    path = tmp_path / "clip.mkv"
    media.write(path, make_clip(48, 32, 4), Fraction(25))
    return path


@pytest.fixture
def stream(clip: Path, tmp_path: Path) -> Path:
    path = tmp_path / "clip.gvc"
    assert run(["encode", str(clip), str(path), "--codec", "avif", "--option", "speed=9"]) == 0
    return path


@pytest.mark.alone
@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["encode", "--help"], ["--version"]])
def test_help_and_list_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from genvc.cli import run; code = run(sys.argv[1:]);"
        "heavy = {'torch', 'av', 'numpy', 'PIL', 'cv2', 'mediapipe', 'lpips'} & set(sys.modules);"
        "assert not heavy, heavy; assert code == 0"
    )
    fastest = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, check=False)
        fastest = min(fastest, time.perf_counter() - started)
        assert done.returncode == 0, done.stderr.decode()
    # 0.2 s on an idle core; the rest is for busy machines
    assert fastest < 1.5


def test_list_names_codecs_and_samples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    out = capsys.readouterr().out
    assert "avif         every frame a still picture in AV1" in out
    assert "carphone" in out


def test_encode_and_decode_make_the_round_trip(
    stream: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "back.mkv"
    assert run(["decode", str(stream), str(out)]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith(f"{out}: 4 frames, ")
    assert last.endswith(" fps")
    assert run(["decode", str(stream), "--to", "md5"]) == 0
    assert capsys.readouterr().out.strip() == media.md5(media.frames(out)[1])


def test_the_last_line_says_bytes_rate_and_speed(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.gvc"
    assert run(["encode", str(clip), str(out), "--codec", "avif", "--bitrate", "40k", "--size", "16"]) == 0
    size = out.stat().st_size
    rate = size * 8 / 1000 / (4 / 25)
    text = capsys.readouterr().out
    assert text.startswith(f"{out}: {size} bytes, {rate:.2f} kbit/s, 4 frames, ")
    assert size <= 850


def test_pipes_carry_all_of_it(clip: Path, stream: Path) -> None:
    y4m = clip.with_suffix(".y4m")
    media.write(y4m, media.frames(clip)[1], Fraction(25))
    encoded = genvc("encode", "-", "-", "--codec", "avif", "--option", "speed=9", input=y4m.read_bytes())
    assert encoded.returncode == 0, encoded.stderr
    assert encoded.stdout.startswith(b"GVC")
    assert b" bytes, " in encoded.stderr
    decoded = genvc("decode", "-", "-", input=encoded.stdout)
    assert decoded.returncode == 0, decoded.stderr
    assert decoded.stdout.startswith(b"YUV4MPEG2 W48 H32 F25:1")
    assert decoded.stdout.count(b"FRAME\n") == 4
    hashed = genvc("decode", "-", "--to", "md5", input=encoded.stdout)
    assert len(hashed.stdout.strip()) == 32


def test_a_picture_and_an_mkv_come_through_a_pipe(clip: Path, tmp_path: Path) -> None:
    png = tmp_path / "one.png"
    media.write(png, [next(media.frames(clip)[1])], Fraction(1))
    for path in (png, clip):
        done = genvc("encode", "-", "-", "--codec", "avif", "--option", "speed=9", input=path.read_bytes())
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"GVC")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate"], 2, "frobnicate"),
        (["encode"], 2, "missing argument"),
        (["encode", "{clip}", "{out}"], 2, "--codec"),
        (["encode", "{clip}", "{out}", "--codec", "keypoint"], 2, "no codec 'keypoint'; installed:"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--bitrate", "fast"], 2, "--bitrate"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--bitrate", "-5k"], 2, "--bitrate"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--quality", "101"], 2, "--quality"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--option", "speed"], 2, "KEY=VALUE"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--option", "model=x"], 2, "no option of a codec"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--size", "0"], 2, "--size"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--option", "sped=1"], 1, "no option 'sped'"),
        (["encode", "{clip}", "{out}", "--codec", "avif", "--model", "big"], 1, "no models"),
        (["encode", "nowhere.mp4", "{out}", "--codec", "avif"], 1, "cannot read 'nowhere.mp4'"),
        (["encode", "{clip}", "/nowhere/a.gvc", "--codec", "avif"], 1, "/nowhere/a.gvc"),
        (["encode", "{clip}", "{clip}", "--codec", "avif"], 1, "cannot be read and written at once"),
        (["decode", "{stream}"], 2, "--to md5"),
        (["decode", "{stream}", "{out}", "--to", "md5"], 2, "--to md5"),
        (["decode", "{stream}", "--to", "sha1"], 2, "sha1"),
        (["decode", "{stream}", "a.avi"], 1, "must end in"),
        (["decode", "{clip}", "--to", "md5"], 1, "magic|not a"),
        (["decode", "nowhere.gvc", "--to", "md5"], 1, "nowhere.gvc"),
        (["info", "nowhere.gvc"], 1, "nowhere.gvc"),
        (["sample", "nothing", "{out}"], 1, "no sample 'nothing'; there are: carphone"),
        (["compare", "-", "--codec", "avif"], 1, "pipe"),
        (["compare", "{clip}", "--codec", "avif", "--against", "nonsuch"], 2, "nonsuch"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(
    arguments: list[str],
    code: int,
    words: str,
    clip: Path,
    stream: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    out = tmp_path / "made.gvc"
    filled = [part.format(clip=clip, stream=stream, out=out) for part in arguments]
    assert run(filled) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("genvc: ")
    assert captured.err.count("\n") == 1
    assert re.search(words, captured.err)
    assert not out.exists()


def test_debugging_shows_the_traceback(clip: Path) -> None:
    asked = {**os.environ, "GENVC_DEBUG": "1"}
    done = genvc("encode", "nowhere.mp4", "x.gvc", "--codec", "avif", env=asked)
    assert done.returncode == 1
    assert b"Traceback" in done.stderr
    assert b"BadInput" in done.stderr


@pytest.mark.parametrize("cut", [1, 5, 40, -1, -6])
def test_a_damaged_stream_leaves_no_file(stream: Path, tmp_path: Path, cut: int) -> None:
    damaged = tmp_path / "cut.gvc"
    damaged.write_bytes(stream.read_bytes()[:cut])
    out = tmp_path / "out.mkv"
    assert run(["decode", str(damaged), str(out)]) == 1
    assert not out.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_info_of_a_stream_accounts_for_every_byte(stream: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["info", str(stream), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["codec"], about["width"], about["height"], about["fps"]) == ("avif", 48, 32, "25")
    assert about["frames"] == 4
    assert about["bytes"] == stream.stat().st_size
    assert about["container_bytes"] + sum(track["bytes"] for track in about["tracks"]) == about["bytes"]
    assert [len(group["packets"]) for group in about["groups"]] == [1, 1, 1, 1]
    assert about["kbps"] == pytest.approx(about["bytes"] * 8 / 1000 / 0.16, rel=1e-3)
    assert run(["info", str(stream)]) == 0
    text = capsys.readouterr().out
    assert "codec               avif" in text
    assert "group 3     from frame 3: 1 packets" in text


def test_info_of_media(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(clip), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["codec"], about["width"], about["height"], about["frames"]) == ("ffv1", 48, 32, 4)


def test_info_of_a_damaged_stream_is_an_error(stream: Path, tmp_path: Path) -> None:
    content = bytearray(stream.read_bytes())
    content[len(content) // 2] ^= 4
    stream.write_bytes(content)
    assert run(["info", str(stream)]) == 1


def test_a_sample_is_written(carphone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "carphone.mkv"
    assert run(["sample", "carphone", str(out)]) == 0
    assert capsys.readouterr().out.strip() == f"{out}: 352x288, 120 frames"
    photo = tmp_path / "photo.png"
    assert run(["sample", "astronaut", str(photo)]) == 0
    assert next(media.frames(photo)[1]).rgb.shape == (512, 512, 3)


def slow_encode(tmp_path: Path, make_clip: Any) -> subprocess.Popen[bytes]:
    """An encoder that has begun to work and needs a while."""
    source = tmp_path / "long.y4m"
    media.write(source, make_clip(320, 240, 60), Fraction(25))
    command = [sys.executable, "-m", "genvc", "encode", str(source), str(tmp_path / "out.gvc")]
    working = subprocess.Popen(
        [*command, "--codec", "avif", "--option", "speed=1"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert working.poll() is None
    return working


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_it_leaves_no_half_written_file(
    tmp_path: Path, make_clip: Any, number: signal.Signals, code: int
) -> None:
    working = slow_encode(tmp_path, make_clip)
    working.send_signal(number)
    _, errors = working.communicate(timeout=30)
    assert working.returncode == code
    assert b"Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["long.y4m"]


def test_a_reader_that_goes_away_is_no_traceback(stream: Path) -> None:
    command = f"{sys.executable} -m genvc decode {stream} - | head -c 20 > /dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_a_full_disk_is_one_line(stream: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "genvc", "decode", str(stream), "-"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"no space left" in done.stderr.lower()


def test_plugged_commands_are_loaded_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from importlib.metadata import EntryPoint

    from genvc.cli import plugged

    (tmp_path / "plugged_example.py").write_text(
        '"""Says what it was told."""\n'
        "import typer\n"
        "def say(word: str, times: int = 1) -> None:\n"
        "    typer.echo(word * times)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("say", "plugged_example:say", plugged.COMMANDS)
    monkeypatch.setattr(plugged, "installed", lambda group: {"say": point})
    assert run(["--help"]) == 0
    assert "Says what it was told" in capsys.readouterr().out
    assert "plugged_example" not in sys.modules
    assert run(["say", "ho", "--times", "3"]) == 0
    assert capsys.readouterr().out == "hohoho\n"
    assert run(["say", "ho", "--times", "x"]) == 2


def test_the_api_reads_like_its_docstring(clip: Path, tmp_path: Path) -> None:
    import genvc

    assert set(genvc.__all__) <= set(dir(genvc))
    made = genvc.encode_file(clip, tmp_path / "a.gvc", "avif", options={"quality": 40})
    assert made.bytes == (tmp_path / "a.gvc").stat().st_size
    assert made.seconds == pytest.approx(0.16)
    seen: list[tuple[int, int | None]] = []
    decoded = genvc.decode_file(
        tmp_path / "a.gvc", None, progress=lambda done, total: seen.append((done, total))
    )
    assert decoded.frames == 4
    assert [done for done, _ in seen] == [1, 2, 3, 4]
    with pytest.raises(AttributeError):
        genvc.nonsense  # noqa: B018
