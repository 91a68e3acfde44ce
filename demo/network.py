"""A simulated network path: bandwidth with a queue, delay, jitter and losses in bursts.

Losses follow Gilbert's model ("Capacity of a burst-noise channel", 1960): a path is good and loses nothing,
or bad and loses everything, and changes between the two with every packet.
"""

import heapq
import math
import random
from dataclasses import dataclass

from genvc.errors import BadInput

__all__ = ["Conditions", "Network"]

_QUEUE_SECONDS = 0.5
_MOST_HELD = 4096


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a path does to packets.

    bandwidth: bit/s, infinite for no limit. loss: share of packets lost, 0 to 0.9. burst: mean number of
    packets lost in a row, at least 1; never fewer than independent losses make by themselves. delay: seconds,
    one way. jitter: seconds, each packet takes up to so much longer, so that packets overtake each other.
    """

    bandwidth: float = math.inf
    loss: float = 0.0
    burst: float = 1.0
    delay: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "bandwidth": (self.bandwidth, 100.0, math.inf),
            "loss": (self.loss, 0.0, 0.9),
            "burst": (self.burst, 1.0, 100.0),
            "delay": (self.delay, 0.0, 5.0),
            "jitter": (self.jitter, 0.0, 5.0),
        }
        for name, (value, least, most) in limits.items():
            if not least <= value <= most:
                raise BadInput(f"the network's {name} is a number from {least:g} to {most:g}, not {value:g}")

    def turns(self) -> tuple[float, float]:
        """Probabilities that a good path turns bad and that a bad one turns good, at each packet."""
        recovers = 1 / max(self.burst, 1 / (1 - self.loss))
        return recovers * self.loss / (1 - self.loss), recovers


class Network:
    """One direction of a path. The same seed, packets and times give the same fate to each packet.

    Times are seconds on the caller's clock and never fall. `conditions` may be replaced while packets are
    under way: these arrive as they would have.
    """

    def __init__(self, conditions: Conditions, seed: int = 0) -> None:
        self.conditions = conditions
        self.lost = 0
        self.overflowed = 0
        self._random = random.Random(seed)
        self._bad = False
        self._free_at = -math.inf
        self._count = 0
        self._held: list[tuple[float, int, bytes]] = []

    def send(self, data: bytes, now: float) -> None:
        """Put a packet on its way; it may be lost, or dropped by a full queue."""
        now_is = self.conditions
        # two draws a packet, whatever the conditions: the losses of a seed stay where they are
        turn, late = self._random.random(), self._random.random()
        worsens, recovers = now_is.turns()
        self._bad = turn >= recovers if self._bad else turn < worsens
        begins = max(now, self._free_at)
        if begins - now > _QUEUE_SECONDS or len(self._held) >= _MOST_HELD:
            self.overflowed += 1
            return
        sent = begins + 8 * len(data) / now_is.bandwidth
        self._free_at = sent
        if self._bad:
            self.lost += 1
            return
        self._count += 1
        heapq.heappush(self._held, (sent + now_is.delay + late * now_is.jitter, self._count, data))

    def arrived(self, now: float) -> list[bytes]:
        """The packets that have arrived by now, in the order of their arrival."""
        found = []
        while self._held and self._held[0][0] <= now:
            found.append(heapq.heappop(self._held)[2])
        return found
