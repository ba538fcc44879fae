from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from spc.ui.guards import BodyLimit, Headers, PagePaths, SameOrigin, policy


@pytest.fixture
def inner() -> FastAPI:
    app = FastAPI()

    @app.post("/thing")
    async def thing(request: Request) -> int:
        return len(await request.body())

    @app.get("/{path:path}")
    async def page(path: str) -> str:
        return path

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    return app


@pytest.mark.parametrize(
    "origin, answer",
    [("http://testserver", 200), ("http://evil.example", 403), ("http://testserver.evil.example", 403), ("null", 403), (None, 200)],
)
def test_an_unsafe_method_from_another_site_is_refused(inner: FastAPI, origin: str | None, answer: int) -> None:
    headers = {"Origin": origin} if origin else {}
    assert TestClient(SameOrigin(inner)).post("/thing", content=b"abc", headers=headers).status_code == answer


def test_reading_from_another_site_is_left_to_the_browser(inner: FastAPI) -> None:
    assert TestClient(SameOrigin(inner)).get("/x", headers={"Origin": "http://evil.example"}).status_code == 200


def test_a_socket_from_another_site_is_refused(inner: FastAPI) -> None:
    client = TestClient(SameOrigin(inner))
    with client.websocket_connect("/live", headers={"Origin": "http://testserver"}) as socket:
        assert socket.receive_text() == "hello"
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/live", headers={"Origin": "http://evil.example"}):
        pass
    assert refused.value.code == 4403


@pytest.mark.parametrize("host, answer", [("127.0.0.1:8050", 200), ("[::1]:8050", 200), ("localhost", 200), ("evil.example:8050", 421)])
def test_a_server_of_this_machine_only_answers_to_its_own_names(inner: FastAPI, host: str, answer: int) -> None:
    client = TestClient(SameOrigin(inner, frozenset({"127.0.0.1", "localhost", "::1"})))
    assert client.get("/x", headers={"Host": host}).status_code == answer


def test_a_body_over_its_limit_is_refused_announced_or_not(inner: FastAPI) -> None:
    client = TestClient(BodyLimit(inner, most=1000, prefixes={"/thing/big": 5000}))

    def drops() -> Any:
        for _ in range(20):
            yield b"x" * 100

    assert client.post("/thing", content=b"x" * 1000).json() == 1000
    assert client.post("/thing", content=b"x" * 1001).status_code == 413
    assert client.post("/thing", content=drops()).status_code == 413


def test_headers_are_added_but_never_replace_those_that_are_there() -> None:
    app = FastAPI()

    @app.get("/")
    async def own(request: Request) -> Any:
        from starlette.responses import Response

        return Response("x", headers={"Referrer-Policy": "no-referrer"})

    answer = TestClient(Headers(app, {"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"})).get("/")
    assert (answer.headers["referrer-policy"], answer.headers["x-content-type-options"]) == ("no-referrer", "nosniff")


def test_a_page_is_served_by_the_index_and_anything_else_as_it_is(inner: FastAPI) -> None:
    client = TestClient(PagePaths(inner, lambda path: path.startswith("/line/")))
    assert client.get("/line/mixer").json() == ""
    assert client.get("/assets/x.js").json() == "assets/x.js"


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    rules = dict(rule.split(" ", 1) for rule in policy(["'sha256-abc'"]).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' 'sha256-abc'"
    assert rules["frame-ancestors"] == "'none'"
    assert not [value for value in rules.values() if "http" in value or "*" in value or "unsafe-eval" in value]
    assert "unsafe-inline" not in rules["script-src"]
