"""Whatever is wrong: exit code 2, one message on stderr that says what and how to cure it, nothing on stdout, never a traceback."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Spc = Callable[..., Any]


def complains(done: Any, *said: str) -> None:
    assert (done.code, done.out) == (2, ""), done
    assert done.err.startswith("spc"), done.err
    assert done.err.count("\n") == 1, done.err
    assert "Traceback" not in done.err
    for words in said:
        assert words in done.err, done.err


@pytest.mark.parametrize(
    "options,said",
    [
        (["--estimator", "mdc"], ("mdc", "Did you mean 'mcd'")),
        (["--charts", "t2,mewna"], ("mewna", "mewma")),
        (["--limit", "crosfit"], ("crosfit", "crossfit")),
        (["--limit", "chi2"], ("known",)),
        (["--alpha", "2"], ("--alpha 2", "between 0 and 1")),
        (["--alpha", "nan"], ("between 0 and 1",)),
        (["--arl0", "0"], ("--arl0 0",)),
        (["--arl0", "370", "--alpha", "0.01"], ("--alpha and --arl0", "one of them")),
        (["--false-alarms", "now and then"], ("now and then", "1 per week")),
        (["--false-alarms", "1 per week", "--every", "often"], ("often", "45s")),
        (["--every", "45s"], ("--false-alarms",)),
        (["--ignore", "nothing"], ("nothing",)),
        (["--time", "warp"], ("warp", "warp_mm")),
        (["--time", "warp_mm", "--ignore", "warp_mm"], ("two roles",)),
        (["--subgroup", "lot"], ("lot", "no column")),
        (["--product", "kind"], ("kind", "no column")),
        (["--h", "most"], ("--h most",)),
        (["--timezone", "Mars/Base"], ("Mars/Base",)),
        (["--exclude", "nowhere.csv"], ("nowhere.csv",)),
        (["--known", "nowhere.json"], ("nowhere.json",)),
        (["--frobnicate"], ("--frobnicate", "--help")),
        (["--alpha", "much"], ("--alpha", "--help")),
        (["--json", "-o", "-"], ("stdout",)),
    ],
)
def test_a_wrong_option_is_named(spc: Spc, reference: Path, options: list[str], said: tuple[str, ...]) -> None:
    quick = [] if "--estimator" in options or "--h" in options else ["--estimator", "classical"]
    complains(spc("fit", reference, *quick, *options), *said)


def test_no_words_at_all_is_a_request_for_help(spc: Spc) -> None:
    done = spc()
    assert done.code == 0
    assert "Commands:" in done.out


def test_an_unknown_command_is_named(spc: Spc) -> None:
    complains(spc("guess"), "guess", "--help")


def test_a_missing_argument_is_named(spc: Spc) -> None:
    complains(spc("judge"), "MODEL.json")


@pytest.mark.parametrize("verb", ["fit", "inspect"])
def test_a_table_that_is_none(spc: Spc, verb: str, tmp_path: Path) -> None:
    complains(spc(verb, tmp_path / "nowhere.csv"), "nowhere.csv")
    complains(spc(verb, tmp_path), "directory")
    (tmp_path / "empty.csv").touch()
    complains(spc(verb, tmp_path / "empty.csv"), "empty")
    (tmp_path / "zip.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    complains(spc(verb, tmp_path / "zip.csv"))
    (tmp_path / "page.csv").write_text("<!DOCTYPE html><html><body>Log in</body></html>")
    complains(spc(verb, tmp_path / "page.csv"))
    (tmp_path / "head.csv").write_text("a,b\n")
    complains(spc(verb, tmp_path / "head.csv"))


def test_a_file_that_may_not_be_read(spc: Spc, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    complains(spc("inspect", path), "secret.csv", "Permission")


@pytest.mark.parametrize(
    "text", [b"", b"a,b\n1,2\n", b"{}", b"[1, 2]", b"null", b'{"version": 99}', b'{"version": 1}', b"\xff\xfe\x00", b"[" * 100_000, b"NaN"]
)
def test_a_model_that_is_none(spc: Spc, stream: Path, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "model.json").write_bytes(text)
    complains(spc("judge", tmp_path / "model.json", stream), "spc fit" if b"99" not in text else "version 99")


def test_an_altered_model_is_refused(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    text = model.read_text()
    ucl = text.split('"ucl": ')[1].split(",")[0]
    (tmp_path / "model.json").write_text(text.replace(ucl, "99.0"))
    complains(spc("judge", tmp_path / "model.json", stream), "digest")


def test_a_missing_column_and_a_text_in_a_cell_are_named(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(stream.read_text().replace("warp_mm", "warp"))
    complains(spc("judge", model, rows), "column warp_mm", "warp")
    lines = stream.read_text().splitlines()
    cells = lines[7].split(",")
    lines[7] = ",".join([*cells[:-1], "abc"])
    rows.write_text("\n".join(lines))
    done = spc("judge", model, rows)
    if done.code == 2:
        complains(done, "row 7", "copper_um", "abc")
    else:  # taken as missing: then it is said
        assert "row 7" in done.out or "copper_um" in done.err + done.out


@pytest.mark.parametrize("verb", ["judge", "fit"])
def test_an_output_that_cannot_be_written(spc: Spc, verb: str, model: Path, reference: Path, stream: Path, tmp_path: Path) -> None:
    words = ["judge", model, stream] if verb == "judge" else ["fit", reference, "--estimator", "classical"]
    complains(spc(*words, "-o", tmp_path), "directory")
    complains(spc(*words, "-o", tmp_path / "no" / "file"), "No such file")
    if Path("/dev/full").exists():
        complains(spc(*words, "-o", "/dev/full"), "/dev/full", "No space")


def test_nothing_is_left_of_a_file_that_could_not_be_finished(tmp_path: Path) -> None:
    from spc.cli.files import written

    before = tmp_path / "points.csv"
    before.write_text("as it was")

    def stopped() -> None:
        with written(str(before)) as out:
            out.write("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stopped()
    assert before.read_text() == "as it was"
    assert [one.name for one in tmp_path.iterdir()] == ["points.csv"]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    from spc.cli.files import written

    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.touch(0o640)
    real.chmod(0o640)
    link.symlink_to(real)
    with written(str(link)) as out:
        out.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_an_interrupt_is_130_and_one_message(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b\n1,2\n3,4\n")
    words = [sys.executable, "-m", "spc.cli", "replay", str(rows), "--to", "x", "--url", "http://127.0.0.1:9", "--patience", "60"]
    words = ["env", "--default-signal=INT", *words]  # a shell's background jobs, this test run perhaps among them, ignore interrupts
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_sleep(child.pid)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    # A shell says 130 of both. On a busy machine the interpreter was seen to end by the signal itself, after our message.
    assert child.returncode in (130, -signal.SIGINT)
    assert (out, err) == ("", "spc: interrupted\n")


def wait_for_sleep(pid: int) -> None:
    """Until the child has loaded what it needs and waits for its server: httpx is the last thing that it loads."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        maps = Path(f"/proc/{pid}/maps")
        if not maps.exists():
            pytest.skip("no /proc on this system")
        if "_ssl" in maps.read_text():
            time.sleep(1.0)
            return
        time.sleep(0.05)
    raise AssertionError("the command did not start")


def test_a_reader_that_goes_away_hears_nothing_more(model: Path, stream: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "spc.cli", "judge", str(model), str(stream), "-o", "-", "--blame"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline().startswith("row,time,id,t2,")
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(60) in (0, 141)  # 0 when all of it fitted into the pipe
    child.stderr.close()


def test_a_mistake_of_the_program_is_one_message_too(spc: Spc, monkeypatch: pytest.MonkeyPatch, reference: Path) -> None:
    import spc.cli.inspecting as room

    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(room, "_tell", broken)
    done = spc("inspect", reference)
    assert done.code == 70
    assert done.err.startswith("spc: this is a mistake of the program (KeyError")
    assert done.err.count("\n") == 1


def test_a_reference_is_looked_at_without_assuming_a_distribution(spc: Spc, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_t(3, size=(80, 2))
    x[50:] += 3.0
    table = tmp_path / "steps.csv"
    lines = [f"{u:.6f},{v:.6f}" for u, v in x]
    lines[3] = "," + lines[3].split(",")[1]  # a row with a gap counts as a row
    table.write_text("\n".join(["a,b", *lines, ""]))
    done = spc("inspect", table, "--overall", "0.05")
    assert done.code == 0
    assert "The table is not stable (p = 0.001, 999 permutations): a step from row 51 on." in done.out
    said = json.loads(spc("inspect", table, "--overall", "0.05", "--json").out)["distribution_free"]
    assert (said["stable"], said["shifts"][0]["first"]) == (False, 51)
    assert "distribution_free" not in json.loads(spc("inspect", table, "--json").out)
    wrong = spc("inspect", table, "--overall", "2")
    assert (wrong.code, wrong.out) == (2, "")


def test_the_arithmetic_of_charts_with_memory_is_that_of_the_points(spc: Spc, reference: Path, tmp_path: Path) -> None:
    stream = reference.parent / "phase2_stream.csv"
    words = ("--estimator", "classical", "--limit", "f", "--charts", "t2,mewma,mcusum", "--alpha", "0.05")
    assert spc("fit", reference, *words, "-o", tmp_path / "m.json").code == 0
    shown = json.loads(spc("explain", tmp_path / "m.json", stream, "--row", 60, "--arithmetic", "--json").out)["arithmetic"]
    spc("judge", tmp_path / "m.json", stream, "-o", tmp_path / "points.csv")
    with (tmp_path / "points.csv").open(encoding="utf-8") as text:
        point = list(csv.DictReader(text))[59]
    values = {one["what"]: one["value"] for one in shown}
    assert values["MEWMA of this row"] == float(point["mewma"])
    assert values["MCUSUM of this row"] == float(point["mcusum"])
    assert values["UCL of mewma for a new row"] == float(point["mewma_ucl"])
