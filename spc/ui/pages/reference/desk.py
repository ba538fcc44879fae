"""What the reference page asks of the ledger and the plant: references, models, their review, and making a model active.

Every method blocks: call it off the event loop. What was read is kept for a while: opening the same reference again costs nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from spc import reference as reading
from spc.errors import BadTable, Complaint
from spc.export import reference_summary
from spc.ledger import lines as line_book
from spc.ledger import models, references, rows
from spc.ledger.models import StoredModel
from spc.ledger.references import StoredReference
from spc.line import verbs
from spc.nouns import Model, Reference
from spc.phase1 import Recommendation, recommend
from spc.report.reviewed import Reviewed, review
from spc.runlength.budget import Budget
from spc.ui.pages.reference import estimators
from spc.ui.pages.reference.estimators import Suggestion
from spc.ui.view import View

T = TypeVar("T")

DEMO = Path("data/demo_circuit_boards/phase1_reference.csv")
LOOKED = 1000  # rows of a line, the last ones, in which its products are looked for
HELD = 4  # references, models and reviews in memory


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A stored upload, read."""

    stored: StoredReference
    table: Reference


@dataclass(frozen=True, slots=True)
class Done:
    """An activation, for its confirmation: the line, what people call it, the model's version there, when, the row before, what the
    line's own rule or pace makes of the model's budget ("" when nothing), the product ("" for all), and which the line has had.
    """

    line: str
    title: str
    version: str
    at: int
    after_seq: int
    warning: str = ""
    product: str = ""
    known: Mapping[str, bool] = field(default_factory=dict)


class Desk:
    """The engineer's desk in the plant that `view` looks at."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._plant: Any = view.plant
        self._held: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def timezone(self) -> str:
        """The plant's."""
        return self._view.timezone

    # -------------------------------------------------------------------------------------------------------- references

    def recent(self, limit: int = 8) -> list[StoredReference]:
        """The newest uploads."""
        with self._plant.ledger.read() as c:
            return references.references(c, limit)

    def opened(self, ref: str) -> Opened:
        """A reference, read from its bytes with the roles that were answered. Raises Complaint."""

        def load() -> Opened:
            with self._plant.ledger.read() as c:
                stored = references.get_reference(c, ref)
                content = references.reference_bytes(c, ref)
            zone = str(stored.facts.get("timezone") or self._plant.settings.timezone)
            roles: Any = dict(stored.roles)
            return Opened(stored, reading.read(content, name=stored.name, roles=roles, timezone=zone))

        return self._remember(("reference", ref), load)

    def suggested(self, ref: str) -> Suggestion | None:
        """The estimator that a reference asks for, when the usual one does not fit it. Raises Complaint."""
        return self._remember(("suggested", ref), lambda: estimators.suggested(self.opened(ref).table))

    def recommended(self, ref: str) -> Recommendation:
        """What a reference asks for that is not usual, with its reasons. Raises Complaint."""
        return self._remember(("recommended", ref), lambda: recommend(self.opened(ref).table))

    def demo_path(self) -> Path | None:
        """The demo's reference, when it is there."""
        path = Path(self._plant.settings.root) / DEMO
        return path if path.is_file() else None

    def demo(self) -> str:
        """Keep the demo's reference as if it had been uploaded; returns its id."""
        path = self.demo_path()
        if path is None:
            raise BadTable("The demo data are not there.", cure=f"They should be at {DEMO}.")
        content, zone = path.read_bytes(), self._plant.settings.timezone
        table = reading.read(content, name=path.name, timezone=zone)
        facts = {**reference_summary(table), "timezone": zone}
        return verbs.save_reference(self._plant.ledger, content, name=path.name, by="demo", now=self._view.now(), facts=facts)

    # ------------------------------------------------------------------------------------------------------------- models

    def model(self, id: str) -> Model:
        """Raises NotFound."""

        def load() -> Model:
            with self._plant.ledger.read() as c:
                return models.get_model(c, id)

        return self._remember(("model", id), load)

    def record(self, id: str) -> StoredModel:
        """Who made a model, when; raises NotFound."""
        with self._plant.ledger.read() as c:
            return models.model_record(c, id)

    def reviewed(self, ref: str, model_id: str) -> Reviewed:
        """The reference's rows as the model sees them. Raises Complaint when they do not belong together."""
        return self._remember(("review", ref, model_id), lambda: review(self.opened(ref).table, self.model(model_id)))

    def of_reference(self, ref: str) -> list[StoredModel]:
        """The models that were fitted to a reference, newest first."""
        with self._plant.ledger.read() as c:
            return [one for one in models.models(c, 1000) if one.reference_id == ref]

    # -------------------------------------------------------------------------------------------------------------- lines

    def lines(self) -> dict[str, str]:
        """The titles of all lines."""
        return {name: self._view.title(name) for name in self._view.names()}

    def products(self, line: str) -> dict[str, bool]:
        """The products that a line has had among its last rows or has a model for: whether that is one of their own."""
        with self._plant.ledger.read() as c:
            force = {name for name, one in line_book.in_force(c, line).items() if name and one.model_id is not None}
            return {name: name in force for name in {*force, *rows.last_rows(c, line, LOOKED).rows.product} - {""}}

    def activate(self, model_id: str, line: str, *, reason: str, by: str, title: str = "", new: bool = False, product: str = "") -> Done:
        """From its next row on the line, or one product on it, is judged by this model; a new line is made first. Raises Complaint."""
        if not reason.strip():
            raise Complaint("A reason is missing.", cure="Say why this model is to judge the line: it is kept with the change.")
        if not by.strip():
            raise Complaint("Nobody has signed.", cure="Type your name first.")
        if new and not line:
            raise Complaint("The new line has no name.", cure="Use small letters, digits, - and _: it becomes part of an address.")
        self.record(model_id)
        if new:
            self._plant.add_line(line, title, by=by.strip())
        known = self.products(line)
        made = verbs.activate(self._plant.ledger, line, model_id, reason.strip(), by.strip(), self._view.now(), product=product)
        with self._plant.ledger.read() as c:
            version = len(line_book.activations(c, line))
        against = self._against(line, model_id)
        return Done(line, self._view.title(line), f"v{version}", made.at, made.after_seq, against, made.product, known)

    def _against(self, line: str, model_id: str) -> str:
        rule, kept = self._plant.line(line).settings, Budget.kept(self.model(model_id))
        return kept.against(rule.watch.k, rule.watch.n, rule.interval_s if kept.point == "row" else None)

    # ------------------------------------------------------------------------------------------------------------ private

    def _remember(self, key: tuple[str, ...], load: Callable[[], T]) -> T:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                found: T = self._held[key]
                return found
        made = load()
        with self._lock:
            self._held[key] = made
            while len(self._held) > 3 * HELD:
                self._held.popitem(last=False)
        return made
