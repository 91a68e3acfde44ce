"""The sending end of a call: numbers pictures, mends losses, and knows when a key picture is due."""

from collections import OrderedDict
from collections.abc import Callable

from genvc import loss
from genvc.types import Packet

from .datagram import (
    Echo,
    Report,
    Sound,
    after,
    body_of,
    pack_echo,
    pack_linked,
    pack_picture,
    pack_sound,
    unpack,
)
from .meter import Meter
from .settings import AGAIN, REPAIR

__all__ = ["Sender"]

_KEPT_SECONDS = 2.0
_KEPT = 256
# Several reports of one loss come before the second try can have arrived.
_LEAST_AGAIN = 0.03
_LEAST_KEY_GAP = 0.4
# With repair each datagram repeats the two small pictures before it; large ones get three quarters of their
# pieces besides.
_COPIES, _REPAIRED = 2, 0.75


class Sender:
    """Everything that leaves goes through `transmit` and is counted. Times are the caller's, in seconds.

    key_wanted: the receiver cannot go on without a key picture. waiting: pictures that its decoder has not
    taken, as last reported. round_trip: seconds, as last reported. next, keys: pictures so far.
    """

    def __init__(self, transmit: Callable[[bytes], None], mend: str = AGAIN) -> None:
        self.mend = mend
        self.meter = Meter()
        self.key_wanted = False
        self.waiting = 0
        self.round_trip = 0.0
        self.next = 0
        self.keys = 0
        self.sounds = 0
        self._transmit = transmit
        self._key_at = -1e9
        self._kept: OrderedDict[int, tuple[float, list[bytes]]] = OrderedDict()
        self._again: dict[int, float] = {}
        self._link = loss.Sender(_COPIES, _REPAIRED)

    def put(self, packet: Packet, header: bytes, now: float) -> int:
        """Send one packet of a codec; the number it got."""
        number = self.next
        self.next += 1
        plain = pack_picture(number, packet.key, packet.payload, header)
        parts = plain if self.mend != REPAIR else self._repaired(number, packet, header)
        if packet.key:
            self.keys += 1
            self.key_wanted = False
            self._key_at = now
        self._kept[number] = (now, parts)
        while len(self._kept) > _KEPT or now - next(iter(self._kept.values()))[0] > _KEPT_SECONDS:
            self._again.pop(self._kept.popitem(last=False)[0], None)
        size, own = (sum(map(len, one)) for one in (parts, plain))
        self.meter.add("key" if packet.key else "picture", own, now)
        self.meter.add("repair", size - own, now)
        for part in parts:
            self._transmit(part)
        self.meter.last = size
        return number

    def _repaired(self, number: int, packet: Packet, header: bytes) -> list[bytes]:
        """A picture's datagrams, with what mends it and those before."""
        body = body_of(packet.key, packet.payload, header)
        return [pack_linked(data) for data in self._link.send(Packet(body, number, packet.key))]

    def put_sound(self, body: bytes, now: float) -> int:
        """Send one packet of sound, which is never sent again."""
        number = self.sounds
        self.sounds += 1
        self._out(pack_sound(number, body), "sound", now)
        return number

    def take(self, data: bytes, now: float) -> None:
        """What the receiver sent back; raises CorruptStream for what it never sends."""
        self.heed(unpack(data), now)

    def heed(self, said: "Report | Echo | Sound | object", now: float) -> None:
        """Act on a report; anything else is not for the sender."""
        if not isinstance(said, Report):
            return
        self.waiting = said.waiting
        self.round_trip = said.round_trip / 1000
        self._out(pack_echo(said.stamp), "control", now)
        gap = max(_LEAST_AGAIN, 0.8 * self.round_trip)
        if self.mend == AGAIN:
            for low in said.missing:
                number = after(low, self.next)
                if number in self._kept and now - self._again.get(number, self._kept[number][0]) > gap:
                    self._again[number] = now
                    for part in self._kept[number][1]:
                        self._out(part, "again", now)
        # one that has just gone out may be on its way
        if said.key_wanted and now - self._key_at > max(_LEAST_KEY_GAP, 1.5 * self.round_trip):
            self.key_wanted = True

    def _out(self, data: bytes, kind: str, now: float) -> None:
        self.meter.add(kind, len(data), now)
        self._transmit(data)
