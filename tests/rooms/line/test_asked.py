"""A scrap of a line that another process runs: asked for here, taken there, once, whoever is killed; or refused with the reason."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from spc.errors import BadTable, Conflict
from spc.ledger import Ledger, events, rows, scraps
from spc.ledger.scraps import Kept
from spc.line import Plant, discard, take_again
from spc.line import plant as plant_module
from spc.nouns import Rows
from spc.settings import LineSettings, PartSettings, Settings
from spc.sources import Batch, Scrap
from spc.sources.batch import NO_ROWS
from tests.small import rows as some_rows
from tests.waiting import until

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Told:
    """Gives two scraps and then nothing; reads `row 3` again as the third row."""

    @property
    def name(self) -> str:
        return "told"

    def read(self, after: object, stop: threading.Event, clock: Callable[[], int]) -> Iterator[Batch]:
        if after is None:
            yield Batch(NO_ROWS, {"row": 1}, (Scrap(b"row three", "no number"), Scrap(b"row 4", "no settings")))
        stop.wait()

    def again(self, payload: bytes, reason: str) -> list[Rows]:
        word, _, number = payload.decode().partition(" ")
        if word != "row" or not number.isdigit():
            raise BadTable(f"'{number}' is no number.", cure="Correct what was sent and take that.", column="row")
        return [some_rows(1, first=int(number))]


SETTINGS = Settings(lines=(LineSettings("smt-2", source=PartSettings("source", f"{__name__}:Told", {}), own_process=True),))


@dataclass(frozen=True)
class Site:
    """A server with pages, and what the line's own process would run, on a ledger each."""

    server: Plant
    own: Plant

    def scrap(self, id: int) -> Kept:
        with self.server.ledger.read() as connection:
            return scraps.get_scrap(connection, "smt-2", id)

    def refused(self, id: int) -> str:
        found = self.scrap(id).asked
        return "" if found is None else found.refused

    def taken(self) -> int:
        with self.server.ledger.read() as connection:
            return len(rows.last_rows(connection, "smt-2", 100))


@pytest.fixture
def site(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(plant_module, "LOOK_S", 0.02)
    with Ledger.open(url) as mine, Ledger.open(url) as theirs:
        own = Plant(theirs, SETTINGS, apart=True)
        own.start()
        until(lambda: len(waiting(mine)) == 2)
        yield Site(Plant(mine, SETTINGS), own)
        own.stop()


def waiting(ledger: Ledger) -> list[Kept]:
    with ledger.read() as connection:
        return scraps.scraps(connection, "smt-2")


def test_the_process_that_runs_the_line_takes_it_as_its_source_reads(site: Site) -> None:
    assert take_again(site.server, "smt-2", 2, "Ada") is None
    until(lambda: site.scrap(2).state == "taken")
    assert (site.scrap(2).handled_by, site.scrap(2).asked, site.taken()) == ("Ada", None, 1)
    assert take_again(site.server, "smt-2", 1, "Ada", b"row 4") is None
    until(lambda: site.scrap(1).state == "taken")
    assert site.taken() == 1  # the same row, known already
    with site.server.ledger.read() as connection:
        assert [one.facts["corrected"] for one in events.events(connection, limit=9) if one.what == "scrap taken"] == [True, False]
    with pytest.raises(Conflict, match="taken before"):
        take_again(site.server, "smt-2", 1, "Ada")


def test_why_not_is_told_and_one_may_ask_again_or_discard(site: Site) -> None:
    assert take_again(site.server, "smt-2", 1, "Ada") is None
    until(lambda: bool(site.refused(1)))
    assert "'three' is no number" in site.refused(1)
    assert site.scrap(1).state == "waiting"
    with site.server.ledger.read() as connection:
        assert scraps.count_asked(connection) == {"smt-2": (0, 1)}
    assert take_again(site.server, "smt-2", 1, "Bob", b"row 3") is None
    until(lambda: site.scrap(1).state == "taken")
    assert site.scrap(1).handled_by == "Bob"
    site.own.stop()
    assert take_again(site.server, "smt-2", 2, "Ada") is None  # waits until the process runs again
    assert site.scrap(2).asked is not None
    discard(site.server.ledger, "smt-2", 2, "Ada", "of no use", 5)
    assert (site.scrap(2).state, site.scrap(2).asked) == ("discarded", None)
    with site.server.ledger.read() as connection:
        assert scraps.asked(connection, ["smt-2"]) == []
        assert [one.id for one in scraps.handled(connection, "smt-2", 0)] == [1, 2]


def test_a_line_without_a_source_that_another_process_holds_is_asked_for_too(url: str) -> None:
    bare = replace(SETTINGS, lines=(LineSettings("smt-2"),))
    with Ledger.open(url) as mine, Ledger.open(url) as theirs:
        server, other = Plant(mine, bare), Plant(theirs, bare)
        other.line("smt-2").take_batch(Batch(NO_ROWS, None, (Scrap(b"{", "no JSON"),)), source="http")
        assert take_again(server, "smt-2", 1, "Ada", b'{"id": "B1", "values": {"a_mm": 1.0}}') is None
        other._look_once()
        assert Site(server, other).scrap(1).state == "taken"
        assert Site(server, other).taken() == 1


KILLED = """
import os, signal, sys
from spc.ledger import Ledger, events
from spc.line import again
from spc.line.plant import Plant
from tests.rooms.line.test_asked import SETTINGS
ledger = Ledger.open(sys.argv[1])
plant = Plant(ledger, SETTINGS, apart=True)
def die(*args, **words):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "before":
    events.note_event = die
elif sys.argv[2] == "inside":
    line = plant.line("smt-2")
    taken = line.taken
    line.taken = lambda *words: (taken(*words), die())
plant.line("smt-2").hold()
again.take_asked(plant, ["smt-2"])
die()
"""


def test_killed_at_any_point_it_is_taken_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with Ledger.open(url) as ledger:
        server = Plant(ledger, SETTINGS)
        scrap = Batch(NO_ROWS, None, (Scrap(b"row 4", "no settings"),))
        ledger.write(lambda connection: scraps.put_scrap(connection, "smt-2", "told", 1, scrap.scraps[0].reason, scrap.scraps[0].payload))
        assert take_again(server, "smt-2", 1, "Ada") is None
        site = Site(server, server)
        for point, state in (("before", "waiting"), ("inside", "waiting"), ("after", "taken"), ("after", "taken")):
            done = subprocess.run([sys.executable, "-c", KILLED, url, point], cwd=ROOT, check=False, capture_output=True, timeout=60)
            assert done.returncode == -9, done.stderr.decode()
            assert (site.scrap(1).state, site.taken()) == (state, int(state == "taken"))
            assert (site.scrap(1).asked is None) == (state == "taken")
