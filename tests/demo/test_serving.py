"""Nobody else is let in by default: who has to sign in, and over which address."""

import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the demo's packages are not installed: pip install 'genvc[demo]'")
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from demo.command import demo
from genvc.errors import BadInput


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"host": "0.0.0.0"}, "needs --auth"),
        ({"host": "192.168.0.7"}, "needs --auth"),
        ({"auth": "ann"}, "USER:PASSWORD"),
        ({"auth": ":secret"}, "USER:PASSWORD"),
        ({"certificate": Path("cert.pem")}, "go together"),
        ({"certificate": Path("no.pem"), "key": Path("no.pem")}, "no file"),
    ],
)
def test_what_would_let_others_in_is_refused(wrong: dict[str, Any], words: str) -> None:
    options: dict[str, Any] = {"port": 0, "host": "127.0.0.1", "auth": None, "certificate": None, "key": None}
    with pytest.raises(BadInput, match=words):
        demo(**(options | wrong), sessions=1, browser=False)


def test_over_https_with_a_certificate_of_ones_own(start_server: Callable[..., Any], tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    # as docs/demo.md says
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=demo",
         "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    files = ["--certificate", str(certificate), "--key", str(key)]
    server = start_server("--host", "0.0.0.0", "--auth", "ann:secret", *files)
    assert server.address.startswith("https://")
    here = f"127.0.0.1:{server.address.rstrip('/').rpartition(':')[2]}"
    lenient = ssl.create_default_context()
    lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(f"https://{here}/genvc/static/call.js", context=lenient) as found:
        assert b"getUserMedia" in found.read()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"https://{here}/config", context=lenient)
    with pytest.raises(InvalidStatus, match="403"):
        call(here, lenient, "")
    asked = urllib.request.Request(
        f"https://{here}/login",
        b"username=ann&password=secret",
        {"content-type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(asked, context=lenient) as found:
        cookies = "; ".join(line.partition(";")[0] for line in found.headers.get_all("set-cookie"))
    assert call(here, lenient, cookies) == {"pong": 1}


def call(here: str, context: ssl.SSLContext, cookies: str) -> Any:
    """The answer to a ping."""
    headers = {"cookie": cookies} if cookies else {}
    origin = Origin(f"https://{here}")
    with connect(
        f"wss://{here}/genvc/call", ssl=context, origin=origin, additional_headers=headers
    ) as socket:
        socket.send(json.dumps({"ping": 1}))
        return json.loads(socket.recv())
