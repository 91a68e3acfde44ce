"""The receiving end of a call: puts pictures in order, asks for what is missing, and reports."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from genvc import loss

from .datagram import (
    WRAP,
    Echo,
    Linked,
    Piece,
    Report,
    Sound,
    after,
    pack_report,
    unpack,
    unpack_key,
)

__all__ = ["Arrived", "Receiver"]

_REPORT_EVERY, _REPORT_BUSY = 0.25, 0.1
# A picture that comes this much after its successors was overtaken, not lost.
_OVERTAKEN = 0.02
# Round trips until a picture is asked for again: reports are lost, too, and a sender heeds one a round trip.
_AGAIN = 0.6
_LEAST_AGAIN = 0.04
_KEY_AGAIN = 0.25
# When to stop asking for a lost picture and ask for a key picture instead.
_PATIENCE, _PATIENCE_TRIPS = 0.8, 5.0
_MOST_HELD = 512
_MOST_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Arrived:
    """One packet for the decoder. header: of the stream, only with key pictures."""

    number: int
    key: bool
    payload: bytes
    header: bytes = b""


@dataclass(slots=True)
class _Gathered:
    """A picture whose pieces come one by one."""

    key: bool
    count: int
    parts: dict[int, bytes] = field(default_factory=dict)


class Receiver:
    """Packets come out of `ready` in order; a decoder can take each as it is.

    After a loss that was not made good in time nothing comes until the next key picture. resend: ask for
    lost pictures, else for a key picture at once; what comes with repair is never asked for again. lost,
    recovered: pictures that did not come by themselves, and those of them that came in the end. Times are the
    caller's, in seconds.
    """

    def __init__(self, resend: bool = True, on_sound: Callable[[int, bytes], None] | None = None) -> None:
        self.resend = resend
        self.ready: deque[Arrived] = deque()
        self.round_trip = 0.0
        self.lost = 0
        self.recovered = 0
        self.recoveries: deque[float] = deque(maxlen=100)
        self.heard = 0.0
        self._on_sound = on_sound
        self._link = loss.Receiver(loss.PATIENCE)
        self._begging_since: float | None = None
        self._next: int | None = None
        self._last = -1
        self._held: dict[int, Arrived] = {}
        self._parts: dict[int, _Gathered] = {}
        self._missing: dict[int, tuple[float, float]] = {}
        self._broken = True
        self._broken_at: float | None = None
        self._reported_at = -1e9
        self._urgent = False

    @property
    def key_wanted(self) -> bool:
        """Whether nothing can be shown before another key picture; not before the first packet has come."""
        return self._broken and self._last >= 0

    def take(self, data: bytes, now: float) -> None:
        """One datagram; raises CorruptStream for what a sender never sends."""
        self.heed(unpack(data), now)

    def heed(self, said: "Piece | Sound | Echo | Linked | Report | None", now: float) -> None:
        """Act on what a datagram says; reports are not for the receiver. Raises BadInput for repair where its
        package is missing."""
        self.heard = now
        if isinstance(said, Piece):
            self._piece(said, now)
        elif isinstance(said, Linked):
            self._linked(said.body, now)
        elif isinstance(said, Echo):
            trip = ((int(now * 1000) - said.stamp) % WRAP) / 1000
            self.round_trip = trip if not self.round_trip else 0.8 * self.round_trip + 0.2 * trip
        elif isinstance(said, Sound) and self._on_sound is not None:
            self._on_sound(said.number, said.body)

    def spoilt(self, now: float) -> None:
        """The decoder could not go on: a key picture is wanted."""
        self._break(now)
        self._link.wants_key = True
        self.ready.clear()

    def report(self, now: float, waiting: int) -> bytes | None:
        """What to send back now, if anything. waiting: pictures that the decoder has not taken."""
        self._give_up(now)
        missing = self._due(now)
        # who waits for the decoder has to be heard soon: the sender leaves pictures out
        every = _REPORT_BUSY if waiting else _KEY_AGAIN if self.key_wanted else _REPORT_EVERY
        if self._last < 0 or not (missing or self._urgent or now - self._reported_at >= every):
            return None
        self._reported_at = now
        self._urgent = False
        stamp, trip = int(now * 1000) % WRAP, int(self.round_trip * 1000)
        return pack_report(Report(self._last, waiting, stamp, trip, self.key_wanted, missing))

    def _piece(self, piece: Piece, now: float) -> None:
        self._begging_since = None
        number = after(piece.number, max(self._last, 0))
        if number < 0 or (self._next is not None and number < self._next) or number in self._held:
            return
        self._note(number, now)
        whole: bytes | None = piece.body
        if piece.count > 1:
            whole = self._joined(number, piece)
        if whole is None:
            return
        if number in self._missing:
            del self._missing[number]
            self.recovered += 1
        if piece.key:
            header, payload = unpack_key(whole)
            arrived = Arrived(number, True, payload, header)
        else:
            arrived = Arrived(number, False, whole)
        if self._broken and not piece.key:
            return
        if len(self._held) >= _MOST_HELD:
            self._break(now)
            return
        self._held[number] = arrived
        if piece.key and (self._broken or self._next is None or number > self._next):
            self._begin(number, now)
        self._release()

    def _linked(self, datagram: bytes, now: float) -> None:
        """A datagram of pictures that are sent with repair; they come out of the link in order."""
        self._last = max(self._last, 0)
        link = self._link
        mended, lost, begging = link.mended, link.lost, link.wants_key
        for packet in link.take(datagram):
            number = packet.pts
            # what another way of sending has overtaken is late
            if self._next is not None and number < self._next:
                continue
            header, payload = unpack_key(packet.payload) if packet.key else (b"", packet.payload)
            if packet.key:
                self._begin(number, now)
            self.ready.append(Arrived(number, packet.key, payload, header))
            self._next, self._last = number + 1, number
        self.recovered += link.mended - mended
        self.lost += link.mended - mended + link.lost - lost
        if not link.wants_key:
            self._begging_since = None
        elif not begging:
            self._break(now)
        elif self._begging_since is None:
            # a key picture may be on its way, when this way of sending has just begun
            self._begging_since = now

    def _note(self, number: int, now: float) -> None:
        """Remember what lies between the newest picture so far and this one as missing."""
        if number > self._last:
            if self._last >= 0 and not self._broken:
                for gone in range(max(self._last + 1, number - _MOST_HELD), number):
                    self._missing[gone] = (now, 0.0)
                    self.lost += 1
            self._last = number

    def _joined(self, number: int, piece: Piece) -> bytes | None:
        gathered = self._parts.get(number)
        if gathered is None or (gathered.count, gathered.key) != (piece.count, piece.key):
            gathered = self._parts[number] = _Gathered(piece.key, piece.count)
            while sum(len(part) for one in self._parts.values() for part in one.parts.values()) > _MOST_BYTES:
                del self._parts[min(self._parts)]
        gathered.parts[piece.place] = piece.body
        if len(gathered.parts) < piece.count:
            return None
        self._parts.pop(number, None)
        return b"".join(gathered.parts[place] for place in range(piece.count))

    def _begin(self, number: int, now: float) -> None:
        """Go on with a key picture, whatever came before it."""
        if self._broken and self._broken_at is not None:
            self.recoveries.append(now - self._broken_at)
        self._broken, self._broken_at = False, None
        self._next = number
        self._forget(number)

    def _release(self) -> None:
        while self._next is not None and self._next in self._held:
            self.ready.append(self._held.pop(self._next))
            self._next += 1
        if self._next is not None:
            self._forget(self._next)

    def _forget(self, before: int) -> None:
        for book in (self._held, self._parts, self._missing):
            for number in [number for number in book if number < before]:
                del book[number]

    def _due(self, now: float) -> list[int]:
        """Missing pictures to ask for now; those of which pieces are missing too, once later ones came."""
        if not self.resend:
            return []
        for number in self._parts:
            if number < self._last and number not in self._missing:
                self._missing[number] = (now, 0.0)
                self.lost += 1
        wait = max(_LEAST_AGAIN, _AGAIN * self.round_trip)
        due = []
        for number, (since, asked) in sorted(self._missing.items()):
            if now - since >= _OVERTAKEN and now - asked >= wait:
                self._missing[number] = (since, now)
                due.append(number)
        return due

    def _give_up(self, now: float) -> None:
        patience = max(_PATIENCE, _PATIENCE_TRIPS * self.round_trip) if self.resend else _OVERTAKEN
        begs = self._begging_since is not None and now - self._begging_since > _PATIENCE
        if begs or any(now - since > patience for since, _ in self._missing.values()):
            self._begging_since = None
            self._break(now)

    def _break(self, now: float) -> None:
        if not self._broken:
            self._broken_at = now
        self._broken = True
        self._urgent = True
        self._held.clear()
        self._missing.clear()
        self._parts = {number: one for number, one in self._parts.items() if one.key}
