"""The web application: the page of Gradio, the script of the call, and its WebSocket."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gradio
from fastapi import FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from .page import HEAD, STYLE, THEME, build
from .session import Hall, Session
from .uploads import MOST_BYTES

__all__ = ["STATIC", "make_app"]

STATIC = Path(__file__).parent / "static"
_LOCAL = ["localhost", "127.0.0.1", "[::1]"]


def make_app(
    sessions: int = 4, auth: tuple[str, str] | None = None, hosts: Sequence[str] | None = None
) -> FastAPI:
    """The application. sessions: calls at once. auth: name and password. hosts: names by which browsers may
    ask for it, "*" for any; by default those of this machine alone."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hall = Hall(sessions)
    # a page elsewhere whose name is made to point here must not reach it
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts or _LOCAL))
    app.mount("/genvc/static", StaticFiles(directory=STATIC), name="static")

    @app.websocket("/genvc/call")
    async def call(socket: WebSocket) -> None:
        origin = urlsplit(socket.headers.get("origin", "")).netloc
        if origin != socket.headers.get("host") or not _signed_in(app, socket):
            await socket.close(1008)
            return
        await socket.accept()
        await Session(socket, app.state.hall).run()

    mounted: FastAPI = gradio.mount_gradio_app(
        app,
        build(),
        path="/",
        auth=auth,
        allowed_paths=[],
        max_file_size=MOST_BYTES,
        show_error=True,
        ssr_mode=False,
        footer_links=[],
        theme=THEME,
        css=STYLE,
        head=HEAD,
    )
    app.state.auth = auth is not None
    return mounted


def _signed_in(app: FastAPI, socket: WebSocket) -> bool:
    """Whether the browser has signed in at the page, where that is asked for."""
    if not app.state.auth:
        return True
    pages: list[Any] = [getattr(route, "app", None) for route in app.routes]
    page = next(page for page in pages if isinstance(page, gradio.routes.App))
    names = (f"access-token-{page.cookie_id}", f"access-token-unsecure-{page.cookie_id}")
    return any(page.tokens.get(socket.cookies.get(name)) is not None for name in names)
