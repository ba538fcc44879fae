"""What can be played and through what, called as people call it: lines, files, and models by reference, time, estimator and alpha."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spc.ledger import lines as line_book
from spc.ledger import models, references
from spc.ui.view import View
from spc.ui.words import clock, number

RECENT = 30


@dataclass(frozen=True, slots=True)
class Choices:
    """Values of the form's lists and the words for them: rows to play, models, references that a new fit may rest on, and lines."""

    sources: Mapping[str, str]
    models: Mapping[str, str]
    references: Mapping[str, str]
    lines: Mapping[str, str]


class Known:
    """The choices of a plant. A stored model never changes, so its words are made once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._words: dict[str, str] = {}

    def choices(self) -> Choices:
        """Everything as it is now; the newest first."""
        view = self._view
        with view.plant.ledger.read() as c:
            uploads, found = references.references(c, RECENT), models.models(c, RECENT)
            names = {one.id: one.name or one.id[:8] for one in uploads}
            seats = {name: line_book.activations(c, name) for name in view.names()}
            words = {one.id: self._model(c, one, names) for one in found}
        titles = {name: view.title(name) for name in seats}
        judges = {made[-1].model_id: f" · judges {titles[name]}" for name, made in seats.items() if made and made[-1].model_id}
        files = {one.id: f"{names[one.id]}, {clock(one.created_at, view.timezone, date=True)}" for one in uploads}
        return Choices(
            {f"line:{name}": title for name, title in titles.items()} | {f"file:{id}": f"file {said}" for id, said in files.items()},
            {id: f"{said}{judges.get(id, '')}" for id, said in words.items()},
            files,
            titles,
        )

    def _model(self, connection: Any, one: models.StoredModel, names: Mapping[str, str]) -> str:
        with self._lock:
            known = self._words.get(one.id)
        if known is None:
            model = models.get_model(connection, one.id)
            reference = names.get(one.reference_id or "", "")
            if not reference and one.reference_id is not None:
                reference = references.get_reference(connection, one.reference_id).name
            made = clock(one.created_at, self._view.timezone, date=True)[:16]
            known = " · ".join([reference or "without a reference", made, model.estimator, f"α {number(model.alpha)}"])
            with self._lock:
                self._words[one.id] = known
        return known
