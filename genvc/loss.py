"""A channel that loses, delays, doubles and damages datagrams, and a link that lives with it.

    channel = Channel(Losses(share=0.1, burst=4), seed=1)
    for arrived in channel.carry(datagrams): ...     # those that come in before the next one is sent

The same seed and the same datagrams have the same fate. Losses follow Gilbert's model ("Capacity of a
burst-noise channel", 1960): the channel is good and loses nothing, or bad and loses everything.

The link carries the packets of a low-delay codec, whose pictures each start from the one before: a lost
packet spoils all up to the next key packet. Each datagram repeats the small packets before it (redundancy as
in RFC 2198), and a gap that is not closed so is for the sender to close with a key packet.
"""

import random
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .container.layout import Cursor, pack_bytes, pack_check, pack_number
from .errors import BadInput, CorruptStream
from .repair import Joining, cut
from .types import Packet

__all__ = ["PATIENCE", "Channel", "Losses", "Receiver", "Sender"]

PIECE = 1200
"""Bytes of a packet in one datagram at most, so that it fits nearly every path with its heads."""
PATIENCE = 5
"""Packets that a receiver should wait for what mends a gap, where the sender repairs."""
_SMALL = 126
_FEW_PIECES, _LEAST_PIECE, _SPREAD = 4, 96, 4
_MOST_PIECES = 1 << 14
_MOST_HELD, _MOST_BYTES = 64, 1 << 25


@dataclass(frozen=True, slots=True)
class Losses:
    """share: of datagrams that are lost, 0 to 0.9. burst: how many in a row on average, and never fewer than
    losses at random make, which are 1.

    late: share of datagrams that arrive `by` datagrams later. double: share that arrive twice. bit_errors:
    share of bits that arrive flipped.
    """

    share: float = 0.0
    burst: float = 1.0
    late: float = 0.0
    by: int = 2
    double: float = 0.0
    bit_errors: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "share": (self.share, 0, 0.9),
            "burst": (self.burst, 1, 100),
            "late": (self.late, 0, 1),
            "by": (self.by, 1, 100),
            "double": (self.double, 0, 1),
            "bit_errors": (self.bit_errors, 0, 0.1),
        }
        for name, (value, least, most) in limits.items():
            if not least <= value <= most:
                raise BadInput(f"the channel's {name} is a number from {least} to {most}, not {value}")

    def turns(self) -> tuple[float, float]:
        """Probabilities, at each datagram, that a good channel turns bad and that a bad one turns good."""
        recovers = 1 / max(self.burst, 1 / (1 - self.share))
        return recovers * self.share / (1 - self.share), recovers


class Channel:
    """One direction of a path. sent: datagrams so far. lost: those of them that never arrive."""

    def __init__(self, losses: Losses, seed: int = 0) -> None:
        self.losses = losses
        self.lost = 0
        self._random = random.Random(seed)
        self._bad = False
        self.sent = 0
        self._late: list[tuple[int, bytes]] = []

    def send(self, datagram: bytes) -> list[bytes]:
        """What arrives before the next one is sent, late ones of before first."""
        # draws do not hang on what happens, so that a seed's losses stay where they are
        turn, late, double = (self._random.random() for _ in range(3))
        worsens, recovers = self.losses.turns()
        self._bad = turn >= recovers if self._bad else turn < worsens
        self.sent += 1
        arrived = [data for due, data in self._late if due <= self.sent]
        self._late = [held for held in self._late if held[0] > self.sent]
        if self._bad:
            self.lost += 1
            return arrived
        copies = [self._flipped(datagram)] * (2 if double < self.losses.double else 1)
        if late < self.losses.late:
            self._late += [(self.sent + self.losses.by, data) for data in copies]
            return arrived
        return arrived + copies

    def carry(self, datagrams: Iterable[bytes]) -> Iterator[list[bytes]]:
        """For each datagram what arrives before the next; what is still late comes last."""
        for datagram in datagrams:
            yield self.send(datagram)
        yield [data for _, data in self._late]

    def _flipped(self, datagram: bytes) -> bytes:
        if not self.losses.bit_errors:
            return datagram
        found = bytearray(datagram)
        for place in range(8 * len(found)):
            if self._random.random() < self.losses.bit_errors:
                found[place // 8] ^= 1 << place % 8
        return bytes(found)


class Sender:
    """Packets to datagrams.

    datagram = number place count packet {copy} check, the place of `count` pieces, or
               number place 00 number(bytes of all) piece check, where any `bytes / size` pieces will do

    copies: how many of the small packets before go along with each, so that so many losses in a row do no
    harm. Each costs its bytes again; key packets are not repeated. repair: pieces added to each large packet
    (a key packet, or one above 126 bytes), as a share of those it has, and never fewer than two; 0 for none.
    """

    def __init__(self, copies: int = 0, repair: float = 0) -> None:
        if not 0 <= copies <= _MOST_HELD or not 0 <= repair <= 4:
            raise BadInput(f"a link has 0 to {_MOST_HELD} copies and 0 to 4 repair, not {copies}, {repair}")
        self.repair = repair
        self._before: deque[bytes] = deque(maxlen=copies)
        self._later: deque[bytes] = deque()
        self._number = 0

    def send(self, packet: Packet) -> list[bytes]:
        """The datagrams of the next packet, and some that mend earlier ones where there are any left."""
        body = bytes([packet.key]) + pack_number(packet.pts) + packet.payload
        copies = [] if packet.key else list(reversed(self._before))
        large = packet.key or len(body) > _SMALL
        mends = [self._later.popleft() for _ in range(-(-len(self._later) // _SPREAD))]
        found = self._repaired([body, *copies]) if large and self.repair else self._plain(body, copies)
        if large:
            self._before.clear()
        else:
            self._before.append(body)
        self._number += 1
        return found + mends

    def _plain(self, body: bytes, copies: Sequence[bytes]) -> list[bytes]:
        pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
        rest = b"".join(map(pack_bytes, copies)) if len(pieces) == 1 else b""
        return [
            self._datagram(place, pack_number(len(pieces)) + pack_bytes(piece) + rest)
            for place, piece in enumerate(pieces)
        ]

    def _repaired(self, bodies: Sequence[bytes]) -> list[bytes]:
        whole = b"".join(map(pack_bytes, bodies))
        # many small pieces lose fewer than half of them more surely than few large ones
        count = max(-(-len(whole) // PIECE), min(_FEW_PIECES, -(-len(whole) // _LEAST_PIECE)))
        repairs = max(2, round(self.repair * count))
        head = pack_number(0) + pack_number(len(whole))
        found = [
            self._datagram(place, head + piece) for place, piece in enumerate(cut(whole, count, repairs))
        ]
        first = len(found) - repairs // 2
        self._later.extend(found[first:])
        return found[:first]

    def _datagram(self, place: int, rest: bytes) -> bytes:
        data = pack_number(self._number) + pack_number(place) + rest
        return data + pack_check(zlib.crc32(data))


@dataclass(slots=True)
class _Plain:
    """Pieces of a packet, all of which are needed."""

    count: int
    held: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)

    def add(self, place: int, body: bytes) -> bytes | None:
        if not place < self.count <= _MOST_PIECES:
            raise CorruptStream("a datagram is a piece that cannot be")
        self.held += len(body) * (place not in self.pieces)
        self.pieces.setdefault(place, body)
        if len(self.pieces) < self.count:
            return None
        return b"".join(self.pieces[each] for each in sorted(self.pieces))


class Receiver:
    """Datagrams to packets in order, each once.

    patience: how many packets beyond a gap are waited for before it is given up; PATIENCE where the sender
    repairs. wants_key: a packet is lost for good; nothing comes until a key packet does. damaged: datagrams
    whose check was wrong, or that nobody sends. mended: packets that came by a copy or by repair. lost: those
    that were given up.
    """

    def __init__(self, patience: int = 2) -> None:
        self.patience = patience
        self.wants_key = True
        self.damaged = self.mended = self.lost = 0
        self._next = 0
        self._held: dict[int, Packet] = {}
        self._pieces: dict[int, _Plain | Joining] = {}

    def take(self, datagram: bytes) -> list[Packet]:
        """The packets whose turn has come; a datagram that is damaged or that nobody sends is passed over."""
        try:
            self._open(datagram)
        except CorruptStream:
            self.damaged += 1
        return list(self._ready())

    def _open(self, datagram: bytes) -> None:
        data, check = datagram[:-4], datagram[-4:]
        if pack_check(zlib.crc32(data)) != check:
            raise CorruptStream("a datagram's check is wrong")
        cursor = Cursor(data)
        number, place, count = cursor.number(), cursor.number(), cursor.number()
        if count == 0:
            length = cursor.number()
            piece = cursor.rest()
            whole = self._joined(number, place, piece, Joining, length, len(piece))
            bodies = [] if whole is None else _bodies(Cursor(whole), len(whole))
        else:
            bodies = _bodies(cursor, PIECE)
            if count > 1 or place:
                whole = self._joined(number, place, bodies[0], _Plain, count)
                bodies = [] if whole is None else [whole]
        for back, body in enumerate(bodies):
            if self._next <= number - back not in self._held:
                self._held[number - back] = _packet(body)
                self.mended += back > 0
        while len(self._held) > _MOST_HELD:
            del self._held[min(self._held)]

    def _joined(
        self, number: int, place: int, piece: bytes, kind: Callable[..., _Plain | Joining], *facts: int
    ) -> bytes | None:
        """The packet that a piece completes. facts: what all of its pieces say."""
        if number < self._next or number in self._held:
            return None
        if number not in self._pieces:
            self._pieces[number] = kind(*facts)
        joining = self._pieces[number]
        told = (joining.length, joining.size) if isinstance(joining, Joining) else (joining.count,)
        if told != facts:
            raise CorruptStream("a packet's pieces contradict each other")
        whole = joining.add(place, piece)
        # pictures that will never be whole are forgotten, the oldest first
        while len(self._pieces) > _MOST_HELD or sum(one.held for one in self._pieces.values()) > _MOST_BYTES:
            del self._pieces[min(self._pieces)]
        if whole is not None:
            self._pieces.pop(number, None)
            self.mended += isinstance(joining, Joining) and place * joining.size >= joining.length
        return whole

    def _ready(self) -> Iterator[Packet]:
        while self._held:
            first = min(self._held)
            if not self.wants_key and first == self._next:
                yield self._pop(first)
                continue
            keys = [number for number, packet in self._held.items() if packet.key]
            if self.wants_key and keys:
                # what lies before it cannot be decoded, and need not be
                self._held = {number: one for number, one in self._held.items() if number >= min(keys)}
                self.wants_key = False
                self.lost += max(0, min(keys) - self._next) if self._next else 0
                yield self._pop(min(keys))
                continue
            if self.wants_key or max(self._held) - self._next < self.patience:
                return
            self.wants_key = True

    def _pop(self, number: int) -> Packet:
        self._next = number + 1
        self._pieces = {other: pieces for other, pieces in self._pieces.items() if other > number}
        return self._held.pop(number)


def _bodies(cursor: Cursor, most: int) -> list[bytes]:
    found = []
    while not cursor.at_end():
        found.append(cursor.bytes(most, "a packet"))
    if not found:
        raise CorruptStream("a datagram holds nothing")
    return found


def _packet(body: bytes) -> Packet:
    cursor = Cursor(body)
    key, pts = cursor.take(1)[0], cursor.number()
    return Packet(body[1 + len(pack_number(pts)) :], pts, bool(key))
