"""What Prometheus is told of the lines, by the server and by a line in a process of its own: what the ledger knows, and of the sources."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from spc.ledger import alarms, leases, lines, outbox, points, scraps, totals
from spc.line.plant import Plant

_BATCH = 50_000
_MANY = 100_000


class OfLedger(Collector):
    """Totals that follow from the ledger; what was counted once is not counted again. With `only`, those of one line and nothing else."""

    def __init__(self, plant: Plant, only: str = "") -> None:
        self._plant, self._ledger, self._only = plant, plant.ledger, only
        self._judged: dict[str, tuple[int, int]] = {}
        self._signals: dict[str, tuple[int, int]] = {}

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        accepted = CounterMetricFamily("spc_rows_accepted", "Rows on disk.", labels=["line"])
        judged = CounterMetricFamily("spc_rows_judged", "Rows that a model has judged.", labels=["line"])
        signals = CounterMetricFamily("spc_signals", "Times that a chart went out of control or came back.", labels=["line"])
        held = GaugeMetricFamily("spc_lease_held", "1 where this process is the one that runs the line.", labels=["line"])
        run = GaugeMetricFamily("spc_line_run", "1 where some process runs the line, this one or another.", labels=["line"])
        holder = InfoMetricFamily("spc_line_holder", "The process that runs the line.", labels=["line"])
        newest = GaugeMetricFamily("spc_last_row_timestamp_seconds", "When the line's newest row was on disk.", labels=["line"])
        now = self._plant.clock()
        with self._ledger.read() as connection:
            for line in [self._only] if self._only else lines.lines(connection):
                accepted.add_metric([line], lines.last_seq(connection, line))
                judged.add_metric([line], self._judged_rows(connection, line))
                owner, who = leases.holder(connection, line, now)
                held.add_metric([line], owner == self._ledger.owner)
                run.add_metric([line], bool(owner))
                if who:
                    holder.add_metric([line], {"holder": who})
                if (received := lines.last_received(connection, line)) is not None:
                    newest.add_metric([line], received / 1e6)
                seq, n = self._signals.get(line, (0, 0))
                while new := points.signals_after(connection, line, seq, _BATCH):
                    seq, n = new[-1].seq, n + len(new)
                self._signals[line] = (seq, n)
                signals.add_metric([line], n)
            waiting = outbox.counts(connection)
            still_open = len(alarms.alarms(connection, state="open", limit=_MANY))
            waiting_scraps = scraps.count_scraps(connection)
        kept = GaugeMetricFamily(
            "spc_scraps_waiting", "What sources sent, no row could be made of, and nobody has handled.", labels=["line"]
        )
        for line, n in waiting_scraps.items():
            if self._only in ("", line):
                kept.add_metric([line], n)
        yield from (accepted, judged, signals, kept, held, run, holder, newest)
        yield GaugeMetricFamily("spc_ledger_waiting", "Blocks of rows that wait for the disk.", value=self._ledger.waiting)
        if self._only:
            return
        yield GaugeMetricFamily("spc_alarms_open", "Incidents that are not over.", value=still_open)
        yield GaugeMetricFamily("spc_outbox_waiting", "Messages that people have not been told yet.", value=waiting["waiting"])
        yield GaugeMetricFamily("spc_outbox_dead", "Messages that could not be delivered.", value=waiting["dead"])

    def _judged_rows(self, connection: Connection, line: str) -> int:
        """A line may have a model for some of its products only, so that its activations do not say which rows were judged."""
        seq, n = self._judged.get(line, (0, 0))
        last, more = totals.judged_rows_after(connection, line, seq)
        self._judged[line] = (last, n + more)
        return n + more


class OfSources(Collector):
    """What this process knows of the sources that it reads: counted since it began. Asks the disk how much room there is."""

    def __init__(self, plant: Plant, only: str = "") -> None:
        self._plant, self._only = plant, only

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "spc_source_up", "1 while rows can come from the line's source, 0 while it is lost or ended.", labels=["line"]
        )
        rows = CounterMetricFamily("spc_source_rows", "Rows of the source on disk.", labels=["line"])
        batches = CounterMetricFamily("spc_source_batches", "Blocks of rows of the source on disk.", labels=["line"])
        late = CounterMetricFamily("spc_source_late", "Rows of the source that came late, and so raised no alarm.", labels=["line"])
        kept = CounterMetricFamily("spc_source_scraps", "What the source sent and no row could be made of.", labels=["line"])
        lost = CounterMetricFamily("spc_source_lost", "Times that the source was lost.", labels=["line"])
        found = CounterMetricFamily("spc_source_reconnects", "Times that the source was found again.", labels=["line"])
        last = GaugeMetricFamily("spc_source_last_batch_timestamp_seconds", "When the last block was on disk.", labels=["line"])
        lag = GaugeMetricFamily("spc_source_lag_seconds", "From the newest row's own time to its receipt.", labels=["line"])
        for line in list(self._plant.lines.values()):
            if self._only not in ("", line.name):
                continue
            state = self._plant.source(line.name)
            if line.lag.last_s is not None:
                lag.add_metric([line.name], line.lag.last_s)
            if state.state in ("none", "elsewhere"):
                continue
            tally = state.tally
            up.add_metric([line.name], state.state == "running")
            counted = ((rows, tally.rows), (batches, tally.batches), (late, tally.late), (kept, tally.scraps), (lost, tally.lost))
            for family, n in (*counted, (found, tally.reconnects)):
                family.add_metric([line.name], n)
            if tally.last is not None:
                last.add_metric([line.name], tally.last / 1e6)
        yield from (up, rows, batches, late, kept, lost, found, last, lag)
        if self._plant.room is not None:
            yield GaugeMetricFamily("spc_disk_free_bytes", "Free on the disk of the ledger.", value=self._plant.room.free)
