"""Memory of a process in which encoders of calls come and go, many at once.

    python tests/load/load_encoders.py ROUNDS COUNT given-back | kept

prints the resident memory in MiB after each round, as JSON.
"""

import itertools
import json
import subprocess
import sys
import threading
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

__all__ = ["encoded"]

_SIZE, _FRAMES = 128, 6
_GIVEN_BACK, _KEPT = "given-back", "kept"
_MOST_GROWTH = 100


def encoded(rounds: int, count: int, ways: tuple[str, ...] = (_GIVEN_BACK, _KEPT)) -> dict[str, Any]:
    """MiB after each round of so many encoders at once: where memory is given back as the demo does it, and
    where it is not."""
    found: dict[str, Any] = {"rounds": rounds, "encoders": count, "pictures": _FRAMES, "faults": []}
    for way in ways:
        command = [sys.executable, str(Path(__file__).resolve()), str(rounds), str(count), way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[way.replace("-", "_") + "_mib"] = json.loads(done.stdout.splitlines()[-1])
    sizes = found[_GIVEN_BACK.replace("-", "_") + "_mib"]
    if sizes[-1] - sizes[0] > _MOST_GROWTH:
        found["faults"].append(f"memory grew from {sizes[0]} to {sizes[-1]} MiB")
    return found


def _watched(rounds: int, count: int, gives_back: bool) -> list[int]:
    from demo.clip_camera import square
    from demo.encoding import codec_for
    from demo.memory import few_arenas, give_back
    from demo.settings import Settings, choice_of
    from demo.warming import warm
    from genvc import media
    from genvc.samples import sample_path
    from genvc.types import Frame

    if gives_back:
        few_arenas()
    pictures = itertools.islice(media.frames(sample_path("carphone"))[1], _FRAMES)
    frames = [Frame(square(frame.rgb, _SIZE), frame.pts) for frame in pictures]
    settings = Settings("keypoints-warp", size=_SIZE)
    warm(settings)
    codec = codec_for(choice_of(settings.codec), settings.bitrate)
    info = codec.describe(_SIZE, _SIZE, Fraction(25))

    def call() -> None:
        list(codec.encode(iter(frames), info))
        if gives_back:
            give_back()

    sizes = []
    for _ in range(rounds):
        calls = [threading.Thread(target=call) for _ in range(count)]
        for one in calls:
            one.start()
        for one in calls:
            one.join()
        sizes.append(_resident())
    return sizes


def _resident() -> int:
    """MiB that this process holds."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    # rates are not what is looked at
    warnings.simplefilter("ignore")
    print(json.dumps(_watched(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == _GIVEN_BACK)))
