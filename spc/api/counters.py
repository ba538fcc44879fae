"""Numbers for Prometheus. What the ledger knows is asked of it at each scrape, so that a restart loses nothing."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from spc.line import Plant
from spc.line.measures import OfLedger, OfSources

_COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Counters:
    """The counters of one server."""

    def __init__(self, plant: Plant) -> None:
        self.registry = CollectorRegistry()
        self.refused = Counter("spc_rows_refused", "Rows that were sent over HTTP and not taken.", ["line"], registry=self.registry)
        self.duplicates = Counter("spc_rows_duplicate", "Rows sent over HTTP that were there already.", ["line"], registry=self.registry)
        self.commit = Histogram(
            "spc_commit_seconds", "From a block of rows to its commit on disk.", buckets=_COMMIT_S, registry=self.registry
        )
        self.registry.register(OfLedger(plant))
        self.registry.register(OfSources(plant))

    def text(self) -> bytes:
        """The page for the scraper; reads the ledger."""
        return generate_latest(self.registry)
