"""Long clips: memory does not grow with them, and both ways keep up with a camera."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch

import genvc
from genvc import media
from genvc.types import Frame, Packet, Picture

_LAPTOP = 50.0  # multiplications a nanosecond, a core of some 3 GHz with AVX2

# Frames come from a few that are held, so that only what the codec holds can grow.
SCRIPT = """
import json, resource, sys
from fractions import Fraction
import cv2, torch
import genvc
from genvc import media
from genvc.types import Frame

torch.set_num_threads(2)
path, seconds = sys.argv[1], int(sys.argv[2])
held = [cv2.resize(frame.rgb, (128, 128)) for frame in media.frames(path)[1]]
held += held[::-1]
codec = genvc.create("keypoints", device="cpu", bitrate=6000)
info = codec.describe(128, 128, Fraction(25))
frames = (Frame(held[k % len(held)], k) for k in range(25 * seconds))
count = sum(1 for _ in codec.decode(codec.encode(frames, info), info))
print(json.dumps([count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def peak(carphone: Path, seconds: int) -> int:
    """KiB that a process takes at most for encoding and decoding so many seconds."""
    command = [sys.executable, "-c", SCRIPT, str(carphone), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stderr
    count, size = json.loads(done.stdout.splitlines()[-1])
    assert count == 25 * seconds
    return int(size)


@pytest.mark.slow
def test_memory_is_flat_between_ten_seconds_and_eighty(carphone: Path) -> None:
    short, long = peak(carphone, 10), peak(carphone, 80)
    print(f"{short >> 10} MiB for 10 s, {long >> 10} MiB for 80 s")
    # the frames alone are 94 MiB; the second group is held while the first one is given back
    assert long - short < 45 << 10


def _clip(data: Path) -> list[Picture]:
    frames = media.frames(data / "faces" / "val" / "face_0099_a.mp4")[1]
    return [frame.rgb for frame, _ in zip(frames, range(250), strict=False)]


def _speed(work: Iterator[object]) -> float:
    """Items a second: as they came, or as one core for itself would have made them if that is more."""
    wall, used = time.perf_counter(), time.process_time()
    count = sum(1 for _ in work)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    print(f"{count / wall:.1f} a second, {1000 * used / count:.1f} ms of processor time each")
    return count / min(wall, used)


def _pace() -> float:
    """Multiplications a nanosecond of one core's time, in a convolution of 64 channels."""
    layer = torch.nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)
    picture = torch.zeros(1, 64, 128, 128).to(memory_format=torch.channels_last)
    with torch.no_grad():
        layer(picture)
        used = time.process_time()
        for _ in range(20):
            layer(picture)
        used = time.process_time() - used
    return 20 * 64 * 64 * 9 * 128**2 / used / 1e9


@pytest.mark.alone
@pytest.mark.slow
def test_encoding_and_decoding_keep_up_with_a_camera(data: Path) -> None:
    """25 pictures of 256x256 a second each way on a laptop's core; in proportion on a slower one."""
    wanted = 25 * min(1.0, _pace() / _LAPTOP)
    print(f"wanted: {wanted:.1f} a second")
    pictures = _clip(data)
    codec = genvc.create("keypoints", device="cpu", bitrate=6000)
    info = codec.describe(256, 256, Fraction(25))
    packets: list[Packet] = []
    # what is loaded once is not what keeping up is about
    list(codec.encode([Frame(pictures[0], 0)], info))

    def encoded() -> Iterator[Packet]:
        for packet in codec.encode((Frame(rgb, k) for k, rgb in enumerate(pictures)), info):
            packets.append(packet)
            yield packet

    assert _speed(encoded()) > wanted
    assert _speed(codec.decode(iter(packets), info)) > wanted
