"""Clients of the demo's calls: some patient, some that read slowly, talk nonsense, or go in mid-sentence."""

import asyncio
import io
import json
import random
import struct
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

__all__ = ["Figures", "crowd"]

_PICTURES_A_SECOND = 5
_SIZE = 128
_CALL_SECONDS = (4.0, 20.0)
_TRY_AGAIN = 1013
_QUICK = {"codec": "x264-live", "kbps": 60, "size": _SIZE, "compare": False}
_NONSENSE = ("{", "[]", '{"start": 1}', '{"shown": []}', '{"set": {"size": Infinity}}', b"\1", b"")
_HEAVY = {**_QUICK, "codec": "keypoints-warp", "kbps": 12}


@dataclass(slots=True)
class Figures:
    """What all clients saw. unheard: refusals that came as a broken connection only. pings: seconds that
    answers took. faults: what a server must not do."""

    served: int = 0
    refused: int = 0
    unheard: int = 0
    cut: int = 0
    pictures: int = 0
    most_sessions: int = 0
    pings: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


async def crowd(address: str, count: int, seconds: float, figures: Figures) -> None:
    """So many clients for so long, each calling again and again."""
    until = time.monotonic() + seconds
    films = _pictures()
    await asyncio.gather(*(_client(address, number, until, films, figures) for number in range(count)))


async def _client(address: str, number: int, until: float, films: list[bytes], figures: Figures) -> None:
    dice = random.Random(number)
    await asyncio.sleep(dice.random())
    while time.monotonic() < until - 1:
        try:
            async with connect(
                f"ws://{address}/genvc/call",
                origin=f"http://{address}",
                max_size=1 << 22,
                open_timeout=60,
                close_timeout=5,
            ) as socket:
                stays = min(dice.uniform(*_CALL_SECONDS), until - time.monotonic())
                await _Call(socket, dice, number, films, figures).run(stays)
        except ConnectionClosed as error:
            if error.rcvd is None or error.rcvd.code != _TRY_AGAIN:
                figures.faults.append(f"a call ended so: {error}"[:120])
        except (OSError, TimeoutError) as error:
            figures.faults.append(f"no connection: {error!r}"[:120])
        await asyncio.sleep(dice.uniform(0.5, 2.0))


class _Call:
    def __init__(
        self, socket: Any, dice: random.Random, number: int, films: list[bytes], figures: Figures
    ) -> None:
        self.socket, self.dice, self.films, self.figures = socket, dice, films, figures
        self.wish = _HEAVY if number % 10 == 0 else _QUICK
        self.slow, self.rude, self.silly = (number % 5 == kind for kind in (1, 2, 3))
        self._asked: dict[int, float] = {}

    async def run(self, seconds: float) -> None:
        try:
            await self._say(ping=-1)
            if await self._refused():
                return
        except ConnectionClosed as error:
            if error.rcvd is not None:
                raise
            # what this client said crossed the refusal, and its answer was lost
            self.figures.refused += 1
            self.figures.unheard += 1
            return
        self.figures.served += 1
        await self._say(start=self.wish)
        reading = asyncio.create_task(self._read())
        try:
            await self._film(seconds)
            if self.rude:
                # gone without a word
                self.figures.cut += 1
                self.socket.transport.abort()
                return
            await self._say(stop=True)
            await asyncio.sleep(0.2)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _refused(self) -> bool:
        """Whether all places are taken; the first answer says so, and the connection is closed after it."""
        said = json.loads(await self.socket.recv())
        if "all places" not in said.get("error", ""):
            return False
        try:
            await self.socket.recv()
            self.figures.faults.append("a client was refused and kept")
        except ConnectionClosed as error:
            if error.rcvd is None or error.rcvd.code != _TRY_AGAIN:
                raise
            self.figures.refused += 1
        return True

    async def _film(self, seconds: float) -> None:
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            now = time.monotonic()
            body = self.films[number % len(self.films)]
            await self.socket.send(struct.pack("<Bd", 1, 1000 * now) + body)
            if number % _PICTURES_A_SECOND == 0:
                self._asked[number] = now
                await self._say(ping=number)
            if self.silly and number % 7 == 3:
                await self.socket.send(
                    self.dice.choice(["{", "[]", '{"start": 1}', '{"shown": []}', b"\1", b""])
                )
            number += 1
            await asyncio.sleep(1 / _PICTURES_A_SECOND)

    async def _read(self) -> None:
        while True:
            message = await self.socket.recv()
            if isinstance(message, str):
                self._heard(json.loads(message))
            else:
                kind, number = message[0], struct.unpack_from("<I", message, 4)[0]
                self.figures.pictures += 1
                if self.slow:
                    await asyncio.sleep(2)
                await self._say(shown=[kind, number])

    def _heard(self, said: dict[str, Any]) -> None:
        asked = self._asked.pop(said.get("pong", -2), None)
        if asked is not None and not self.slow:
            self.figures.pings.append(time.monotonic() - asked)
        meters = said.get("meters")
        if meters:
            self.figures.most_sessions = max(self.figures.most_sessions, meters["sessions"])

    async def _say(self, **what: Any) -> None:
        await self.socket.send(json.dumps(what))


def _pictures() -> list[bytes]:
    """Some pictures that move, as JPEG."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE]
    found = []
    for number in range(10):
        rgb = np.stack([x * 2, y * 2, (x + y + 12 * number)], 2) % 256
        file = io.BytesIO()
        Image.fromarray(rgb.astype(np.uint8)).save(file, "JPEG")
        found.append(file.getvalue())
    return found
