"""One end of a call over UDP, without a browser: sends a camera, shows or keeps what comes, and counts.

The datagrams are those of the page's simulated network; here the network is real.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from genvc.errors import BadInput, CorruptStream
from genvc.types import Packet

from .datagram import BYE, pack_echo, unpack
from .decoding import Decoding, Shown
from .encoding import Encoding
from .latest import Latest, Shot
from .meter import Meter
from .network import Conditions, Network
from .receiver import Receiver
from .sender import Sender
from .settings import AGAIN, Settings

__all__ = ["Peer", "address_of"]

_TICK = 0.01
_LARGEST = 2048
_HELLO_SECONDS = 0.5
_SILENCE_SECONDS = 10.0


def address_of(text: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT", "[::1]:PORT" or ":PORT"; raises BadInput."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise BadInput(f"an address is HOST:PORT, not '{text}'")
    return host.strip("[]") or "127.0.0.1", int(port)


class Peer:
    """Threads run from start() to stop(). over: set when the other one has said goodbye or fallen silent.

    words: why it is over. show: takes each decoded picture, in the decoder's thread.
    """

    def __init__(
        self,
        listen: tuple[str, int] | None,
        connect: tuple[str, int] | None,
        settings: Settings,
        camera: Latest | None,
        show: Callable[[Shown], None] = lambda shown: None,
        lose: Conditions | None = None,
    ) -> None:
        """lose: what happens to what is sent, beside what the real network does to it. Raises BadInput."""
        place = listen or connect
        if place is None or (listen and connect):
            raise BadInput("a call listens or connects, one of the two")
        try:
            found = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(found[0], socket.SOCK_DGRAM)
            if listen:
                self._socket.bind(found[4])
        except OSError as error:
            raise BadInput(f"no call at {place[0]} port {place[1]}: {error.strerror or error}") from error
        self._socket.settimeout(_TICK)
        self._to: Any = found[4] if connect else None
        self._connects = connect is not None
        self.over = threading.Event()
        self.words = ""
        self.received = Meter()
        self.screen = Meter()
        self._show_to = show
        self._network = Network(lose or Conditions(), 1)
        self._lock = threading.RLock()
        self._sender = Sender(self._out, settings.mend)
        self._receiver = Receiver(settings.mend == AGAIN)
        self._decoding = Decoding(self._show, self._spoilt)
        self.encoding = None
        if camera is not None:
            self.encoding = Encoding(settings, camera, self._put, self._behind)
        self._heard_at = time.monotonic()
        self._greeted_at = 0.0
        self._stopped = threading.Event()
        self._pump = threading.Thread(target=self._run, name="socket", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    @property
    def known(self) -> bool:
        """Whether the other one has been heard."""
        return self._receiver.heard > 0

    def start(self) -> None:
        self._decoding.start()
        self._pump.start()
        if self.encoding is not None:
            self.encoding.start()

    def stop(self) -> None:
        """Says goodbye and ends."""
        self._stopped.set()
        if self.encoding is not None:
            self.encoding.stop()
        self._decoding.stop()
        self._pump.join(5)
        if self._to is not None:
            for _ in range(3):  # it may be lost
                self._deliver(BYE)
        self._socket.close()

    def meters(self) -> dict[str, float | int | str]:
        """The figures of now."""
        now = time.monotonic()
        with self._lock:
            sent, came = self._sender.meter, self.received
            return {
                "codec": "" if self.encoding is None else self.encoding.codec,
                "error": "" if self.encoding is None else self.encoding.error,
                "sent_kbps": sent.kbps(now),
                "sent_key_kbps": sent.kbps(now, "key"),
                "sent_bytes": sent.total(),
                "sent_pictures": self._sender.next,
                "received_kbps": came.kbps(now),
                "received_bytes": came.total(),
                "shown": self.screen.counts.get("picture", 0),
                "fps": self.screen.per_second(now),
                "last_packet": sent.last,
                "round_trip_ms": 1000 * (self._receiver.round_trip or self._sender.round_trip),
                "missing": self._receiver.lost,
                "recovered": self._receiver.recovered,
                "key_requests": len(self._receiver.recoveries),
            }

    # ------------------------------------------------------------------ what the threads call

    def _behind(self) -> int:
        """Pictures that wait at the other end; as many as one likes while nobody is there."""
        return self._sender.waiting if self._to is not None else 1 << 30

    def _put(self, packet: Packet, header: bytes, shot: Shot) -> None:
        with self._lock:
            self._sender.put(packet, header, time.monotonic())

    def _out(self, data: bytes) -> None:
        self._network.send(data, time.monotonic())

    def _deliver(self, data: bytes) -> None:
        # what the machine refuses is as lost as any other packet
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self._to)

    def _run(self) -> None:
        while not self._stopped.is_set():
            data = self._next()
            now = time.monotonic()
            with self._lock:
                if data:
                    self._take(data, now)
                while self._receiver.ready:
                    self._decoding.put(self._receiver.ready.popleft())
                report = self._receiver.report(now, self._decoding.waiting)
                if report is not None:
                    self._sender.meter.add("control", len(report), now)
                    self._out(report)
                if self._connects and not self.known and now - self._greeted_at > _HELLO_SECONDS:
                    self._greeted_at = now
                    self._out(pack_echo(0))
                if self._sender.key_wanted and self.encoding is not None:
                    self._sender.key_wanted = False
                    self.encoding.key_wanted.set()
                if self._to is not None:
                    for leaving in self._network.arrived(now):
                        self._deliver(leaving)
            if (self.known or self._connects) and now - self._heard_at > _SILENCE_SECONDS:
                self._end("nothing was heard for 10 seconds")

    def _next(self) -> bytes:
        """A datagram of the other one, b"" for none."""
        try:
            data, source = self._socket.recvfrom(_LARGEST)
        except OSError:
            return b""
        # whoever comes first is the one who is called; nobody else is heard
        if self._to is None:
            try:
                unpack(data)
            except CorruptStream:
                return b""
            self._to = source
        return data if source[:2] == self._to[:2] else b""

    def _take(self, data: bytes, now: float) -> None:
        self._heard_at = now
        self.received.add("all", len(data), now)
        try:
            said = unpack(data)
            if said is None:
                self._end("the other one has ended the call")
            self._receiver.heed(said, now)
            self._sender.heed(said, now)
        except CorruptStream:
            return
        except BadInput as error:
            self._end(str(error))

    def _end(self, words: str) -> None:
        self.words = self.words or words
        self.over.set()

    def _show(self, shown: Shown) -> None:
        with self._lock:
            self.screen.add("picture", 0, time.monotonic())
        self._show_to(shown)

    def _spoilt(self) -> None:
        with self._lock:
            self._receiver.spoilt(time.monotonic())
