"""The encoder's thread of a call: pictures from a camera become packets, as fast as the machine allows."""

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache

from genvc.codec import create
from genvc.errors import GenvcError
from genvc.types import Codec, Frame, Packet

from .datagram import pack_header
from .fallback import Fallback
from .latest import Latest, Shot
from .pace import Pace
from .settings import AUTO, COMPARED, Choice, Settings, choice_of

__all__ = ["Encoding", "codec_for"]

# Pictures that may wait for the decoder before the encoder leaves some out.
_MOST_WAITING = 2
_DEBT_SECONDS = 10.0
_LEAST_SHARE = 0.5
_PAUSE = 0.2

Put = Callable[[Packet, bytes, Shot], None]
"""Takes a packet, the header of its stream, and what was taken for it."""


def codec_for(choice: Choice, bitrate: float) -> Codec:
    """The codec at a rate; kept where it has weights, for loading them takes a while."""
    # H.264 has none, and its rate is another every ten seconds: it would drive out the others
    return _made(choice, bitrate) if choice.codec == COMPARED else _kept(choice, bitrate)


def _made(choice: Choice, bitrate: float) -> Codec:
    return create(choice.codec, choice.model, **choice.all_options(bitrate))


_kept = lru_cache(maxsize=12)(_made)


class Encoding:
    """Runs until stop(). A change of settings, a lost picture or another pace begins a new stream.

    error: what ended it, "" while it runs. codec, fps: of the stream in force. generated: whether what the
    other side sees is painted by a network.
    """

    def __init__(self, settings: Settings, camera: Latest, put: Put, waiting: Callable[[], int]) -> None:
        self.settings = settings
        self.error = ""
        self.codec = ""
        self.generated = False
        self.key_wanted = threading.Event()
        self.fallback = Fallback()
        self.pace = Pace(settings.fps)
        self.busy = 0.0
        self._camera, self._put, self._waiting = camera, put, waiting
        self._stopped = threading.Event()
        self._owed = 0.0
        self._count = 0
        self._thread = threading.Thread(target=self._run, name="encoding", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Ends the thread after the picture in hand."""
        self._stopped.set()
        self._camera.close()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def change(self, settings: Settings) -> None:
        """What is to be done from the next picture on."""
        if settings.codec != self.settings.codec:
            self.fallback = Fallback()
        if (settings.codec, settings.size, settings.fps) != (
            self.settings.codec,
            self.settings.size,
            self.settings.fps,
        ):
            self.pace = Pace(settings.fps)
        self.settings = settings

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._stream()
        except GenvcError as error:
            self.error = str(error)
        except Exception as error:  # a thread's last words, or nobody hears of it
            self.error = f"unforeseen {type(error).__name__}: {error}"

    def _stream(self) -> None:
        """One stream, from its key picture until something else is wanted."""
        settings, fps = self.settings, self.pace.fps
        name = self._name(settings)
        choice = choice_of(name)
        share = max(1 - self._owed / (_DEBT_SECONDS * settings.bitrate), _LEAST_SHARE)
        # in quarters, so that few codecs are made: each has a network of its own
        codec = codec_for(choice, settings.bitrate * round(4 * share) / 4)
        info = codec.describe(settings.size, settings.size, Fraction(fps))
        self.generated = bool(getattr(codec, "generative", False))
        header = pack_header(info, self.generated)
        self.codec = name
        shots: dict[int, Shot] = {}
        self.key_wanted.clear()
        for packet in codec.encode(self._frames(settings, fps, name, shots), info):
            if packet.track == 0 and packet.pts in shots:
                self._owed += 8 * len(packet.payload) - settings.bitrate / fps
                self._owed = min(max(self._owed, 0.0), _DEBT_SECONDS * settings.bitrate)
                self._put(packet, header, shots.pop(packet.pts))

    def _name(self, settings: Settings) -> str:
        return self.fallback.codec if settings.codec == AUTO else settings.codec

    def _frames(self, settings: Settings, fps: int, name: str, shots: dict[int, Shot]) -> Iterator[Frame]:
        """Pictures as they are due, until the stream has to end."""
        due = time.monotonic()
        first = True
        while not self._stopped.is_set():
            if settings != self.settings or self._name(self.settings) != name:
                return
            if not first and (self.key_wanted.is_set() or self.pace.changed(time.monotonic())):
                return
            early = due - time.monotonic()
            if early > 0 and self._stopped.wait(early):
                return
            if self._waiting() > _MOST_WAITING:
                self.pace.missed()
                due = time.monotonic() + 1 / fps
                continue
            shot = self._camera.take(_PAUSE)
            if shot is None or shot.rgb.shape[:2] != (settings.size, settings.size):
                continue
            started = time.monotonic()
            shots[self._count] = shot
            yield Frame(shot.rgb, self._count)
            self._count += 1
            now = time.monotonic()
            self.busy = now - started
            if not first:
                # the key picture takes longer than others, and does so once
                self.pace.done(self.busy, now)
                for _ in range(int((now - due) * fps)):
                    self.pace.missed()
            due = max(due + 1 / fps, now)
            first = False
