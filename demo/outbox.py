"""What waits to be sent to a browser: the newest picture of each kind, never a queue of them."""

import asyncio
import json
import struct
from collections import deque
from typing import Any

import numpy as np

__all__ = ["CAMERA", "CODEC", "COMPARED", "SOUND", "Outbox", "pack_message"]

CAMERA, CODEC, COMPARED, SOUND = range(4)
_HEAD = struct.Struct("<BBHIdf")
# Pictures of a kind that are sent before the first of them is known to be shown.
_MOST_UNSHOWN = 2
_MOST_SOUNDS, _MOST_TEXTS = 50, 64


def pack_message(
    kind: int,
    number: int,
    said: float | None,
    age: float,
    body: bytes,
    points: Any = None,
    generated: bool = False,
) -> bytes:
    """A picture or a piece of sound for the browser.

    said: its own clock when it sent what this was made of, in ms. age: seconds since that was taken. points:
    (n, 2 or more), in pixels.
    """
    drawn = b""
    count = 0
    if points is not None:
        places = np.clip(np.rint(np.asarray(points)[:, :2] * 16), 0, 65535).astype("<u2")
        drawn, count = places.tobytes(), len(places)
    clock = float("nan") if said is None else said
    return _HEAD.pack(kind, generated, count, number & 0xFFFFFFFF, clock, age) + drawn + body


class Outbox:
    """Belongs to one connection; all methods are called on its event loop."""

    def __init__(self) -> None:
        self.dropped = 0
        self._pictures: dict[int, tuple[int, bytes]] = {}
        self._sounds: deque[bytes] = deque(maxlen=_MOST_SOUNDS)
        self._texts: deque[str] = deque(maxlen=_MOST_TEXTS)
        self._meters: str | None = None
        self._unshown: dict[int, list[int]] = {}
        self._changed = asyncio.Event()

    def picture(self, kind: int, number: int, data: bytes) -> None:
        self.dropped += kind in self._pictures
        self._pictures[kind] = (number, data)
        self._changed.set()

    def sound(self, data: bytes) -> None:
        self._sounds.append(data)
        self._changed.set()

    def say(self, **what: Any) -> None:
        self._texts.append(json.dumps(what))
        self._changed.set()

    def meters(self, what: dict[str, Any]) -> None:
        """Newer meters take the place of those not sent yet."""
        self._meters = json.dumps({"meters": what})
        self._changed.set()

    def shown(self, kind: int, number: int) -> None:
        """The browser shows this picture: it and those before it are done."""
        self._unshown[kind] = [one for one in self._unshown.get(kind, []) if one > number]
        self._changed.set()

    async def next(self) -> str | bytes:
        """What is to be sent now, waited for."""
        while True:
            if self._texts:
                return self._texts.popleft()
            if self._sounds:
                return self._sounds.popleft()
            if self._meters is not None:
                said, self._meters = self._meters, None
                return said
            for kind in sorted(self._pictures):
                unshown = self._unshown.setdefault(kind, [])
                if len(unshown) < _MOST_UNSHOWN:
                    number, data = self._pictures.pop(kind)
                    unshown.append(number)
                    return data
            self._changed.clear()
            await self._changed.wait()
