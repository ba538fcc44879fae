from __future__ import annotations

import json
import logging

import pytest
import structlog

from spc import logs


def test_a_line_is_one_json_object_with_time_level_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json")
    log = structlog.get_logger("spc.test")
    log.info("row refused", line="smt-2", rows=3)
    log.debug("not told")
    try:
        raise OSError("cable pulled")
    except OSError:
        log.exception("source lost")
    out, err = capsys.readouterr()
    assert out == ""
    first, second = map(json.loads, err.splitlines())
    assert {k: first[k] for k in ("event", "level", "line", "logger", "rows")} == {
        "event": "row refused", "level": "info", "line": "smt-2", "logger": "spc.test", "rows": 3,
    }  # fmt: skip
    assert first["timestamp"].endswith("Z")
    assert "cable pulled" in second["exception"]


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "warning")
    structlog.get_logger("spc.test").warning("clock went back", seconds=3600)
    structlog.get_logger("spc.test").info("not told")
    err = capsys.readouterr().err
    assert "clock went back" in err
    assert "not told" not in err


def test_what_libraries_say_looks_like_what_we_say(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json")
    logs.set_up("json")  # twice is once
    logging.getLogger("some.library").warning("Started process [%d]", 7)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["logger"]) == ("Started process [7]", "warning", "some.library")
    assert told["timestamp"].endswith("Z")
