import ast
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from spc import ui
from spc.ui import ids
from spc.ui.components import GRAPH_CONFIG, graph
from tests.rooms.ui.house import House

UI = Path(ui.__file__).parent


@pytest.fixture
def served(house: House) -> tuple[TestClient, Any]:
    app, dash = house.serve()
    return TestClient(ui.guarded(app)), dash


def original(callback: Any) -> Any:
    return inspect.unwrap(callback)


def test_every_callback_is_async_so_that_none_can_stop_the_others(served: tuple[TestClient, Any]) -> None:
    client, dash = served
    client.get("/")  # dash collects its callbacks at the first request
    assert len(dash.callback_map) >= 6
    here = {name: one["callback"] for name, one in dash.callback_map.items() if "callback" in one}  # the others run in the browser
    slow = [name for name, callback in here.items() if not inspect.iscoroutinefunction(original(callback))]
    assert slow == []


def test_a_chart_is_made_in_one_place_only() -> None:
    makers = {
        path.relative_to(UI).as_posix()
        for path in UI.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "Graph"
    }
    assert makers == {"components.py"}


@pytest.mark.parametrize("tools", [False, True])
def test_no_chart_can_be_sent_anywhere(tools: bool) -> None:
    config = graph("x", label="a chart", tools=tools).children.config
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""
    assert config["displaylogo"] is False
    assert set(GRAPH_CONFIG) <= set(config)


def test_every_page_is_the_index_with_a_strict_policy_and_its_language(served: tuple[TestClient, Any]) -> None:
    client, _ = served
    for path in ("/", "/line/mixer", "/alarms", "/manual", "/manual/t2"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert '<html lang="en"' in answer.text
        assert "script-src 'self' 'sha256-" in answer.headers["content-security-policy"]
        assert "//cdn" not in answer.text
        assert "https://" not in answer.text


def test_the_index_loads_our_scripts_whatever_page_is_asked_for_first(house: House) -> None:
    app, _ = house.serve()
    assert "/assets/live.js" in TestClient(ui.guarded(app)).get("/line/mixer").text


@pytest.mark.parametrize("path", ["/nonsense", "/line", "/line/a/b", "/.env", "/admin.php"])
def test_what_is_no_page_is_not_found(served: tuple[TestClient, Any], path: str) -> None:
    assert served[0].get(path).status_code == 404


def test_dash_opens_no_socket_of_its_own(served: tuple[TestClient, Any]) -> None:
    client, dash = served
    assert "_dash-ws-callback" not in client.get("/").text
    assert not [route for route in dash.server.router.routes if "_dash-ws" in getattr(route, "path", "")]


def show(client: TestClient, path: str, theme: str = "light") -> str:
    body = {
        "output": f"{ids.MAIN}.children",
        "outputs": {"id": ids.MAIN, "property": "children"},
        "inputs": [{"id": ids.URL, "property": "pathname", "value": path}, {"id": ids.URL, "property": "search", "value": ""}],
        "changedPropIds": [f"{ids.URL}.pathname"],
    }
    client.cookies.set("spc_theme", theme)
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json(), ensure_ascii=False)


def test_the_wall_says_each_state_in_words(served: tuple[TestClient, Any], house: House) -> None:
    house.activate("mixer")
    house.send(30)
    house.send(3, line="press")
    shown = show(served[0], "/")
    assert "In control" in shown
    assert "Not monitored" in shown
    house.clock.go(260)
    assert "No data 4 min" in show(served[0], "/")


def test_a_line_is_drawn_in_the_scheme_that_the_browser_shows(served: tuple[TestClient, Any], house: House) -> None:
    house.activate("mixer")
    assert "#4B5259" in show(served[0], "/line/mixer", "light")
    assert "#A9B0B7" in show(served[0], "/line/mixer", "dark")


def test_an_unknown_line_is_a_sentence_with_a_cure_and_no_traceback(served: tuple[TestClient, Any]) -> None:
    shown = show(served[0], "/line/nonsense")
    assert "There is no line 'nonsense'." in shown
    assert "mixer, press" in shown


def test_ids_are_named_once() -> None:
    values = [value for name, value in vars(ids).items() if name.isupper()]
    assert len(values) == len(set(values))
