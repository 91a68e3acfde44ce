"""What the demo's tests share: a server of their own, a browser with a talking head for a camera."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the demo's packages are not installed: pip install 'genvc[demo]'")

from genvc import media
from genvc.media.classical_still import encode_still

CHROMIUM = next(
    (path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser")) if path.exists()), None
)
START_SECONDS = 120
# Text on what lies behind it, as WCAG 2.2 counts (1.4.3): the least contrast of what is seen.
CONTRAST = """places => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour !== "transparent" && !/, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const one of document.querySelectorAll(places)) {
    const says = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!says || !one.checkVisibility() || one.disabled) continue;
    const [low, high] = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), one.textContent.trim().slice(0, 30)]);
  }
  return found.sort((a, b) => a[0] - b[0])[0];
}"""


@dataclass
class Server:
    """A `genvc demo` in a process of its own."""

    address: str
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[..., Server]]:
    """Starts servers with further arguments; they end with the tests."""
    running: list[Server] = []

    def start(*arguments: str) -> Server:
        command = [sys.executable, "-m", "genvc", "demo", "--port", "0", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        server = Server("", process)
        told = threading.Event()

        def listen() -> None:
            for line in process.stdout or ():
                server.lines.append(line)
                found = re.search(r"https?://\S+", line)
                if found and not server.address:
                    server.address = found[0]
                    told.set()

        threading.Thread(target=listen, daemon=True).start()
        running.append(server)
        assert told.wait(START_SECONDS), f"the server did not start: {server.lines}"
        return server

    yield start
    for server in running:
        server.process.send_signal(signal.SIGINT)
    for server in running:
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            server.process.kill()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server]) -> Server:
    return start_server()


@pytest.fixture(scope="session")
def camera(carphone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample talking head as Chromium's fake webcam wants it: JPEGs in a row."""
    path = tmp_path_factory.mktemp("camera") / "head.mjpeg"
    _, frames = media.frames(carphone)
    pictures = [
        encode_still(frame.rgb, "JPEG", {"quality": 90}) for frame, _ in zip(frames, range(60), strict=False)
    ]
    path.write_bytes(b"".join(pictures))
    return path


@pytest.fixture(scope="session")
def browser(camera: Path) -> Iterator[Any]:
    """Headless Chromium, whose camera shows the talking head and asks nobody."""
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with api.sync_playwright() as play:
        found = play.chromium.launch(
            executable_path=str(CHROMIUM),
            timeout=60000,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield found
        found.close()


class Visit:
    """A page that was opened, and what its console complained about."""

    def __init__(self, browser: Any, address: str, width: int, height: int, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, **context)
        self.context.set_default_timeout(60000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.goto(address, wait_until="load")

    def _failed(self, request: Any) -> None:
        # Gradio ends its event streams so
        if "queue/data" not in request.url:
            self.complaints.append(f"{request.url} {request.failure}")

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def cell(self, row: str, column: int = 1) -> str:
        """What a meter says; column 2 is H.264's."""
        line = self.page.locator("#genvc-call .meters tbody tr").filter(
            has=self.page.locator("th", has_text=re.compile(f"^{re.escape(row)}$"))
        )
        return str(line.locator("td").nth(column - 1).inner_text())

    def number(self, row: str, column: int = 1) -> float:
        found = re.search(r"[\d,]+(\.\d+)?", self.cell(row, column))
        return float(found[0].replace(",", "")) if found else 0.0

    def wait_for(self, what: Callable[[], bool], seconds: float = 60) -> None:
        """Waits until it is so; fails after so many seconds."""
        ends = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < ends, f"waited {seconds} s; the page says: {self.status()}"
            self.page.wait_for_timeout(200)

    def open_tab(self, name: str) -> None:
        self.page.wait_for_selector("#genvc-call", state="attached")
        tab = self.page.get_by_role("tab", name=name)
        if tab.is_visible():
            tab.click()
            return
        # a small window puts tabs that have no room behind a button
        self.page.locator(".overflow-menu > button").click()
        self.page.locator(".overflow-dropdown button", has_text=name).click()

    def contrast(self, places: str) -> tuple[float, str]:
        """The least contrast of text that is seen in these places, and that text."""
        found = self.page.evaluate(CONTRAST, places)
        return float(found[0]), str(found[1])

    def screenshot(self, name: str) -> None:
        """Leaves a picture of the page where GENVC_SCREENSHOTS says, to be looked at."""
        folder = os.environ.get("GENVC_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    def status(self) -> str:
        return str(self.page.locator("#genvc-call .status").inner_text())


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Visit]]:
    """Opens the page in a window of so many pixels, in a context of its own."""
    open_now: list[Visit] = []

    def make(
        width: int = 1280, height: int = 900, query: str = "", address: str = "", **context: Any
    ) -> Visit:
        open_now.append(Visit(browser, (address or server.address) + query, width, height, **context))
        return open_now[-1]

    yield make
    for one in open_now:
        one.context.close()
