"""The first start: an empty ledger gets the demo reference, its model, and the model made active, so that a line runs at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from spc.errors import Complaint
from spc.ledger import Ledger, lines, models
from spc.line.verbs import activate, save_model, save_reference
from spc.settings import Settings

REFERENCE = Path("data/demo_circuit_boards/phase1_reference.csv")
LINE = "smt-2"
BY = "demo"

_log = structlog.get_logger("spc.demo")


def wanted(ledger: Ledger, settings: Settings) -> bool:
    """True when the settings ask for the demo and nobody has made a model or activated anything yet."""
    if not settings.demo or not any(one.name == LINE for one in settings.lines) or not (settings.root / REFERENCE).exists():
        return False
    with ledger.read() as connection:
        return not models.models(connection, 1) and lines.current(connection, LINE) is None


def prepare(ledger: Ledger, settings: Settings, clock: Callable[[], int]) -> str | None:
    """Fits the demo reference and activates the model on the demo line; returns the model's id, or None when it was not wanted."""
    if not wanted(ledger, settings):
        return None
    from spc import phase1, reference  # noqa: PLC0415 - only the very first start needs them

    content = (settings.root / REFERENCE).read_bytes()
    try:
        table = reference.read(content, name=REFERENCE.name, timezone=settings.timezone)
        model = phase1.fit(table).model
    except Complaint as wrong:
        _log.error("the demo reference could not be fitted", error=str(wrong))
        return None
    facts = {"names": list(table.names), "n": len(table), "findings": [one.to_dict() for one in table.findings]}
    kept = save_reference(ledger, content, name=REFERENCE.name, by=BY, now=clock(), facts=facts)
    id = save_model(ledger, model, reference_id=kept, by=BY, now=clock(), note="the demo reference")
    activate(ledger, LINE, id, "first start with the demo data", BY, clock())
    return id
