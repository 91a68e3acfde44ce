"""Open the demo: a page with live calls, files, pictures and the benchmark's figures."""

from pathlib import Path
from typing import Annotated

import typer

from genvc.errors import BadInput

from .threads import one_thread_each

__all__ = ["demo"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def demo(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 7860,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; others than this need --auth.")
    ] = ("127.0.0.1"),
    auth: Annotated[
        str | None,
        typer.Option("--auth", metavar="USER:PASSWORD", help="Ask for these before anything else."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="PEM", help="For https, which cameras need in a LAN."),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="PEM", help="The certificate's key.")] = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, max=64, help="Calls at once.")] = 4,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = False,
) -> None:
    """Open a page for calls at a few kbit/s, on this machine only."""
    name, _, password = (auth or "").partition(":")
    if auth is not None and not (name and password):
        raise BadInput("--auth is USER:PASSWORD")
    if host not in _LOOPBACK and auth is None:
        raise BadInput("an address that others reach needs --auth USER:PASSWORD")
    if (certificate is None) != (key is None):
        raise BadInput("--certificate and --key go together")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise BadInput(f"no file '{path}'")
    one_thread_each()
    try:
        from .serve import serve
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("gradio", "fastapi", "uvicorn", "starlette"):
            raise BadInput("the demo needs more packages: pip install 'genvc[demo,eval]'") from error
        raise
    hosts = None if host in _LOOPBACK else ["*"]
    serve(host, port, (name, password) if auth else None, sessions, hosts, certificate, key, browser)
