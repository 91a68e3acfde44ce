"""Many decoders at once: in one process, stream beside stream and in threads, and in many processes."""

import hashlib
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["decoded"]

CODECS: dict[str, dict[str, Any]] = {
    "keypoints": {"bitrate": 8000, "live": True},
    "predictive": {"quality": 30},
    "x264-live": {"bitrate": 60_000},
}
_FPS = 25


def decoded(clip: Path, count: int, frames: int, size: int = 256) -> dict[str, Any]:
    """Each codec's stream of the clip decoded `count` times at once, in three ways."""
    import torch

    import genvc
    from genvc import media

    torch.set_num_threads(1)
    info, source = media.frames(os.fspath(clip), size)
    pictures = list(islice(source, frames))
    found: dict[str, Any] = {"decoders": count, "pictures": len(pictures), "size": size, "faults": []}
    for name, options in CODECS.items():
        codec = genvc.create(name, device="cpu", **options)
        about = codec.describe(pictures[0].rgb.shape[1], pictures[0].rgb.shape[0], info.fps)
        packets = list(codec.encode(iter(pictures), about))
        decoder = genvc.create(name, about.model, "cpu")
        began = time.process_time()
        alone = _hash(decoder.decode(iter(packets), about))
        once = time.process_time() - began
        one = {
            "alone": _cost(once, 1, len(pictures)),
            "beside": _beside(decoder, packets, about, count),
            "threads": _threads(decoder, packets, about, count),
            "processes": _processes(name, packets, about, count),
        }
        for way, made in one.items():
            if set(made.pop("hashes", [alone])) != {alone}:
                found["faults"].append(f"{name}: pictures differ where {way} are many")
        found[name] = one
    return found


def _beside(decoder: Any, packets: list[Any], info: Any, count: int) -> dict[str, Any]:
    """One object, its generators taking turns picture by picture."""
    began, before = time.process_time(), _peak()
    streams = [decoder.decode(iter(packets), info) for _ in range(count)]
    hashes = [hashlib.sha256() for _ in streams]
    for _ in packets:
        for stream, found in zip(streams, hashes, strict=True):
            found.update(next(stream).rgb.tobytes())
    cost = _cost(time.process_time() - began, count, len(packets))
    return {**cost, "mib_each": (_peak() - before) // count, "hashes": [one.hexdigest() for one in hashes]}


def _threads(decoder: Any, packets: list[Any], info: Any, count: int) -> dict[str, Any]:
    found: list[str] = []
    began = time.process_time()
    threads = [
        threading.Thread(target=lambda: found.append(_hash(decoder.decode(iter(packets), info))))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    missing = ["nothing"] * (count - len(found))
    return {**_cost(time.process_time() - began, count, len(packets)), "hashes": found + missing}


def _processes(name: str, packets: list[Any], info: Any, count: int) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        made = pool.starmap(_process, [(name, packets, info)] * count)
    cost = _cost(sum(one[1] for one in made), count, len(packets))
    return {**cost, "mib_each": max(one[2] for one in made), "hashes": [one[0] for one in made]}


def _process(name: str, packets: list[Any], info: Any) -> tuple[str, float, int]:
    import torch

    import genvc

    torch.set_num_threads(1)
    decoder = genvc.create(name, info.model, "cpu")
    began = time.process_time()
    found = _hash(decoder.decode(iter(packets), info))
    return found, time.process_time() - began, _peak()


def _hash(frames: Iterator[Any]) -> str:
    found = hashlib.sha256()
    for frame in frames:
        found.update(frame.rgb.tobytes())
    return found.hexdigest()


def _cost(seconds: float, count: int, pictures: int) -> dict[str, Any]:
    """What a picture takes of the processor, and how many streams at 25 a second one core decodes."""
    each = seconds / (count * pictures)
    return {"cpu_ms_a_picture": round(1000 * each, 2), "sessions_a_core": round(1 / (_FPS * each), 2)}


def _peak() -> int:
    """MiB of this process at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
