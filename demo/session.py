"""One browser's call: what it sends goes through a codec and a network, and comes back beside H.264.

Messages of the browser: binary are a byte of kind (1 picture, 2 sound), its clock in ms as a double, and a
JPEG or an Opus packet; text is JSON: start, set, stop, room, shown. To it: outbox.pack_message, and JSON.
"""

import asyncio
import contextlib
import json
import math
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from genvc.codec import codec_names
from genvc.errors import BadInput, GenvcError
from genvc.media.classical_still import decode_still, encode_still
from genvc.samples import sample_path

from .clip_camera import ClipCamera
from .latest import Latest, Shot
from .leg import Leg, OnScreen
from .memory import give_back
from .network import Conditions
from .outbox import CAMERA, CODEC, COMPARED, SOUND, Outbox, pack_message
from .quality import Sampler
from .rooms import Rooms
from .settings import AGAIN, Settings
from .settings import COMPARED as COMPARED_CODEC

__all__ = ["Hall", "Session"]

_PICTURE, _VOICE = 1, 2
_MOST_BYTES = 1 << 19
_MOST_SOUND_BYTES = 4000
_METERS_SECONDS = 0.5
# How often H.264's rate is set to what the codec came out with, and how far off it may be.
_TUNE_SECONDS, _TUNE_SHARE = 10.0, 0.1
_QUALITY = 90


class Hall:
    """What all sessions share."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.sessions: set[Session] = set()
        self.rooms = Rooms()
        self.sampler = Sampler()


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a browser asks for."""

    settings: Settings
    conditions: Conditions
    compare: bool = True
    points: bool = False
    sample: bool = False


class Session:
    """Lives as long as the connection."""

    def __init__(self, socket: WebSocket, hall: Hall) -> None:
        self.socket, self.hall = socket, hall
        self.outbox = Outbox()
        self.room = ""
        self.wish: _Wish | None = None
        self.leg: Leg | None = None
        self.compared: Leg | None = None
        self._clip: ClipCamera | None = None
        self._loop = asyncio.get_running_loop()
        self._numbers = 0
        self._tuned: tuple[float, int, int] = (0.0, 0, 0)

    async def run(self) -> None:
        """Serves the connection until it ends; then everything of it is gone."""
        if len(self.hall.sessions) >= self.hall.most:
            await self.socket.send_text(json.dumps({"error": "all places of this server are taken"}))
            await self.socket.close(1013)
            return
        self.hall.sessions.add(self)
        tasks = [asyncio.create_task(one()) for one in (self._send, self._measure)]
        try:
            await self._listen()
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone, perhaps in the middle of a word
        finally:
            # nothing is awaited here: the server may cancel this at any point
            for task in tasks:
                task.cancel()
            self._leave()
            self.hall.sessions.discard(self)
            threading.Thread(target=_ended, args=(self._taken_parts(),), daemon=True).start()

    # ------------------------------------------------------------------ the connection

    async def _send(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await self.outbox.next()
                if isinstance(message, str):
                    await self.socket.send_text(message)
                else:
                    await self.socket.send_bytes(message)

    async def _listen(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                if message.get("bytes") is not None:
                    await self._data(message["bytes"])
                else:
                    await self._said(json.loads(message.get("text") or ""))
            except (GenvcError, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
                words = str(error) if isinstance(error, GenvcError) else "a message that makes no sense"
                self.outbox.say(error=words)

    async def _data(self, data: bytes) -> None:
        """A picture or a piece of sound."""
        if len(data) < 10 or len(data) > _MOST_BYTES:
            raise BadInput("a message of no size that is sent")
        kind, said = struct.unpack_from("<Bd", data)
        now = time.monotonic()
        if kind == _PICTURE:
            self.outbox.say(taken=1)
            leg, wish = self.leg, self.wish
            if leg is not None and wish is not None and not wish.sample:
                size = wish.settings.size
                with contextlib.suppress(GenvcError):  # of a size that was changed meanwhile, or damaged
                    rgb = await asyncio.to_thread(decode_still, data[9:], "JPEG", size, size)
                    shot = Shot(rgb, now, said if math.isfinite(said) else None)
                    self._film(shot)
        elif kind == _VOICE and len(data) <= _MOST_SOUND_BYTES and self.leg is not None and self.room:
            self.leg.sound(data[9:], now)

    def _film(self, shot: Shot) -> None:
        for leg in (self.leg, self.compared):
            if leg is not None:
                leg.camera.put(shot)

    async def _said(self, what: dict[str, Any]) -> None:
        if not isinstance(what, dict):
            raise BadInput("a message that makes no sense")
        if "shown" in what:
            self.outbox.shown(int(what["shown"][0]), int(what["shown"][1]))
        elif "ping" in what:
            self.outbox.say(pong=what["ping"])
        elif "room" in what:
            self._enter(str(what["room"]))
        elif "start" in what:
            await self._start(_wish(what["start"]))
        elif "set" in what:
            await self._change(_wish(what["set"]))
        elif "stop" in what:
            await self._stop()
            self.outbox.say(stopped=True)
        else:
            raise BadInput("a message that makes no sense")

    # ------------------------------------------------------------------ rooms

    def _enter(self, name: str) -> None:
        """Go into a room, or with no name into a new one."""
        self._leave()
        name = name or self.hall.rooms.open()
        self.hall.rooms.enter(name, self)
        self.room = name
        self.outbox.say(room=name, others=self._other() is not None)
        if self._other() is not None:
            self._other().outbox.say(joined=True)

    def _leave(self) -> None:
        other = self._other()
        self.hall.rooms.leave(self.room, self)
        self.room = ""
        if other is not None:
            other.outbox.say(left=True)

    def _other(self) -> Any:
        return self.hall.rooms.other(self.room, self) if self.room else None

    # ------------------------------------------------------------------ the call

    async def _start(self, wish: _Wish) -> None:
        await self._stop()
        self.wish = wish
        self.leg = self._leg(wish, CODEC)
        if wish.compare and not self.room and COMPARED_CODEC in codec_names():
            self.compared = self._leg(_beside(wish), COMPARED)
        self._tuned = (time.monotonic(), 0, 0)
        if wish.sample:
            path, size = str(sample_path("carphone")), wish.settings.size
            self._clip = await asyncio.to_thread(ClipCamera, path, size, _Cameras(self._film))
            self._clip.start()
        self.outbox.say(started=True)

    async def _change(self, wish: _Wish) -> None:
        before = self.wish
        if before is None or self.leg is None:
            return
        if (wish.sample, wish.compare, wish.settings.size) != (
            before.sample,
            before.compare,
            before.settings.size,
        ):
            await self._start(wish)
            return
        self.wish = wish
        self.leg.change(wish.settings, wish.conditions)
        if self.compared is not None:
            self.compared.change(_beside(wish).settings, wish.conditions)
        self._count_from_here()

    async def _stop(self) -> None:
        await asyncio.to_thread(_ended, self._taken_parts())

    def _taken_parts(self) -> list[Any]:
        """What runs, which the session knows no more."""
        parts: list[Any] = [part for part in (self._clip, self.leg, self.compared) if part is not None]
        self._clip = self.leg = self.compared = self.wish = None
        return parts

    def _leg(self, wish: _Wish, kind: int) -> Leg:
        sampler = self.hall.sampler

        def screen(one: OnScreen) -> None:
            self._show(kind, one)

        leg = Leg(wish.settings, wish.conditions, Latest(), screen, sampler, self._voice)
        leg.start()
        return leg

    def _show(self, kind: int, one: OnScreen) -> None:
        """In the decoder's thread: a picture for the own browser, or in a room for the other one's."""
        wish = self.wish
        target = self if not self.room else self._other()
        if wish is None or target is None:
            return
        number = self._numbers = self._numbers + 1
        shown = one.shown
        said = one.shot.said if target is self else None
        points = shown.points if wish.points else None
        body = _jpeg(shown.rgb)
        data = pack_message(kind, number, said, one.delay, body, points, shown.generated)
        if wish.sample and kind == CODEC and target is self:
            source = pack_message(CAMERA, number, None, one.delay, _jpeg(one.shot.rgb))
            self._on_loop(self.outbox.picture, CAMERA, number, source)
        self._on_loop(target.outbox.picture, kind, number, data)

    def _voice(self, body: bytes, at: float) -> None:
        target = self._other()
        if target is not None:
            data = pack_message(SOUND, 0, None, time.monotonic() - at, body)
            self._on_loop(target.outbox.sound, data)

    def _on_loop(self, call: Callable[..., None], *values: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the server is closing
            self._loop.call_soon_threadsafe(call, *values)

    # ------------------------------------------------------------------ meters

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_METERS_SECONDS)
            if self.leg is None:
                continue
            found = {"codec": self.leg.meters(), "sessions": len(self.hall.sessions)}
            if self.compared is not None:
                found["compared"] = self.compared.meters()
                self._tune()
            other = self._other()
            if other is not None and other.leg is not None:
                found["other"] = other.leg.meters()
            self.outbox.meters(found)

    def _count_from_here(self) -> None:
        if self.leg is not None and self.compared is not None:
            self._tuned = (time.monotonic(), self.leg.meters()["bytes"], self.compared.meters()["bytes"])

    def _tune(self) -> None:
        """Give H.264 the rate that the codec came out with."""
        since, ours, theirs = self._tuned
        if time.monotonic() - since < _TUNE_SECONDS or self.leg is None or self.compared is None:
            return
        now = self.leg.meters()["bytes"] - ours, self.compared.meters()["bytes"] - theirs
        self._count_from_here()
        if self.wish is None or min(now) <= 0:
            return
        settings = self.compared.encoding.settings
        if abs(now[1] / now[0] - 1) > _TUNE_SHARE:
            wanted = settings.bitrate * min(max(now[0] / now[1], 0.5), 2.0)
            bitrate = min(
                max(wanted, self.wish.settings.bitrate / 4, 1000.0), 4 * self.wish.settings.bitrate, 2e6
            )
            self.compared.change(replace(settings, bitrate=bitrate), self.wish.conditions)


class _Cameras(Latest):
    """Hands each picture on at once."""

    def __init__(self, then: Callable[[Shot], None]) -> None:
        super().__init__()
        self._then = then

    def put(self, shot: Shot) -> None:
        self._then(shot)


def _ended(parts: list[Any]) -> None:
    """Ends clips and legs; waits for the picture in hand."""
    for part in parts:
        part.stop()
    parts.clear()
    give_back()


def _beside(wish: _Wish) -> _Wish:
    return replace(wish, settings=replace(wish.settings, codec=COMPARED_CODEC))


def _wish(said: dict[str, Any]) -> _Wish:
    """What JSON asks for; raises BadInput, and TypeError or ValueError for values of no sense."""
    settings = Settings(
        str(said.get("codec", "keypoints")),
        float(said.get("kbps", 12)) * 1000,
        int(said.get("size", 256)),
        int(said.get("fps", 25)),
        str(said.get("mend", AGAIN)),
    )
    bandwidth = float(said.get("bandwidth_kbps") or 0) * 1000
    conditions = Conditions(
        bandwidth or math.inf,
        float(said.get("loss_percent", 0)) / 100,
        float(said.get("burst", 1)),
        float(said.get("delay_ms", 0)) / 1000,
        float(said.get("jitter_ms", 0)) / 1000,
    )
    return _Wish(
        settings,
        conditions,
        bool(said.get("compare", True)),
        bool(said.get("points", False)),
        said.get("source") == "sample",
    )


def _jpeg(rgb: Any) -> bytes:
    return encode_still(rgb, "JPEG", {"quality": _QUALITY, "subsampling": 0})
