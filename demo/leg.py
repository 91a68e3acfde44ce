"""One direction of a call: camera, encoder, simulated network, decoder, screen."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from genvc.types import Packet

from .decoding import Decoding, Shown
from .encoding import Encoding
from .latest import Latest, Shot
from .meter import Meter
from .network import Conditions, Network
from .quality import Sample, Sampler
from .receiver import Receiver
from .sender import Sender
from .settings import AGAIN, AUTO, Settings

__all__ = ["Leg", "OnScreen"]

_SAMPLE_SECONDS = 2.0
_KEPT_SHOTS = 512
_TICK = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class OnScreen:
    """A picture as it is shown, and what was taken for it. delay: seconds since then."""

    shown: Shown
    shot: Shot
    delay: float


class Leg:
    """Its threads run from start() to stop(). on_screen and on_sound are called by them."""

    def __init__(
        self,
        settings: Settings,
        conditions: Conditions,
        camera: Latest,
        on_screen: Callable[[OnScreen], None],
        sampler: Sampler | None = None,
        on_sound: Callable[[bytes, float], None] | None = None,
        seed: int = 0,
    ) -> None:
        self.camera = camera
        self.forward, self.back = Network(conditions, seed), Network(conditions, seed + 1)
        self.screen = Meter()
        self.sample: Sample | None = None
        self.delay = 0.0
        self._on_screen, self._on_sound, self._sampler = on_screen, on_sound, sampler
        self._lock = threading.RLock()
        self._sender = Sender(lambda data: self.forward.send(data, time.monotonic()), settings.mend)
        self._receiver = Receiver(settings.mend == AGAIN, self._heard)
        self._shots: OrderedDict[int, Shot] = OrderedDict()
        self._said: OrderedDict[int, float] = OrderedDict()
        self._sampled_at = 0.0
        self._stopped = threading.Event()
        self._decoding = Decoding(self._show, self._spoilt)
        self.encoding = Encoding(settings, camera, self._put, lambda: self._sender.waiting)
        self._pump = threading.Thread(target=self._run, name="network", daemon=True)

    def start(self) -> None:
        for part in (self.encoding, self._decoding, self._pump):
            part.start()

    def stop(self) -> None:
        self._stopped.set()
        self.encoding.stop()
        self._decoding.stop()

    def change(self, settings: Settings, conditions: Conditions) -> None:
        """From now on."""
        with self._lock:
            self._sender.mend, self._receiver.resend = settings.mend, settings.mend == AGAIN
            self.forward.conditions = self.back.conditions = conditions
        self.encoding.change(settings)

    def sound(self, body: bytes, at: float) -> None:
        """Send a packet of sound taken at that time."""
        with self._lock:
            now = time.monotonic()
            self._said[self._sender.put_sound(body, now)] = at
            while len(self._said) > _KEPT_SHOTS:
                self._said.popitem(last=False)

    def meters(self) -> dict[str, Any]:
        """The figures of now, as a page or a line shows them."""
        now = time.monotonic()
        with self._lock:
            meter = self._sender.meter
            settings = self.encoding.settings
            return {
                "codec": self.encoding.codec,
                "auto": settings.codec == AUTO,
                "generated": self.encoding.generated,
                "kbps": meter.kbps(now),
                "mean_kbps": meter.mean_kbps(now),
                "key_kbps": meter.kbps(now, "key"),
                "picture_kbps": meter.kbps(now, "key", "picture"),
                "again_kbps": meter.kbps(now, "again"),
                "repair_kbps": meter.kbps(now, "repair"),
                "sound_kbps": meter.kbps(now, "sound"),
                "bytes": meter.total(),
                "seconds": 0.0 if meter.started is None else now - meter.started,
                "last_packet": meter.last,
                "pictures": self._sender.next,
                "keys": self._sender.keys,
                "fps": self.screen.per_second(now),
                "promised_fps": self.encoding.pace.fps,
                "encode_ms": self.encoding.busy * 1000,
                "delay_ms": self.delay * 1000,
                "round_trip_ms": self._receiver.round_trip * 1000,
                "sent_lost": self.forward.lost + self.forward.overflowed,
                "missing": self._receiver.lost,
                "recovered": self._receiver.recovered,
                "recoveries": len(self._receiver.recoveries),
                "recovery_ms": self._recovery_ms(),
                "frozen": self._receiver.key_wanted,
                "quality": {} if self.sample is None else self.sample.figures,
                "error": self.encoding.error,
            }

    def _recovery_ms(self) -> float | None:
        """Half of the losses that were not made good took no longer until the next key picture was here."""
        found = self._receiver.recoveries
        return 1000 * median(found) if found else None

    def recoveries(self) -> list[float]:
        """Seconds from each loss that could not be made good to the key picture after it."""
        return list(self._receiver.recoveries)

    # ------------------------------------------------------------------ what the threads call

    def _put(self, packet: Packet, header: bytes, shot: Shot) -> None:
        with self._lock:
            number = self._sender.put(packet, header, time.monotonic())
            self._shots[number] = shot
            while len(self._shots) > _KEPT_SHOTS:
                self._shots.popitem(last=False)

    def _run(self) -> None:
        while not self._stopped.wait(_TICK):
            now = time.monotonic()
            with self._lock:
                for data in self.forward.arrived(now):
                    self._receiver.take(data, now)
                while self._receiver.ready:
                    self._decoding.put(self._receiver.ready.popleft())
                report = self._receiver.report(now, self._decoding.waiting)
                if report is not None:
                    self.back.send(report, now)
                for data in self.back.arrived(now):
                    self._sender.take(data, now)
                if self._sender.key_wanted:
                    self._sender.key_wanted = False
                    self.encoding.key_wanted.set()

    def _show(self, shown: Shown) -> None:
        now = time.monotonic()
        with self._lock:
            shot = self._shots.get(shown.number)
            if shot is None:
                return
            for number in [number for number in self._shots if number <= shown.number]:
                del self._shots[number]
            delay = now - shot.at
            self.delay = delay if not self.screen.counts else 0.9 * self.delay + 0.1 * delay
            self.screen.add("picture", 0, now)
        self._on_screen(OnScreen(shown, shot, delay))
        if self._sampler is not None and now - self._sampled_at > _SAMPLE_SECONDS:
            self._sampled_at = now
            self._sampler.put(shot.rgb, shown.rgb, self._judged)

    def _judged(self, sample: Sample) -> None:
        self.sample = sample
        if self.encoding.settings.codec == AUTO:
            self.encoding.fallback.saw(sample.unlike, time.monotonic())

    def _spoilt(self) -> None:
        with self._lock:
            self._receiver.spoilt(time.monotonic())

    def _heard(self, number: int, body: bytes) -> None:
        if self._on_sound is not None:
            at = next((self._said[said] for said in reversed(self._said) if said % 65536 == number), None)
            self._on_sound(body, time.monotonic() if at is None else at)
