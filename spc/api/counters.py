"""Numbers for Prometheus. What the ledger knows is asked of it at each scrape, so that a restart loses nothing."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from spc.ledger import Ledger, alarms, lines, outbox, points, scraps

_COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BATCH = 50_000
_MANY = 100_000


class Counters:
    """The counters of one server."""

    def __init__(self, ledger: Ledger) -> None:
        self.registry = CollectorRegistry()
        self.refused = Counter("spc_rows_refused", "Rows that were sent over HTTP and not taken.", ["line"], registry=self.registry)
        self.duplicates = Counter("spc_rows_duplicate", "Rows sent over HTTP that were there already.", ["line"], registry=self.registry)
        self.commit = Histogram(
            "spc_commit_seconds", "From a block of rows to its commit on disk.", buckets=_COMMIT_S, registry=self.registry
        )
        self.registry.register(_OfLedger(ledger))

    def text(self) -> bytes:
        """The page for the scraper; reads the ledger."""
        return generate_latest(self.registry)


def _judged(connection: Connection, line: str) -> int:
    """The rows that came while a model was active; each of them was judged. Counted from the activations: points may be millions."""
    changes = lines.activations(connection, line)
    ends = [*(one.after_seq for one in changes[1:]), lines.last_seq(connection, line)]
    return sum(end - one.after_seq for one, end in zip(changes, ends, strict=False) if one.model_id is not None)


class _OfLedger(Collector):
    """Totals that follow from the ledger; what was counted once is not counted again."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._signals: dict[str, tuple[int, int]] = {}

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        accepted = CounterMetricFamily("spc_rows_accepted", "Rows on disk.", labels=["line"])
        judged = CounterMetricFamily("spc_rows_judged", "Rows that a model has judged.", labels=["line"])
        signals = CounterMetricFamily("spc_signals", "Times that a chart went out of control or came back.", labels=["line"])
        with self._ledger.read() as connection:
            for line in lines.lines(connection):
                accepted.add_metric([line], lines.last_seq(connection, line))
                judged.add_metric([line], _judged(connection, line))
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
            kept.add_metric([line], n)
        yield from (accepted, judged, signals, kept)
        yield GaugeMetricFamily("spc_alarms_open", "Incidents that are not over.", value=still_open)
        yield GaugeMetricFamily("spc_outbox_waiting", "Messages that people have not been told yet.", value=waiting["waiting"])
        yield GaugeMetricFamily("spc_outbox_dead", "Messages that could not be delivered.", value=waiting["dead"])
        yield GaugeMetricFamily("spc_ledger_waiting", "Blocks of rows that wait for the disk.", value=self._ledger.waiting)
