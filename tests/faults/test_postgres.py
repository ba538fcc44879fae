"""PostgreSQL dies, cuts connections and refuses: what was acknowledged is there once, the line goes on, and people are told in words."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from spc.cli import main
from spc.errors import LedgerError
from spc.ledger import Ledger, lines, rows
from spc.line import Line, Plant
from spc.nouns import Rows
from spc.settings import LineSettings, PartSettings, Settings
from tests.faults.servers import Forked, wait_until_ready
from tests.faults.test_kill import NAME, body, prepare, story, stream
from tests.ports import free_port
from tests.postgres import PASSWORD, Postgres
from tests.small import rows as some_rows
from tests.waiting import until

pytestmark = pytest.mark.faults

ROOT = Path(__file__).resolve().parents[2]
KILLS = 10
BLOCK = 7


STEADY = 300


@dataclass(frozen=True)
class Steady:
    """A source of 300 rows, three each 10 ms; it has more to give until its server was cut."""

    cut: ClassVar[threading.Event] = threading.Event()

    @property
    def name(self) -> str:
        return "steady"

    def read(self, after: Any, stop: threading.Event, clock: Callable[[], int]) -> Iterator[tuple[Rows, Any]]:
        for first in range(after["row"] + 1 if after else 1, STEADY, 3):
            if first > STEADY // 2:
                self.cut.wait(60.0)
            time.sleep(0.01)
            yield some_rows(3, first=first), {"row": first + 2}


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    address = postgres.ledger()
    yield address
    postgres.drop(address)


def told(url: str) -> dict[str, Any]:
    """The story of a ledger but for the numbers of its letters: a transaction that was lost has used some up."""
    found = story(url)
    return {**found, "letters": sorted(found["letters"].values())}


def the_line(ledger: Ledger) -> Line:
    return Line(ledger, LineSettings(NAME, "SMT-2"), notifiers=("hook",))


def test_ten_kills_of_the_server_in_a_stream_lose_and_double_nothing(postgres: Postgres, address: str, tmp_path: Path) -> None:
    """kill -9 of the postmaster and all its children while rows are written; whoever sends tries again until it is told "taken"."""
    prepare(address)
    chance = np.random.default_rng(7)
    whole = stream(20_000)
    sent: list[Rows] = []
    accepted = duplicates = failed = 0
    with Ledger.open(address) as ledger:
        line = the_line(ledger)

        def take() -> None:
            """Sends the next block, once."""
            nonlocal accepted, duplicates
            block = whole.part(slice(len(sent) * BLOCK, (len(sent) + 1) * BLOCK))
            receipt = line.take(block)
            accepted, duplicates = accepted + receipt.accepted, duplicates + receipt.duplicates
            sent.append(block)

        def go_on() -> None:
            while True:
                take()

        for _ in range(KILLS):
            for _ in range(int(chance.integers(1, 6))):
                take()
            timer = threading.Timer(float(chance.uniform(0.0, 0.06)), postgres.kill)
            timer.start()
            with pytest.raises(LedgerError):
                go_on()
            failed += 1
            timer.join()
            with pytest.raises(LedgerError):
                take()  # as long as there is no server, nobody is told "taken"
            postgres.start()
            take()
        assert ledger.trouble == ""
        assert ledger.check() == []
    n = sum(map(len, sent))
    assert accepted + duplicates == n
    assert failed == KILLS
    calm = f"sqlite:///{tmp_path}/calm.db"
    prepare(calm)
    with Ledger.open(calm) as ledger:
        line = the_line(ledger)
        for block in sent:
            line.take(block)
    found, expected = told(address), told(calm)
    assert found["rows"][0] == list(range(1, n + 1))
    assert found["rows"][1] == whole.ids[:n]
    assert found == expected


def test_a_connection_that_is_cut_between_two_blocks_is_not_noticed(postgres: Postgres, address: str) -> None:
    prepare(address)
    with Ledger.open(address) as ledger:
        line = the_line(ledger)
        for k in range(5):
            assert line.take(some_rows(3, first=1 + 3 * k)).first_seq == 1 + 3 * k
            with ledger.read() as connection:
                assert lines.last_seq(connection, NAME) == 3 * k + 3
            assert postgres.cut(address) >= 2


def test_a_connection_that_is_cut_in_a_transaction_is_an_error_of_its_jobs_and_of_no_other(postgres: Postgres, address: str) -> None:
    prepare(address)
    held, hold = threading.Event(), threading.Event()
    undone: list[str] = []

    def slow(connection: sa.Connection) -> None:
        lines.put_line(connection, "slow", "Slow", 1)
        held.set()
        assert hold.wait(60.0)

    with Ledger.open(address) as ledger:
        line = the_line(ledger)
        line.take(some_rows(3))
        lost = ledger.submit(slow, undo=lambda: undone.append("slow"))
        assert held.wait(60.0)
        with_it = ledger.submit(lambda connection: lines.put_line(connection, "with it", "With it", 1))
        assert postgres.cut(address) >= 1
        hold.set()
        with pytest.raises(LedgerError):
            lost.result(60.0)
        assert undone == ["slow"]
        with_it.exception(60.0)  # in the same transaction or in the next one: both are right
        assert line.take(some_rows(3, first=4)).first_seq == 4
        assert ledger.trouble == ""
        with ledger.read() as connection:
            assert "slow" not in lines.lines(connection)


def test_a_program_that_stands_still_in_a_transaction_does_not_stop_the_others_for_ever(postgres: Postgres, address: str) -> None:
    """Its transaction is ended by the server (after 20 s; here sooner), and the other's rows are taken."""
    prepare(address)
    with Ledger.open(address) as stands, Ledger.open(address) as goes:
        held, hold = threading.Event(), threading.Event()

        def still(connection: sa.Connection) -> None:
            connection.exec_driver_sql("set local idle_in_transaction_session_timeout = '300ms'")
            held.set()
            assert hold.wait(60.0)

        lost = stands.submit(still)
        assert held.wait(60.0)
        goes.write(lambda connection: lines.put_line(connection, "other", "Other", 1))
        hold.set()
        with pytest.raises(LedgerError):
            lost.result(60.0)
        stands.write(lambda connection: lines.put_line(connection, "again", "Again", 1))


def test_two_programs_that_start_at_once_make_one_ledger(postgres: Postgres) -> None:
    address = postgres.database()
    code = "import sys; from spc.ledger import Ledger; Ledger.open(sys.argv[1]).close()"
    crew = [subprocess.Popen([sys.executable, "-c", code, address], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    for one in crew:
        assert one.communicate(timeout=60)[1] == b""
        assert one.returncode == 0
    with Ledger.open(address) as ledger:
        assert ledger.check() == []
    postgres.drop(address)


def test_while_the_server_is_away_a_sender_is_told_to_come_back_and_pages_go_on_after_it(
    postgres: Postgres, address: str, tmp_path: Path
) -> None:
    """The whole program: 503 with words while PostgreSQL is dead, no restart needed when it is back."""
    prepare(address)
    port = free_port()
    config = tmp_path / "config"
    (config / "lines").mkdir(parents=True)
    (config / "plant.toml").write_text(f'port = {port}\nledger = "{address}"\n')
    (config / "lines" / f"{NAME}.toml").write_text('title = "SMT-2"\n')
    server, whole = Forked(config), stream(30)
    try:
        server.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:

            def send(first: int) -> httpx.Response:
                return client.post(f"/api/v1/lines/{NAME}/rows", json=body(whole.part(slice(first, first + 10))))

            wait_until_ready(client)
            assert send(0).json()["accepted"] == 10
            postgres.kill()
            answer = send(10)
            assert (answer.status_code, "cure" in answer.json()) == (503, True)
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            assert PASSWORD not in answer.text
            postgres.start()
            assert send(10).json()["accepted"] == 10
            assert send(10).json()["duplicates"] == 10
            wait_until_ready(client)
            found = client.get(f"/api/v1/lines/{NAME}/points?after=0&limit=100")
            assert found.status_code == 200
    finally:
        server.close()
    assert PASSWORD not in (tmp_path / "server.log").read_text()
    assert PASSWORD.replace(" ", "%20") not in (tmp_path / "server.log").read_text()


def test_a_source_waits_for_the_server_and_goes_on(postgres: Postgres, address: str) -> None:
    settings = Settings(lines=(LineSettings(NAME, source=PartSettings("source", f"{__name__}:Steady", {})),))
    with Ledger.open(address) as ledger:
        plant = Plant(ledger, settings)
        plant.start()
        try:
            until(lambda: plant.line(NAME).heard is not None)
            postgres.kill()
            Steady.cut.set()
            until(lambda: plant.source(NAME).state == "lost")
            postgres.start()
            until(lambda: plant.source(NAME).state == "ended")
        finally:
            plant.stop()
        with ledger.read() as connection:
            assert rows.last_rows(connection, NAME, 10_000).rows.ids == some_rows(STEADY).ids
        assert ledger.check() == []


@pytest.mark.parametrize(
    "change, said",
    [
        ((PASSWORD.replace(" ", "%20"), "wrong"), 'password authentication failed for user "spc"'),
        (("127.0.0.1:{port}", "127.0.0.1:1"), "Connection refused"),
        (("/{name}", "/nothing"), 'database "nothing" does not exist'),
        (("spc:", "nobody:"), 'password authentication failed for user "nobody"'),
    ],
)
def test_what_cannot_be_opened_is_told_in_words(
    postgres: Postgres, address: str, capsys: pytest.CaptureFixture[str], change: tuple[str, str], said: str
) -> None:
    old = change[0].format(port=postgres.port, name=address.rpartition("/")[2])
    assert old in address
    for command in (["run", "smt-2", "--config", str(ROOT / "config")], ["backup", "never.zip"]):
        assert main([*command, "--ledger", address.replace(old, change[1])]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1
        assert PASSWORD not in told
        assert "wrong" not in told.replace("//spc:wrong", "")
