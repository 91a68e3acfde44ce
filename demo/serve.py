"""Running the demo's server."""

import os
import socket
import threading
import warnings
import webbrowser
from collections.abc import Sequence
from pathlib import Path

# Before gradio is imported: nothing is reported to anyone, no model hub is asked.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import uvicorn

from genvc.errors import BadInput, Notice

from .app import make_app
from .memory import few_arenas
from .settings import Settings
from .warming import warm

__all__ = ["configured", "listening", "serve"]

_MOST_MESSAGE = 1 << 20


def serve(
    host: str,
    port: int,
    auth: tuple[str, str] | None,
    sessions: int,
    hosts: Sequence[str] | None,
    certificate: Path | None,
    key: Path | None,
    browser: bool,
) -> None:
    """Serves until it is interrupted; raises BadInput for an address that cannot be had."""
    # codecs remark on each stream's rate; here the meters say it
    warnings.simplefilter("ignore", Notice)
    place = listening(host, port)
    address = f"{'https' if certificate else 'http'}://{_written(host)}:{place.getsockname()[1]}/"
    config = configured(sessions, auth, hosts, certificate, key)
    threading.Thread(target=warm, args=(Settings(),), daemon=True).start()
    print(f"genvc: the demo is at {address} (Ctrl-C ends it)", flush=True)
    if browser:
        webbrowser.open(address)
    with place:
        uvicorn.Server(config).run(sockets=[place])


def configured(
    sessions: int,
    auth: tuple[str, str] | None = None,
    hosts: Sequence[str] | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> uvicorn.Config:
    """The application as it is served."""
    few_arenas()
    return uvicorn.Config(
        make_app(sessions, auth, hosts),
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=_MOST_MESSAGE,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_graceful_shutdown=3,
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket there, port 0 for a free one; raises BadInput."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(64)
    except OSError as error:
        found.close()
        raise BadInput(f"cannot listen at {host} port {port}: {error.strerror or error}") from error
    return found


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
