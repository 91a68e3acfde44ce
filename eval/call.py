"""A call over a channel that loses datagrams: what the far end sees, picture by picture.

Sender and receiver keep step with the pictures. When a packet is lost for good the receiver asks for a key
picture, which reaches the sender a round trip later; the encoder is then started anew with the next picture,
which makes a key packet with any low-delay codec. Until it arrives the last good picture stays on the screen.
Pictures may be shown a little later than they come, so that what was lost can be mended in time.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from genvc.errors import BadInput, CorruptStream
from genvc.loss import PATIENCE, Channel, Losses, Receiver, Sender
from genvc.types import Codec, Frame, Packet, Picture, StreamInfo

__all__ = ["Call", "call"]


@dataclass(frozen=True, slots=True)
class Call:
    """shown: what is on the screen when each picture is due. held: pictures that came too late for their
    time, for which the one before was shown. keys: key pictures sent. lost: share of datagrams. undecodable:
    packets that the receiver took for good and the decoder did not. bytes: of all datagrams, without the
    28 of IP and UDP that each has besides.
    """

    shown: list[Picture]
    held: int
    keys: int
    lost: float
    undecodable: int
    datagrams: int
    bytes: int


def call(
    codec: Codec,
    pictures: Sequence[Picture],
    fps: Fraction,
    losses: Losses,
    *,
    copies: int = 0,
    repair: float = 0,
    delay: int = 0,
    round_trip: float = 0.2,
    seed: int = 0,
) -> Call:
    """The call. codec: of low delay, one packet a picture. copies, repair: see loss.Sender. delay: pictures
    that each is shown later than it could be. round_trip: seconds from a loss to the key picture that mends
    it. Raises BadInput for a codec that looks ahead.
    """
    high, wide = pictures[0].shape[:2]
    info = codec.describe(wide, high, fps)
    sender, channel = Sender(copies, repair), Channel(losses, seed)
    receiver = Receiver(PATIENCE) if repair else Receiver()
    encoder, screen = _Encoder(codec, info), _Screen(codec, info)
    trip = max(1, round(round_trip * float(fps)))
    asked = -trip
    sent = size = keys = 0
    shown, held = [], 0
    for number in range(len(pictures) + delay):
        # beyond the end the call goes on as long as pictures are still to be shown
        picture = pictures[min(number, len(pictures) - 1)]
        if receiver.wants_key and number > 0 and number - asked >= trip:
            # what was seen now takes a round trip until a key picture is here; one request at a time
            asked = number
        packet = encoder.code(Frame(picture, number), anew=number == asked + trip - 1 and receiver.wants_key)
        counted = number < len(pictures)
        keys += packet.key and counted
        for data in sender.send(packet):
            sent, size = sent + counted, size + len(data) * counted
            for arrived in channel.send(data):
                for one in receiver.take(arrived):
                    screen.show(one)
        if number >= delay:
            picture, time = screen.at(number - delay)
            shown.append(picture)
            held += time != number - delay
    return Call(shown, held, keys, channel.lost / channel.sent, screen.undecodable, sent, size)


class _Encoder:
    """A codec's encoder, picture by picture."""

    def __init__(self, codec: Codec, info: StreamInfo) -> None:
        self._codec, self._info = codec, info
        self._frames: deque[Frame] = deque()
        self._packets: Iterator[Packet] | None = None

    def code(self, frame: Frame, anew: bool) -> Packet:
        """Its packet; anew: a key packet. Raises BadInput where the codec waits for more pictures."""
        if self._packets is None or anew:
            self._frames.clear()
            self._packets = iter(self._codec.encode(self._feed(), self._info))
        self._frames.append(frame)
        packet = next(self._packets, None)
        if packet is None or packet.pts != frame.pts:
            raise BadInput("a call needs a codec of low delay: this one looks ahead")
        return packet

    def _feed(self) -> Iterator[Frame]:
        while self._frames:
            yield self._frames.popleft()


class _Screen:
    """The decoder, and the pictures that wait to be shown after the one on the screen; grey at first."""

    def __init__(self, codec: Codec, info: StreamInfo) -> None:
        self._codec, self._info = codec, info
        self._waiting: deque[Packet] = deque()
        self._frames: Iterator[Frame] | None = None
        self._pictures = deque([Frame(np.full((info.height, info.width, 3), 128, np.uint8), -1)])
        self.undecodable = 0

    def show(self, packet: Packet) -> None:
        self._waiting.append(packet)
        if self._frames is None:
            self._frames = iter(self._codec.decode(self._feed(), self._info))
        try:
            self._pictures.append(next(self._frames))
        except CorruptStream:
            self._frames = None
            self.undecodable += 1

    def at(self, time: int) -> tuple[Picture, int]:
        """The picture of that time or the last before it, and its time."""
        while len(self._pictures) > 1 and self._pictures[1].pts <= time:
            self._pictures.popleft()
        return self._pictures[0].rgb, self._pictures[0].pts

    def _feed(self) -> Iterator[Packet]:
        while self._waiting:
            yield self._waiting.popleft()
