from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import sqlalchemy as sa

from spc.errors import BadModel, Complaint, NotFound
from spc.ledger import Ledger, events, jobs, lines, models, outbox, points, references, rows
from spc.ledger import alarms as book
from spc.ledger.schema import model as model_table
from spc.nouns import Alarm, Points, Rows, Track
from tests.small import START, model
from tests.small import rows as some_rows

NOW = 1_741_068_000_000_000


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as ledger:
        ledger.write(lambda connection: lines.put_line(connection, "smt-2", "SMT-2", NOW))
        yield ledger


def append(ledger: Ledger, block: Rows, first: int) -> None:
    def job(connection: sa.Connection) -> None:
        schema = rows.schema_of(connection, block.names)
        keys = rows.keys_of("smt-2", block)
        rows.append_rows(connection, "smt-2", first, block, keys=keys, schema_id=schema, source="test", now=NOW + first)

    ledger.write(job)


def test_values_come_back_bit_for_bit(ledger: Ledger) -> None:
    x = np.array([[0.1 + 0.2, np.nan, -0.0], [np.nextafter(1.0, 2.0), 1e-308, 5e-324], [1.7976931348623157e308, -1e300, np.pi]])
    at = np.array(["2025-03-04T06:00:00.123456", "NaT", "1969-12-31T23:59:59"], dtype="datetime64[us]")
    append(ledger, Rows(("a", "b", "c"), x, at, ("B1", None, "Ä 3"), ("good", "bad", "late")), 1)
    with ledger.read() as connection:
        window = rows.rows_between(connection, "smt-2", 1, 3)
    assert window.rows.x.tobytes() == x.tobytes()
    assert np.array_equal(window.rows.at, at, equal_nan=True)
    assert (window.rows.ids, window.rows.quality) == (("B1", None, "Ä 3"), ("good", "bad", "late"))
    assert (window.seq.tolist(), window.received.tolist(), window.source) == ([1, 2, 3], [NOW + 1] * 3, ("test",) * 3)


def test_rows_of_different_columns_stand_side_by_side(ledger: Ledger) -> None:
    nat = np.full(1, np.datetime64("NaT", "us"))
    append(ledger, Rows(("a", "b"), np.array([[1.0, 2.0]]), nat, ("B1",)), 1)
    append(ledger, Rows(("b", "c"), np.array([[3.0, 4.0]]), nat, ("B2",)), 2)
    with ledger.read() as connection:
        window = rows.last_rows(connection, "smt-2", 10)
        assert len(rows.rows_between(connection, "smt-2", 5, 9)) == 0
    assert window.rows.names == ("a", "b", "c")
    np.testing.assert_array_equal(window.rows.x, [[1.0, 2.0, np.nan], [np.nan, 3.0, 4.0]])


def test_known_keys_are_found_however_many_are_asked(ledger: Ledger) -> None:
    append(ledger, some_rows(1200), 1)
    asked = some_rows(1203)
    at = np.where(np.arange(1203) < 1200, asked.at, np.datetime64("NaT"))
    asked = dataclasses.replace(asked, at=at, ids=(*asked.ids[:1200], "nobody", None, asked.ids[7]))
    with ledger.read() as connection:
        assert len(rows.stored(connection, "smt-2", rows.keys_of("smt-2", asked))) == 1200
        assert rows.stored(connection, "smt-3", rows.keys_of("smt-3", some_rows(10))) == {}
        assert rows.stored(connection, "smt-2", rows.keys_of("smt-2", some_rows(10, first=1201))) == {}


def test_keys_that_follow_each_other_have_numbers_that_do() -> None:
    """Serial numbers and times; other keys are far from each other, and none of another line's is near."""
    ids = ("B-0098", "B-0099", "B-0100", "B-100", "C-0098", "B", "0098", "9" * 30, "B-²")
    at = np.array(["2025-03-04T06:00", "2025-03-04T06:00:00.000001", "NaT", "1969-12-31T23:59:59.999999"], dtype="datetime64[us]")
    numbers = [
        one
        for name in ("smt-2", "smt-3")
        for one in (
            *rows.keys_of(name, Rows(("a",), np.zeros((9, 1)), np.full(9, np.datetime64("NaT", "us")), ids)).placed,
            *rows.keys_of(name, Rows(("a",), np.zeros((4, 1)), at, (None,) * 4)).placed,
        )
    ]
    assert numbers.pop(11) is numbers.pop(23) is None
    told = [one for one in numbers if one is not None]
    assert (len(told), len(set(told)), min(told) >= -(2**63), max(told) < 2**63) == (24, 24, True, True)
    assert [told[i] - told[0] for i in (1, 2)] == [1, 2]
    assert (told[10] - told[9], told[9] - told[11]) == (1, int(at[0].astype(np.int64)) + 1)
    apart = np.diff(sorted(set(told) - {told[1], told[2], told[10], told[13], told[14], told[22]}))
    assert apart.min() > 1_000_000


@pytest.mark.parametrize("ids", [True, False])
def test_a_block_of_any_order_is_written_and_found(ledger: Ledger, ids: bool) -> None:
    order = np.random.default_rng(4).permutation(300)
    block = some_rows(300).some(order.tolist())
    block = block if ids else dataclasses.replace(block, ids=(None,) * 300, at=np.where(order == 7, np.datetime64("NaT"), block.at))
    append(ledger, block, 1)
    with ledger.read() as connection:
        found = rows.stored(connection, "smt-2", rows.keys_of("smt-2", block.some(list(range(100, 200)))))
    here = [seq for seq in range(101, 201) if ids or order[seq - 1] != 7]
    assert sorted(seq for seq, _, _ in found.values()) == here


@pytest.fixture
def judged(ledger: Ledger) -> Ledger:
    """Six rows, judged on two charts from the third on; row 4 has no T²."""
    append(ledger, some_rows(6), 1)

    def job(connection: sa.Connection) -> None:
        models.put_model(connection, model(), reference_id=None, by="me", now=NOW)
        seat = lines.add_activation(connection, "smt-2", model().digest[:16], NOW, "me", "why")
        n = 4
        value = np.array([1.0, np.nan, 3.0, 40.0])
        ucl = np.array([14.0, np.nan, 14.0, 14.0])
        guard = Track(np.zeros(n), np.ones(n), np.zeros(n, dtype=bool))
        tracks = {"t2": Track(value, ucl, value > ucl), "guard": guard}
        block = Points(np.arange(3, 7), START + np.zeros(n, dtype="timedelta64[s]"), (None,) * n, tracks, ("", "no value", "", ""))
        points.append_points(connection, "smt-2", block, seat.id, NOW)

    ledger.write(job)
    return ledger


def test_points_come_in_pages_of_whole_rows(judged: Ledger) -> None:
    with judged.read() as connection:
        first = points.points_after(connection, "smt-2", 0, 3)
        rest = points.points_after(connection, "smt-2", first[-1].row, 3)
        assert points.points_after(connection, "smt-2", 6) == []
        assert points.last_points(connection, "smt-2", 2) == [*first, *rest][-4:]
        assert points.points_between(connection, "smt-2", 3, 6)[-1] == rest[-1]
        assert points.rows_out(connection, "smt-2", 1, 6) == 1
        assert points.model_of(connection, "smt-2", 3) == model().digest[:16]
        assert points.model_of(connection, "smt-2", 1) is None
    assert [(one.row, one.chart) for one in first] == [(3, "guard"), (3, "t2"), (4, "guard"), (4, "t2"), (5, "guard"), (5, "t2")]
    unjudged = first[3]
    assert np.isnan(unjudged.value)
    assert (unjudged.out, unjudged.note) == (False, "no value")
    assert (rest[1].value, rest[1].ucl, rest[1].out, rest[1].id, rest[1].at) == (40.0, 14.0, True, "B00006", some_rows(6).at[5])


def test_points_since_a_time(judged: Ledger) -> None:
    append(judged, some_rows(3, first=7), 7)
    with judged.read() as connection:
        assert len(points.points_since(connection, "smt-2", NOW)) == 8
        assert len(points.points_since(connection, "smt-2", NOW, limit=4)) == 2  # rows 6 to 9, of which only 6 was judged
        assert points.points_since(connection, "smt-2", NOW + 7) == []
        assert points.points_since(connection, "nowhere", NOW) == []


def test_a_reference_keeps_its_bytes(ledger: Ledger) -> None:
    content = bytes(range(256)) * 100

    def job(connection: sa.Connection) -> str:
        return references.put_reference(
            connection, references.Packed.of(content), name="ref.csv", roles={"board_id": "id"}, facts={"n": 200}, by="Ada", now=NOW
        )

    id = ledger.write(job)
    assert ledger.write(job) == id
    with ledger.read() as connection:
        assert references.reference_bytes(connection, id) == content
        one = references.get_reference(connection, id)
        assert (one.name, one.roles, one.facts, one.created_by) == ("ref.csv", {"board_id": "id"}, {"n": 200}, "Ada")
        assert references.references(connection) == [one]
        for ask in (references.get_reference, references.reference_bytes):
            with pytest.raises(NotFound):
                ask(connection, "nobody")


def test_a_model_comes_back_with_its_digest_and_a_changed_one_does_not(ledger: Ledger) -> None:
    one = model()
    id = ledger.write(lambda connection: models.put_model(connection, one, reference_id=None, by="Ada", now=NOW, note="n"))
    with ledger.read() as connection:
        assert models.get_model(connection, id).digest == one.digest
        assert models.model_record(connection, id).created_by == "Ada"
        assert [each.id for each in models.models(connection)] == [id]
        with pytest.raises(NotFound):
            models.get_model(connection, "nobody")
    ledger.write(
        lambda connection: connection.execute(
            sa.update(model_table).values(body=sa.func.replace(model_table.c.body, '"alpha": 0.0027', '"alpha": 0.0028'))
        )
    )
    with ledger.read() as connection, pytest.raises(BadModel, match="digest"):
        models.get_model(connection, id)


def alarm(id: str = "a1", **other: object) -> Alarm:
    one = Alarm(id, "smt-2", "process", "high", NOW, NOW, 5, 5, True, False, "warp_mm high", {"blame": {"warp_mm": 0.9}})
    return dataclasses.replace(one, **other)  # type: ignore[arg-type]


def test_alarms_are_found_by_their_state(ledger: Ledger) -> None:
    all_kinds = [
        alarm("unacknowledged"),
        alarm("acknowledged", acknowledged=True),
        alarm("returned", active=False, returned_at=NOW),
        alarm("normal", active=False, acknowledged=True),
        alarm("shelved", shelved_until=NOW + 9),
    ]
    for one in all_kinds:
        ledger.write(lambda connection, one=one: book.put_alarm(connection, one))
    with ledger.read() as connection:
        for one in all_kinds:
            assert one.state == one.id
            assert book.get_alarm(connection, one.id) == one
            assert book.alarms(connection, state=one.id) == [one]
        assert {one.id for one in book.alarms(connection, state="open")} == {"unacknowledged", "acknowledged", "returned", "shelved"}
        assert len(book.alarms(connection, line="smt-2")) == 5
        assert book.alarms(connection, line="smt-3") == []
        assert [one.id for one in book.shelves_over(connection, NOW + 9)] == ["shelved"]
        assert book.shelves_over(connection, NOW + 8) == []
        with pytest.raises(Complaint, match="no alarm state 'new'"):
            book.alarms(connection, state="new")
        with pytest.raises(NotFound):
            book.get_alarm(connection, "nobody")


def test_alarm_events_are_kept_in_order(ledger: Ledger) -> None:
    def job(connection: sa.Connection) -> None:
        book.put_alarm(connection, alarm())
        book.add_event(connection, "a1", NOW, "opened", seq=5)
        book.add_event(connection, "a1", NOW, "acknowledged", by="Ada", note="looking")

    ledger.write(job)
    with ledger.read() as connection:
        found = book.events_of(connection, "a1")
        assert [(one.what, one.by, one.note, one.seq) for one in found] == [("opened", "", "", 5), ("acknowledged", "Ada", "looking", None)]
        assert book.events_after(connection, found[0].id) == found[1:]


class Box:
    """An outbox with letters of one alarm, and a clock."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        ledger.write(lambda connection: book.put_alarm(connection, alarm()))

    def put(self, notifier: str = "shift", reason: str = "first", now: int = NOW) -> str:
        def job(connection: sa.Connection) -> str:
            event = book.add_event(connection, "a1", now, "opened")
            return outbox.put_letter(connection, "a1", event, notifier, reason, {"subject": "s"}, now)

        return self.ledger.write(job)

    def claim(self, owner: str, now: int = NOW, notifiers: tuple[str, ...] = ("shift",)) -> list[outbox.Letter]:
        return self.ledger.write(lambda connection: outbox.claim(connection, notifiers, now, 100, owner))


@pytest.fixture
def box(ledger: Ledger) -> Box:
    return Box(ledger)


def test_a_letter_is_claimed_by_one_and_comes_free_when_the_lease_ends(box: Box) -> None:
    id = box.put()
    (letter,) = box.claim("a")
    assert (letter.id, letter.tries, letter.message) == (id, 1, {"subject": "s", "id": id})
    assert box.claim("b", NOW + 100) == []
    (again,) = box.claim("b", NOW + 101)
    assert (again.id, again.tries) == (id, 2)
    assert not box.ledger.write(lambda connection: outbox.told(connection, id, "a", NOW))
    assert box.ledger.write(lambda connection: outbox.told(connection, id, "b", NOW))
    assert box.claim("c", NOW + 10_000) == []
    with box.ledger.read() as connection:
        assert outbox.counts(connection) == {"waiting": 0, "told": 1, "dead": 0}


def test_letters_of_one_alarm_to_one_notifier_keep_their_order(box: Box) -> None:
    first, second = box.put(), box.put(reason="back in")
    other = box.put("hook")
    assert [one.id for one in box.claim("a", notifiers=("shift", "hook"))] == [first, other]
    box.ledger.write(lambda connection: outbox.again(connection, first, "a", NOW + 50, "busy"))
    assert box.claim("a", NOW + 49) == []
    assert [one.id for one in box.claim("a", NOW + 50)] == [first]
    box.ledger.write(lambda connection: outbox.dead(connection, first, "a", "refused"))
    assert [one.id for one in box.claim("a", NOW + 51)] == [second]
    with box.ledger.read() as connection:
        assert [(one["state"], one["error"], one["tries"]) for one in outbox.letters(connection, "a1")] == [
            ("dead", "refused", 2),
            ("waiting", "", 1),
            ("waiting", "", 1),
        ]


def test_a_new_start_ends_the_leases_of_the_dead(box: Box) -> None:
    box.put()
    assert len(box.claim("a")) == 1
    assert box.ledger.write(outbox.release) == 1
    assert len(box.claim("b")) == 1


def test_positions_and_memories_are_replaced(ledger: Ledger) -> None:
    for where in ({"row": 5}, {"row": 9}):
        ledger.write(lambda connection, w=where: lines.put_position(connection, "smt-2", "replay a", w, NOW))
    seat = ledger.write(lambda connection: lines.add_activation(connection, "smt-2", None, NOW, "me", "why"))
    for text in ('{"a": 1}', '{"a": 2}'):
        ledger.write(lambda connection, t=text: lines.put_memory(connection, "smt-2", seat.id, 3, t))
    with ledger.read() as connection:
        assert lines.get_position(connection, "smt-2", "replay a") == {"row": 9}
        assert lines.get_position(connection, "smt-2", "replay b") is None
        assert lines.get_memory(connection, "smt-2", seat.id) == {"a": 2}
        assert lines.get_memory(connection, "smt-2", seat.id + 1) is None
        assert lines.current(connection, "smt-2") == seat
        assert lines.activations(connection, "smt-2") == [seat]
        with pytest.raises(NotFound, match="Lines: smt-2"):
            lines.need_line(connection, "smt-3")


def test_jobs_have_a_life(ledger: Ledger) -> None:
    id = ledger.write(lambda connection: jobs.add_job(connection, "fit", {"reference": "r"}, by="Ada", now=NOW))
    assert ledger.write(lambda connection: jobs.start_job(connection, id, NOW + 1))
    assert not ledger.write(lambda connection: jobs.start_job(connection, id, NOW + 1))
    ledger.write(lambda connection: jobs.progress_job(connection, id, 0.5, "C-steps", NOW + 2))
    with ledger.read() as connection:
        one = jobs.get_job(connection, id)
    assert (one.state, one.progress, one.stage, one.request, one.updated_at) == ("running", 0.5, "C-steps", {"reference": "r"}, NOW + 2)
    ledger.write(lambda connection: jobs.finish_job(connection, id, {"id": "m"}, NOW + 3))
    other = ledger.write(lambda connection: jobs.add_job(connection, "fit", {}, by="Ada", now=NOW + 4))
    assert ledger.write(lambda connection: jobs.lost_jobs(connection, NOW + 5)) == 1
    failed = ledger.write(lambda connection: jobs.add_job(connection, "fit", {}, by="Ada", now=NOW + 6))
    ledger.write(lambda connection: jobs.fail_job(connection, failed, {"detail": "no"}, NOW + 7))
    with ledger.read() as connection:
        assert jobs.get_job(connection, id).result == {"id": "m"}
        lost = jobs.get_job(connection, other).error
        assert lost is not None
        assert lost["title"] == "Interrupted"
        assert [one.id for one in jobs.jobs(connection)] == [failed, other, id]
        assert jobs.get_job(connection, failed).error == {"detail": "no"}
        with pytest.raises(NotFound):
            jobs.get_job(connection, "nobody")


def test_events_are_kept(ledger: Ledger) -> None:
    ledger.write(lambda connection: events.note_event(connection, NOW, "Ada", "activated", "line:smt-2", "new lot", {"model": "m"}))
    with ledger.read() as connection:
        (one,) = events.events(connection)
    assert (one.at, one.by, one.what, one.about, one.why, one.facts) == (NOW, "Ada", "activated", "line:smt-2", "new lot", {"model": "m"})
