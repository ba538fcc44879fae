from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from spc.errors import BadSettings, NotifyError
from spc.notify import NOTIFIERS, Message, Webhook, build, check
from spc.settings import PartSettings

MESSAGE = Message("7c3e", "SMT-2: ALARM", "06:03 SMT-2: warp_mm is 8 sd high. T² 64.0.", "http://plant/alarms?alarm=a1", facts={"row": 4})


class Receiver:
    """A real web server that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.answer: tuple[int, dict[str, str]] = (204, {})
        self.got: list[tuple[str, dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.answer[0])
                for name, value in outer.answer[1].items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def hook(receiver: Receiver, **other: Any) -> Webhook:
    return Webhook(f"http://127.0.0.1:{receiver.port}/alarms", ("127.0.0.1",), **other)


def test_the_message_arrives_as_json_with_its_stable_id(receiver: Receiver) -> None:
    hook(receiver, token="tiger")(MESSAGE)  # noqa: S106 - not a secret
    ((path, headers, body),) = receiver.got
    assert path == "/alarms"
    assert (headers["idempotency-key"], headers["authorization"], headers["content-type"]) == ("7c3e", "Bearer tiger", "application/json")
    assert Message.from_dict(body) == MESSAGE


@pytest.mark.parametrize(
    "status, permanent",
    [(200, None), (202, None), (400, True), (404, True), (410, True), (408, False), (429, False), (500, False), (503, False), (302, True)],
)
def test_the_answer_says_whether_to_try_again(receiver: Receiver, status: int, permanent: bool | None) -> None:
    receiver.answer = (status, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"})
    if permanent is None:
        hook(receiver)(MESSAGE)
        return
    with pytest.raises(NotifyError, match=f"answered {status}") as caught:
        hook(receiver)(MESSAGE)
    assert caught.value.permanent is permanent
    assert [path for path, *_ in receiver.got] == ["/alarms"]


def test_a_receiver_that_is_down_or_slow_is_tried_again() -> None:
    with pytest.raises(NotifyError) as caught:
        Webhook("http://127.0.0.1:9/x", ("127.0.0.1",))(MESSAGE)
    assert not caught.value.permanent


def test_a_slow_receiver_is_given_up_after_its_time() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        slow = Webhook(f"http://127.0.0.1:{deaf.getsockname()[1]}/x", ("127.0.0.1",), timeout_s=0.2)
        with pytest.raises(NotifyError, match="Timeout") as caught:
            slow(MESSAGE)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "url, allow, said",
    [
        ("http://evil.example/x", ("good.example",), "not in its allow list"),
        ("http://good.example@evil.example/x", ("good.example",), "not in its allow list"),
        ("file:///etc/passwd", ("",), "not a web address"),
        ("good.example/x", ("good.example",), "not a web address"),
    ],
)
def test_only_the_hosts_of_the_list(url: str, allow: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        Webhook(url, allow)


def test_the_registered_ones_keep_the_contract_and_hide_their_secret() -> None:
    parts = {
        "webhook": PartSettings("a", "webhook", {"url": "https://x.example/", "allow": ["x.example"], "token": "tiger"}),
        "email": PartSettings(
            "b", "email", {"host": "h", "sender": "a@x", "to": ["b@x"], "starttls": True, "username": "u", "password": "tiger"}
        ),
    }
    assert set(parts) == set(NOTIFIERS)
    made = build(parts.values())
    for one in made.values():
        check(one)
        assert "tiger" not in repr(one)
    with pytest.raises(BadSettings, match="cannot be called"):
        check(object())  # type: ignore[arg-type]
    with pytest.raises(BadSettings, match="Did you mean 'webhook'"):
        build([PartSettings("a", "webhok", {})])
