"""A browser without a screen: makes calls to the demo's server, shows each picture at once, and counts.

    python -m demo.visitor ADDRESS '{"start": {...}, "seconds": 20, "skip": 5}'

prints what it counted as one line of JSON. It runs in a process of its own, as a browser does.
"""

import itertools
import json
import math
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from genvc import media
from genvc.errors import GenvcError
from genvc.media.classical_still import encode_still
from genvc.samples import sample_path

from .clip_camera import square
from .outbox import CODEC

__all__ = ["visit"]

_PICTURE = 1
_UNTAKEN = 2  # as call.js
_FPS = 25
_FILMED = 100
_QUALITY = 90


def visit(address: str, start: dict[str, Any], seconds: float, skip: float) -> dict[str, Any]:
    """One call of so many seconds, of which the first ones are not counted.

    address: of the page. start: what call.js asks for; where its source is "camera" the sample is filmed.
    What comes back: pictures a second by kind, the last meters, bytes of pictures sent by the server, and
    bytes on the wire, by the server's count, while it was counted.
    """
    host = address.rstrip("/")
    url = host.replace("http", "ws", 1) + "/genvc/call"
    with connect(url, origin=Origin(host), max_size=1 << 22, compression=None) as socket:
        socket.send(json.dumps({"start": start}))
        caller = _Caller(socket)
        if start.get("source") == "camera":
            threading.Thread(target=caller.film, args=(int(start["size"]),), daemon=True).start()
        return caller.listen(seconds, skip)


class _Caller:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.room = threading.Semaphore(_UNTAKEN)

    def film(self, size: int) -> None:
        """Sends the sample clip's pictures at their pace, unless the server has not taken the last ones."""
        due = time.monotonic()
        for body in _filmed(size):
            due = max(due + 1 / _FPS, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            if not self.room.acquire(timeout=0):
                continue
            try:
                self.socket.send(struct.pack("<Bd", _PICTURE, time.monotonic() * 1000) + body)
            except ConnectionClosed:
                return

    def listen(self, seconds: float, skip: float) -> dict[str, Any]:
        """Counts until the time is over; raises GenvcError for what the server complains about."""
        begun = time.monotonic()
        shown: Counter[int] = Counter()
        delays: list[float] = []
        received = 0
        first: dict[str, Any] = {}
        meters: dict[str, Any] = {}
        counted_from = begun + skip
        while (now := time.monotonic()) < begun + seconds:
            try:
                message = self.socket.recv(timeout=max(0.01, begun + seconds - now))
            except TimeoutError:
                break
            if isinstance(message, str):
                said = json.loads(message)
                if said.get("error"):
                    raise GenvcError(said["error"])
                for _ in range(said.get("taken", 0)):
                    self.room.release()
                meters = said.get("meters", meters)
                if "meters" in said and now >= counted_from and not first:
                    first = meters
                continue
            kind, _, _, number, clock, age = struct.unpack_from("<BBHIdf", message)
            self.socket.send(json.dumps({"shown": [kind, number]}))
            if now >= counted_from:
                shown[kind] += 1
                received += len(message)
                if kind == CODEC:
                    delays.append(age * 1000 if math.isnan(clock) else time.monotonic() * 1000 - clock)
        if not meters or not first:
            raise GenvcError("the server sent no meters")
        span = time.monotonic() - counted_from
        return {
            "seconds": span,
            "fps": {str(kind): count / span for kind, count in sorted(shown.items())},
            "delay_ms": sum(delays) / max(1, len(delays)),
            "received_bytes": received,
            "wire_bytes": meters["codec"]["bytes"] - first["codec"]["bytes"],
            "wire_seconds": meters["codec"]["seconds"] - first["codec"]["seconds"],
            "meters": meters,
        }


def _filmed(size: int) -> Iterator[bytes]:
    """JPEGs of the sample head over and over, there and back, so that it never jumps."""
    frames = itertools.islice(media.frames(str(sample_path("carphone")))[1], _FILMED)
    taken = [encode_still(square(frame.rgb, size), "JPEG", {"quality": _QUALITY}) for frame in frames]
    return itertools.cycle(taken + taken[-2:0:-1])


if __name__ == "__main__":
    asked = json.loads(sys.argv[2])
    print(json.dumps(visit(sys.argv[1], asked["start"], asked["seconds"], asked["skip"])))
