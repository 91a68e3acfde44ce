"""Live calls without a browser: one direction over the simulated network, two ends over UDP."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2")

from demo.clip_camera import ClipCamera
from demo.decoding import Shown
from demo.latest import Latest
from demo.leg import Leg, OnScreen
from demo.network import Conditions, Network
from demo.peer import Peer, address_of
from demo.recording import Recording
from demo.settings import KEY, Settings, mends
from genvc import media
from genvc.errors import BadInput

# H.264 needs no model: what is tested here is the call.
QUICK = Settings("x264-live", 60000, 128, 15)


def wait_for(what: Callable[[], bool], seconds: float = 40) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not come to pass in time"
        time.sleep(0.05)


@pytest.fixture
def run_leg(carphone: Path) -> Iterator[Callable[..., tuple[Leg, list[OnScreen]]]]:
    """Runs one direction with the sample head for a camera."""
    running: list[Leg | ClipCamera] = []

    def run(settings: Settings, conditions: Conditions) -> tuple[Leg, list[OnScreen]]:
        camera = Latest()
        screen: list[OnScreen] = []
        leg = Leg(settings, conditions, camera, screen.append)
        clip = ClipCamera(str(carphone), settings.size, camera)
        running.extend((leg, clip))
        leg.start()
        clip.start()
        return leg, screen

    yield run
    for one in running:
        one.stop()


def test_pictures_come_out_alike_and_in_order(run_leg: Callable[..., tuple[Leg, list[OnScreen]]]) -> None:
    leg, screen = run_leg(QUICK, Conditions(delay=0.05))
    wait_for(lambda: len(screen) > 30)
    numbers = [one.shown.number for one in screen]
    assert numbers == sorted(numbers)
    assert all(one.delay > 0.05 for one in screen)
    error = np.square(screen[20].shown.rgb.astype(float) - screen[20].shot.rgb).mean()
    assert 10 * np.log10(255**2 / error) > 25
    assert leg.meters()["error"] == ""


def test_the_rate_shown_is_what_was_on_the_wire(
    run_leg: Callable[..., tuple[Leg, list[OnScreen]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire: dict[int, int] = {}
    send = Network.send

    def counted(network: Network, data: bytes, now: float) -> None:
        wire[id(network)] = wire.get(id(network), 0) + len(data)
        send(network, data, now)

    monkeypatch.setattr(Network, "send", counted)
    leg, screen = run_leg(QUICK, Conditions(loss=0.05))
    wait_for(lambda: len(screen) > 40)
    with leg._lock:
        meters = leg.meters()
        on_the_wire = wire[id(leg.forward)]
    assert meters["bytes"] == on_the_wire
    assert meters["mean_kbps"] == pytest.approx(on_the_wire * 8e-3 / meters["seconds"], rel=0.02)


def test_a_call_goes_on_at_ten_percent_loss(run_leg: Callable[..., tuple[Leg, list[OnScreen]]]) -> None:
    leg, screen = run_leg(QUICK, Conditions(loss=0.1, delay=0.03))
    wait_for(lambda: len(screen) > 60)
    wait_for(lambda: leg.meters()["recovered"] > 0)
    shown = len(screen)
    wait_for(lambda: len(screen) > shown + 10)


def test_codec_rate_and_size_change_while_it_runs(run_leg: Callable[..., tuple[Leg, list[OnScreen]]]) -> None:
    leg, screen = run_leg(QUICK, Conditions())
    wait_for(lambda: len(screen) > 5)
    keys = leg.meters()["keys"]
    leg.change(Settings("x264-live", 30000, 128, 15), Conditions(delay=0.1))
    wait_for(lambda: leg.meters()["keys"] > keys)
    shown = len(screen)
    wait_for(lambda: len(screen) > shown + 5)


def test_a_lost_key_picture_is_asked_for(run_leg: Callable[..., tuple[Leg, list[OnScreen]]]) -> None:
    leg, screen = run_leg(Settings("x264-live", 60000, 128, 15, mend="key"), Conditions(delay=0.02))
    wait_for(lambda: len(screen) > 5)
    leg.forward.conditions = Conditions(loss=0.9, burst=100)
    wait_for(lambda: leg.forward.lost > 5)
    leg.forward.conditions = Conditions(delay=0.02)
    shown = len(screen)
    wait_for(lambda: len(screen) > shown + 5)
    assert leg.recoveries()


def test_stopping_ends_every_thread(carphone: Path) -> None:
    before = set(threading.enumerate())
    camera = Latest()
    leg = Leg(QUICK, Conditions(), camera, lambda one: None)
    clip = ClipCamera(str(carphone), 128, camera)
    leg.start()
    clip.start()
    time.sleep(0.5)
    clip.stop()
    leg.stop()
    wait_for(lambda: set(threading.enumerate()) <= before)


class Wire:
    """A UDP relay between two ends that counts and loses."""

    def __init__(self, to: int, lose_every: int = 0) -> None:
        self.bytes = [0, 0]
        self._to = ("127.0.0.1", to)
        self._lose_every = lose_every
        self._count = 0
        self._caller: tuple[str, int] | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        # a key picture is a burst: what does not fit while others have the core would be lost uncounted
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.port = self._socket.getsockname()[1]
        self._open = True
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._open = False

    def _run(self) -> None:
        while self._open:
            try:
                data, source = self._socket.recvfrom(4096)
            except OSError:
                continue
            back = source == self._to
            self.bytes[back] += len(data)
            if not back:
                self._caller = source
                self._count += 1
                if self._lose_every and self._count % self._lose_every == 0:
                    continue
            target = self._caller if back else self._to
            if target is not None:
                self._socket.sendto(data, target)


def counted(one: Peer) -> list[float]:
    """Bytes sent and received, as the meters say."""
    meters = one.meters()
    return [float(meters["sent_bytes"]), float(meters["received_bytes"])]


@pytest.mark.alone
@pytest.mark.parametrize("mend", [way for way in mends() if way != KEY])
def test_two_ends_call_each_other_over_udp(carphone: Path, tmp_path: Path, mend: str) -> None:
    seen: list[Shown] = []
    kept = Recording(tmp_path / "kept.mkv", 15)

    def keep(shown: Shown) -> None:
        seen.append(shown)
        kept.put(shown)

    clips = [ClipCamera(str(carphone), 128) for _ in range(2)]
    called = Peer(("127.0.0.1", 0), None, QUICK, clips[0].latest, keep)
    wire = Wire(called.port, lose_every=9)
    caller = Peer(None, ("127.0.0.1", wire.port), replace(QUICK, mend=mend), clips[1].latest)
    parts = [called, caller, *clips]
    for part in parts:
        part.start()
    try:
        wait_for(lambda: len(seen) > 30 and float(caller.meters()["shown"]) > 20)
        # what one end has counted may still be on its way through a machine that is busy
        wait_for(lambda: counted(caller) == pytest.approx(wire.bytes, rel=0.05))
        assert float(called.meters()["recovered"]) > 0
        # the one that is called hears the other one say goodbye before it ends itself
        caller.stop()
        assert called.over.wait(12)
        assert "ended" in called.words
    finally:
        for part in reversed(parts):
            part.stop()
        wire.close()
    kept.close()
    assert kept.error == ""
    assert sum(1 for _ in media.frames(tmp_path / "kept.mkv")[1]) == kept.frames > 30


def test_a_stranger_is_not_heard_during_a_call(carphone: Path) -> None:
    clip = ClipCamera(str(carphone), 128)
    called = Peer(("127.0.0.1", 0), None, QUICK, None)
    caller = Peer(None, ("127.0.0.1", called.port), QUICK, clip.latest)
    parts = [called, caller, clip]
    for part in parts:
        part.start()
    try:
        wait_for(lambda: float(called.meters()["shown"]) > 3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(20):
                stranger.sendto(bytes([4]), ("127.0.0.1", called.port))
        shown = float(called.meters()["shown"])
        wait_for(lambda: float(called.meters()["shown"]) > shown + 5)
        assert not called.over.is_set()
    finally:
        for part in reversed(parts):
            part.stop()


@pytest.mark.parametrize("text", ["here", "here:", "here:port", "here:70000"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="HOST:PORT"):
        address_of(text)


def test_repair_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.settings.available", lambda: False)
    with pytest.raises(BadInput, match=r"genvc\[fec\]"):
        Settings(mend="repair")
    assert "repair" not in mends()


def test_settings_beyond_the_limits_are_refused() -> None:
    for wrong in ({"codec": "no"}, {"bitrate": 1.0}, {"size": 100}, {"fps": 0}, {"mend": "hope"}):
        with pytest.raises(BadInput):
            Settings(**wrong)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["keypoints", "predictive"])
def test_the_codecs_of_the_suite_make_a_call(
    run_leg: Callable[..., tuple[Leg, list[OnScreen]]], codec: str
) -> None:
    leg, screen = run_leg(Settings(codec, 20000, 128, 10), Conditions(loss=0.05, delay=0.03))
    wait_for(lambda: len(screen) > 20, 240)
    assert leg.meters()["error"] == ""
