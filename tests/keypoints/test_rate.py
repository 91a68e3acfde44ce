"""A bit rate is that of the whole file, within a tenth, or the encoder says why it is not."""

import io
import subprocess
import sys
import warnings
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import genvc
from genvc import container, media
from genvc.errors import Notice
from genvc.types import Frame, Picture
from keypoints import rate
from keypoints.syntax import SCALES

TARGETS = [2_000, 6_000, 12_000, 30_000]
# each rate on a real clip; the last one is of two groups
CLIPS = [("face_0054_a", 2_000), ("face_0060_a", 6_000), ("face_0060_a", 30_000), ("face_0099_a", 12_000)]


def rate_of(
    pictures: Iterable[Picture], fps: Fraction, bitrate: float, **options: object
) -> tuple[float, list[str]]:
    """Bit/s of the whole file, and what the encoder said."""
    clip = [Frame(rgb, index) for index, rgb in enumerate(pictures)]
    height, width = clip[0].rgb.shape[:2]
    codec = genvc.create("keypoints", device="cpu", bitrate=bitrate, **options)
    info = codec.describe(width, height, fps)
    file = io.BytesIO()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        container.write(file, info, codec.encode(clip, info), generated=codec.generative)
    notes = [str(one.message) for one in said if "instead of" in str(one.message)]
    return 8 * len(file.getvalue()) * float(fps) / len(clip), notes


def check(found: float, notes: list[str], bitrate: float) -> None:
    print(f"{found:.0f} bit/s for {bitrate}, {notes}")
    if abs(found / bitrate - 1) > 0.1:
        assert notes
    else:
        assert not notes


def test_the_sample_comes_within_a_tenth_of_six_kbits(talk: list[Picture]) -> None:
    found, notes = rate_of(talk[:75], Fraction(30000, 1001), 6000)
    assert found == pytest.approx(6000, rel=0.1)
    assert not notes


@pytest.mark.slow
@pytest.mark.parametrize("bitrate", TARGETS)
def test_the_sample_comes_within_a_tenth_of_any_rate(talk: list[Picture], bitrate: int) -> None:
    found, notes = rate_of(talk, Fraction(30000, 1001), bitrate)
    assert found == pytest.approx(bitrate, rel=0.1)
    assert not notes


@pytest.mark.slow
@pytest.mark.parametrize(("clip", "bitrate"), CLIPS)
def test_real_clips_come_within_a_tenth_of_any_rate(data: Path, clip: str, bitrate: int) -> None:
    info, frames = media.frames(data / "faces" / "val" / f"{clip}.mp4")
    found, notes = rate_of((frame.rgb for frame in frames), info.fps, bitrate)
    check(found, notes, bitrate)
    assert found == pytest.approx(bitrate, rel=0.1)


def test_groups_share_their_rate(talk: list[Picture]) -> None:
    """What one group takes too much, the next ones give back."""
    small = [rgb[::2, ::2] for rgb in [*talk[:60], *talk[59::-1]]]
    codec = genvc.create("keypoints", device="cpu", bitrate=10_000, seconds=0.6)
    info = codec.describe(88, 72, Fraction(25))
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(small)], info))
    assert sum(packet.key for packet in packets) == 8
    file = io.BytesIO()
    container.write(file, info, packets)
    assert 8 * len(file.getvalue()) * 25 / len(small) == pytest.approx(10_000, rel=0.1)


def test_what_a_group_leaves_the_next_one_takes(talk: list[Picture]) -> None:
    small = [rgb[::2, ::2] for rgb in talk]
    sizes = []
    for first in ([np.full((72, 88, 3), 99, np.uint8)] * 10, small[50:60]):
        codec = genvc.create("keypoints", device="cpu", bitrate=12_000, seconds=0.4)
        info = codec.describe(88, 72, Fraction(25))
        clip = [Frame(rgb, index) for index, rgb in enumerate([*first, *small[:10], *small[10:20]])]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Notice)
            packets = list(codec.encode(clip, info))
        assert [index for index, packet in enumerate(packets) if packet.key] == [0, 10, 20]
        sizes.append(sum(len(packet.payload) for packet in packets[10:20]))
    assert sizes[0] > 1.08 * sizes[1]
    # a fifth of its own at most, so that no group is much better than the one before
    assert sizes[0] < 1.25 * 600


def test_too_little_is_said(talk: list[Picture]) -> None:
    found, notes = rate_of(talk[:25], Fraction(25), 300)
    assert found > 330
    assert len(notes) == 1
    assert "0.30" in notes[0]
    assert f"{found / 1000:.1f}" in notes[0]


def test_a_live_clip_that_ends_before_its_key_picture_is_paid_is_said(talk: list[Picture]) -> None:
    found, notes = rate_of(talk[:4], Fraction(25), 12_000, live=True)
    assert found > 14_000
    assert len(notes) == 1
    assert "borrows from the seconds after it" in notes[0]


def test_too_much_is_said() -> None:
    found, notes = rate_of([np.full((64, 64, 3), 90, np.uint8)] * 25, Fraction(25), 1e6)
    assert found < 9e5
    assert len(notes) == 1
    assert "needs no more" in notes[0]


def test_a_quality_promises_no_rate(talk: list[Picture], recwarn: pytest.WarningsRecorder) -> None:
    codec = genvc.create("keypoints", device="cpu", quality=0)
    info = codec.describe(176, 144, Fraction(25))
    list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(talk[:3])], info))
    assert not [note for note in recwarn if "instead of" in str(note.message)]


def test_the_command_says_it_in_one_line(talk: list[Picture], tmp_path: Path) -> None:
    source, target = tmp_path / "in.mkv", tmp_path / "out.gvc"
    media.write(source, [Frame(rgb, index) for index, rgb in enumerate(talk[:4])], Fraction(25))
    command = [sys.executable, "-m", "genvc", "encode", str(source), str(target), "--device", "cpu"]
    command += ["--codec", "keypoints", "--bitrate", "300"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert target.exists()
    notes = [line for line in done.stderr.splitlines() if "instead of 0.30" in line]
    assert len(notes) == 1
    assert ".py" not in done.stderr


@pytest.mark.parametrize("budget", [0, 40, 500, 900, 2_000, 10_000, 10**7])
@pytest.mark.parametrize("count", [1, 3])
def test_pictures_fill_their_budget_and_do_not_pass_it(talk: list[Picture], budget: int, count: int) -> None:
    def code(rgb: Picture, quality: int) -> bytes:
        """Sizes as of AVIF, without its work."""
        assert 0 <= quality <= 100
        return b"\xaa" * int(rgb.size / 400 * 1.035**quality + 20 + int(rgb[0, 0, 0]) % 7)

    coded, scale = rate.fill(talk[:count], budget, code)
    size = sum(map(len, coded))
    least = sum(len(code(rgb[: int(144 * SCALES[-1]), : int(176 * SCALES[-1])], 0)) for rgb in talk[:count])
    most = sum(len(code(rgb, 100)) for rgb in talk[:count])
    if budget >= least * 1.1:
        assert size <= budget
        assert size >= 0.88 * min(budget, most)
    else:
        assert scale == len(SCALES) - 1
        assert len(coded) == count


def test_the_next_picture_is_first_tried_where_the_last_one_leads(talk: list[Picture]) -> None:
    tries: list[int] = []

    def code(rgb: Picture, quality: int) -> bytes:
        tries.append(quality)
        return bytes([quality]) * int(rgb.size / 400 * 1.035**quality)

    fill = rate.remembering(code)
    counts = []
    for number, budget in enumerate((1500.0, 1500.0, 900.0)):
        tries.clear()
        coded, scale = fill(talk[number], budget)
        assert scale == 0
        assert 0.95 * budget < len(coded) <= budget
        counts.append(len(tries))
    assert counts[0] > 1
    assert counts[1] == 1
    assert counts[2] <= 2


def test_more_quality_is_more_references_and_bytes(talk: list[Picture]) -> None:
    sizes = []
    for quality in (5, 40, 85):
        codec = genvc.create("keypoints", device="cpu", quality=quality)
        info = codec.describe(88, 72, Fraction(25))
        packets = codec.encode([Frame(rgb[::2, ::2], k) for k, rgb in enumerate(talk[:30])], info)
        sizes.append(sum(len(packet.payload) for packet in packets))
    assert sizes[0] < sizes[1] < sizes[2]
