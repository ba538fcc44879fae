"""Several products on one line: a model each, and what is known of whether they could share one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spc.errors import BadModel
from spc.nouns.model import MODEL_VERSION, Model
from spc.nouns.reference import Finding

KIND = "products"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether several products scatter alike: Box's M over the charted `names` with its p-value, and the law by which it was found.

    `means_p_value` asks the same of their centres. `n` is what a pooled scatter would rest on: rows of all products together. `text`
    says it in words.
    """

    names: tuple[str, ...]
    statistic: float
    p_value: float
    law: str
    means_p_value: float
    means_law: str
    n: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "statistic": self.statistic,
            "p_value": self.p_value,
            "law": self.law,
            "means_p_value": self.means_p_value,
            "means_law": self.means_law,
            "n": self.n,
            "text": self.text,
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Agreement:
        numbers = float(d["statistic"]), float(d["p_value"]), str(d["law"]), float(d["means_p_value"]), str(d["means_law"])
        return cls(tuple(d["names"]), *numbers, int(d["n"]), str(d["text"]))


@dataclass(frozen=True, eq=False)
class ProductModels:
    """A model for each product, told apart by the labels in `column`; immutable, and stored as one JSON text.

    `agreement` says whether their scatters agree (None for a single product); with `pooled` the models share one scatter and have a
    centre each. Row numbers in the models count the rows of the whole reference.
    """

    column: str
    models: Mapping[str, Model]
    agreement: Agreement | None
    pooled: bool
    findings: tuple[Finding, ...]

    @property
    def products(self) -> tuple[str, ...]:
        return tuple(self.models)

    @property
    def first(self) -> Model:
        return next(iter(self.models.values()))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a row must bring, whichever product it is."""
        return tuple(dict.fromkeys(name for model in self.models.values() for name in model.columns))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything in the models and what was found of them."""
        return hashlib.sha256(json.dumps(self._body(), sort_keys=True, allow_nan=False).encode()).hexdigest()

    def _body(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "version": MODEL_VERSION,
            "column": self.column,
            "pooled": self.pooled,
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
            "findings": [one.to_dict() for one in self.findings],
            "models": {name: json.loads(model.to_json()) for name, model in self.models.items()},
        }

    def to_json(self) -> str:
        """The models as JSON text; reading it back gives the same bits."""
        return json.dumps({**self._body(), "digest": self.digest}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> ProductModels:
        """The models of a JSON text; raises BadModel when it is damaged, altered, or of another version."""
        try:
            d = json.loads(text)
            if d.get("kind") != KIND or d["version"] != MODEL_VERSION:
                raise BadModel("This is not a file of models by product that this program reads.", cure="Fit it again from its reference.")
            found = cls(
                column=str(d["column"]),
                models={name: Model.from_json(json.dumps(one)) for name, one in d["models"].items()},
                agreement=None if d["agreement"] is None else Agreement.from_dict(d["agreement"]),
                pooled=bool(d["pooled"]),
                findings=tuple(Finding.from_dict(one) for one in d["findings"]),
            )
            promised = d["digest"]
        except (ValueError, KeyError, TypeError, AttributeError) as broken:
            raise BadModel(
                f"This is not a model file: {type(broken).__name__} {broken}.", cure="Write one with `spc fit … -o MODEL.json`."
            ) from broken
        if found.digest != promised or not found.models:
            raise BadModel(
                "The models' numbers do not match their digest: the file was changed after it was written.",
                cure="Fit it again from its reference.",
            )
        return found


def load_model(text: str) -> Model | ProductModels:
    """The model, or the models by product, of a JSON text; raises BadModel."""
    try:
        by_product = json.loads(text).get("kind") == KIND
    except (ValueError, AttributeError):
        by_product = False
    return ProductModels.from_json(text) if by_product else Model.from_json(text)
