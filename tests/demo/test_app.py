"""The web application is closed to whom it is not for, and takes no nonsense."""

import gc
import itertools
import json
import struct
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the demo's packages are not installed: pip install 'genvc[demo]'")
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from demo.app import make_app
from demo.rooms import Rooms
from genvc.errors import BadInput

HERE = "http://127.0.0.1:7860"
ORIGIN = {"origin": HERE}
COUNT = itertools.count()
CALL = "ws://127.0.0.1:7860/genvc/call"
QUICK = {"codec": "x264-live", "kbps": 60, "size": 128, "source": "sample", "compare": False}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(make_app(sessions=2), base_url=HERE) as found:
        yield found


def until(socket: Any, key: str) -> Any:
    """What the server says under that key before it answers a ping; pictures and all else are passed over."""
    end = f"end {next(COUNT)}"
    socket.send_json({"ping": end})
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            raise WebSocketDisconnect(message.get("code", 1000))
        if message.get("text"):
            said = json.loads(message["text"])
            if key in said:
                return said[key]
            assert said.get("pong") != end, f"the server did not say {key}"


def test_the_page_and_its_script_are_there(client: TestClient) -> None:
    assert "genvc" in client.get("/").text
    assert "javascript" in client.get("/genvc/static/call.js").headers["content-type"]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=pyproject.toml",
        "/gradio_api/file=demo/app.py",
        "/genvc/static/../app.py",
        "/genvc/static/%2e%2e/app.py",
    ],
)
def test_no_other_files_are_read(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (403, 404)


def test_the_page_is_given_only_under_the_names_of_this_machine(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}, {"origin": "null"}])
def test_pages_of_others_cannot_make_a_call(client: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(CALL, headers=headers):
        pass


def test_a_call_needs_the_sign_in_where_the_page_does() -> None:
    with TestClient(make_app(auth=("ann", "secret")), base_url=HERE) as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(CALL, headers=ORIGIN):
            pass
        assert client.post("/login", data={"username": "ann", "password": "wrong"}).status_code == 400
        assert client.post("/login", data={"username": "ann", "password": "secret"}).status_code == 200
        with client.websocket_connect(CALL, headers=ORIGIN) as socket:
            socket.send_json({"ping": 1})
            assert until(socket, "pong") == 1


def test_a_sample_call_brings_pictures_and_meters(client: TestClient) -> None:
    with client.websocket_connect(CALL, headers=ORIGIN) as socket:
        socket.send_json({"start": QUICK})
        kinds, meters = set(), {}
        while not ({0, 1} <= kinds and meters.get("codec", {}).get("fps")):
            message = socket.receive()
            if message.get("bytes"):
                kind, number = struct.unpack_from("<BxxxI", message["bytes"])
                kinds.add(kind)
                assert message["bytes"][20:22] == b"\xff\xd8"
                socket.send_json({"shown": [kind, number]})
            elif message.get("text"):
                meters = json.loads(message["text"]).get("meters", meters)
        assert meters["codec"]["codec"] == "x264-live"
        assert meters["codec"]["bytes"] > 0


def test_pictures_wait_for_a_browser_that_does_not_show_them(client: TestClient) -> None:
    with client.websocket_connect(CALL, headers=ORIGIN) as socket:
        socket.send_json({"start": QUICK})
        seen = [0, 0, 0, 0]
        pictures = 0
        while pictures < 30:
            message = socket.receive()
            if message.get("bytes"):
                seen[message["bytes"][0]] += 1
            elif message.get("text"):
                meters = json.loads(message["text"]).get("meters")
                pictures = meters["codec"]["pictures"] if meters else pictures
        assert max(seen) <= 2


def test_one_more_session_than_there_are_places_is_refused(client: TestClient) -> None:
    with (
        client.websocket_connect(CALL, headers=ORIGIN),
        client.websocket_connect(CALL, headers=ORIGIN),
        client.websocket_connect(CALL, headers=ORIGIN) as third,
    ):
        assert "taken" in until(third, "error")
    wait_for_empty(client)
    with client.websocket_connect(CALL, headers=ORIGIN) as again:
        again.send_json({"ping": 2})
        assert until(again, "pong") == 2


def at_work() -> list[str]:
    """Names of the threads that serve calls now."""
    parts = ("encoding", "decoding", "network", "clip")
    return sorted(thread.name for thread in threading.enumerate() if thread.name in parts)


def test_nothing_of_a_call_is_left_when_its_tab_closes(client: TestClient) -> None:
    hall = client.app.state.hall
    wait_for_empty(client)
    with client.websocket_connect(CALL, headers=ORIGIN) as socket:
        socket.send_json({"room": ""})
        room = until(socket, "room")
        socket.send_json({"start": {**QUICK, "compare": True}})
        assert until(socket, "started")
        assert "encoding" in at_work()
        (session,) = hall.sessions
        kept = weakref.ref(session)
    del session
    wait_for_empty(client)
    ends = time.monotonic() + 40
    while at_work() or kept() is not None:
        assert time.monotonic() < ends, f"still there: {at_work()}, {kept()}"
        gc.collect()
        time.sleep(0.1)
    # the place in the room is free again
    hall.rooms.enter(room, "ann")
    hall.rooms.enter(room, "bob")
    for name in ("ann", "bob"):
        hall.rooms.leave(room, name)


def test_memory_is_given_back_when_a_call_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Event()
    monkeypatch.setattr("demo.session.give_back", given.set)
    with client.websocket_connect(CALL, headers=ORIGIN) as socket:
        socket.send_json({"ping": 3})
        assert until(socket, "pong") == 3
        assert not given.is_set()
    assert given.wait(40)


def wait_for_empty(client: TestClient) -> None:
    hall = client.app.state.hall
    ends = time.monotonic() + 20
    while hall.sessions:
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"start": 1}', '{"start": {"size": "x"}}', '{"start": {"codec": "no"}}',
     '{"shown": 1}', '{"shown": []}', '{"set": {"size": Infinity}}',
     '{"start": {"loss_percent": 1e9}}', '{"start": {"kbps": NaN}}', '{"room": "guess"}'],
)  # fmt: skip
def test_messages_of_no_sense_are_answered_and_the_call_goes_on(client: TestClient, text: str) -> None:
    with client.websocket_connect(CALL, headers=ORIGIN) as socket:
        socket.send_text(text)
        assert until(socket, "error")
        assert until(socket, "pong")


def test_noise_for_pictures_does_no_harm(client: TestClient) -> None:
    with client.websocket_connect(CALL, headers=ORIGIN) as socket:
        socket.send_json({"start": {**QUICK, "source": "camera"}})
        socket.send_bytes(b"")
        assert until(socket, "error")
        socket.send_bytes(struct.pack("<Bd", 1, 0.0) + b"noise, not a picture")
        assert until(socket, "taken") == 1
        socket.send_bytes(bytes(1 << 20))
        assert until(socket, "error")
    wait_for_empty(client)


def test_a_room_has_two_places_and_an_unguessable_name() -> None:
    rooms = Rooms()
    name = rooms.open(0.0)
    assert len(name) >= 20
    rooms.enter(name, "ann")
    assert rooms.other(name, "ann") is None
    rooms.enter(name, "bob")
    assert (rooms.other(name, "ann"), rooms.other(name, "bob")) == ("bob", "ann")
    for wrong in (name, "another", ""):
        with pytest.raises(BadInput, match="no such room"):
            rooms.enter(wrong, "eve")
    rooms.leave(name, "bob", 1.0)
    rooms.enter(name, "eve")


def test_empty_rooms_go_after_a_while_and_are_not_without_number() -> None:
    rooms = Rooms()
    names = [rooms.open(0.0) for _ in range(64)]
    with pytest.raises(BadInput, match="too many"):
        rooms.open(1.0)
    rooms.open(700.0)
    with pytest.raises(BadInput):
        rooms.enter(names[0], "ann")
