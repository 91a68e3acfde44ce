"""Codecs for the benchmark's tests: one that works, and one for each way to fail.

Copied into a folder with an entry-point list, so that the registry finds them in fresh processes too.
"""

import os
import signal
import time
import zlib
from pathlib import Path

import numpy as np

from genvc.types import Frame, Packet, StreamInfo


class Grain:
    """Levels rounded to steps, deflated: more steps, more bytes, better pictures."""

    decoding = ("inverted",)
    inverted = False

    def __init__(self, quality=50, bitrate=None, bytes=None, quantizer=None, inverted=False):
        self.step = 64 if quality is None else 2 + (100 - quality)
        self.inverted = inverted

    def describe(self, width, height, fps):
        return StreamInfo("grain", "", width, height, fps)

    def encode(self, frames, info):
        for place, frame in enumerate(frames):
            levels = (frame.rgb // self.step).astype(np.uint8)
            yield Packet(zlib.compress(bytes([self.step]) + levels.tobytes()), frame.pts, key=place == 0)

    def decode(self, packets, info):
        for packet in packets:
            data = zlib.decompress(packet.payload)
            levels = np.frombuffer(data[1:], np.uint8).reshape(info.height, info.width, 3)
            shown = np.minimum(levels.astype(int) * data[0] + data[0] // 2, 255).astype(np.uint8)
            yield Frame(255 - shown if self.inverted else shown, packet.pts)


class Raising(Grain):
    def encode(self, frames, info):
        yield Packet(b"x", 0, key=True)
        raise RuntimeError("the encoder\nfell over")


class Dying(Grain):
    def encode(self, frames, info):
        os.kill(os.getpid(), signal.SIGKILL)
        yield Packet(b"x", 0, key=True)


class Forgetful(Grain):
    """Its decoder loses the last frame."""

    def describe(self, width, height, fps):
        return StreamInfo("forgetful", "", width, height, fps)

    def decode(self, packets, info):
        frames = list(super().decode(packets, info))
        yield from frames[:-1]


class Shrinking(Grain):
    """Its decoder gives smaller pictures back."""

    def describe(self, width, height, fps):
        return StreamInfo("shrinking", "", width, height, fps)

    def decode(self, packets, info):
        for frame in super().decode(packets, info):
            yield Frame(frame.rgb[:-2, :-2], frame.pts)


class WorkerKiller(Grain):
    """Kills the worker that runs the benchmark's cell, once; a file remembers that it did."""

    def encode(self, frames, info):
        mark = Path(os.environ["GENVC_TEST_MARK"])
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            yield from super().encode(frames, info)
            return
        # this process, the server it was forked from, the worker
        os.kill(_parent(os.getppid()), signal.SIGKILL)
        time.sleep(60)


class Threaded(Grain):
    """Writes other bits on another number of threads."""

    def __init__(self, quality=50):
        import torch

        self.step = 8 * torch.get_num_threads()

    def describe(self, width, height, fps):
        return StreamInfo("threaded", "", width, height, fps)


class Sleeping(Grain):
    """Takes ten minutes for a clip; a file says that it has begun."""

    def encode(self, frames, info):
        Path(os.environ["GENVC_TEST_MARK"]).touch()
        time.sleep(600)
        yield from super().encode(frames, info)


def _parent(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    raise OSError(pid)


def memory_of_measuring(clip, wanted):
    """Peak memory in MB of the process that measures; to be run in one of its own."""
    from eval.process import memory_mb
    from eval.stage import measure_stage

    (found,) = measure_stage(clip, wanted)
    assert "error" not in found, found
    return memory_mb()


def _maker(kind):
    def create(model="", device="auto", **options):
        return kind(**options)

    return create


grain = _maker(Grain)
raising = _maker(Raising)
dying = _maker(Dying)
forgetful = _maker(Forgetful)
shrinking = _maker(Shrinking)
killer = _maker(WorkerKiller)
threaded = _maker(Threaded)
sleeping = _maker(Sleeping)
