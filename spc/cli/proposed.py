"""A candidate in words: a model file, or a reference with the options of `spc fit`, which is then fitted for the replay alone."""

from __future__ import annotations

import difflib
import inspect
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spc.cli import asked, files
from spc.errors import BadRecipe
from spc.phase1 import fit, fit_products
from spc.reference import read
from spc.replay import Candidate

Progress = Callable[[float, str], None]

EXAMPLE = 'Write for instance "reference.csv: estimator=mcd alpha=0.0027".'
ROLES = ("time", "id", "subgroup", "product")
BUDGET = ("alpha", "arl0", "false_alarms", "every")
USUAL: Mapping[str, Any] = {
    "estimator": "mcd", "h": None, "known": None, "charts": "t2", "limit": "auto", "ignore": "", "seed": 0, "exclude": None
}  # fmt: skip
TABLES = (".csv", ".txt", ".tsv")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A file and what is said about it: the options of `spc fit` without their dashes; `name`, what to call it; `keep`, a file to write."""

    path: str
    words: Mapping[str, str] = field(default_factory=dict)
    called: str = ""
    kept: str = ""

    @classmethod
    def of(cls, text: str) -> Proposed:
        """From "model.json", "reference.csv" or "reference.csv: estimator=mcd alpha=0.0027 name=strict keep=strict.json".

        >>> one = Proposed.of("ref.csv: estimator='mcd h=0.5' false-alarms='1 per week' name=strict")
        >>> one.path, one.words, one.called
        ('ref.csv', {'estimator': 'mcd h=0.5', 'false_alarms': '1 per week'}, 'strict')
        """
        path, rest = _split(text.strip())
        said = dict(_pair(one) for one in rest)
        name, kept = said.pop("name", ""), said.pop("keep", "")
        usual = f"{Path(path).name.removesuffix('.json')}{''.join(f' {word}' for word in rest if not word.startswith(('name=', 'keep=')))}"
        made = cls(path, said, name or usual, kept)
        if made.is_model and (said or kept):
            raise BadRecipe(f"{path} is a model: it cannot be fitted otherwise.", cure=f"Name its reference. {EXAMPLE}")
        return made

    @property
    def is_model(self) -> bool:
        """Whether the file is a model already, not rows to be fitted."""
        name = self.path.lower()
        return name.endswith(".json") or not (self.words or name.endswith(TABLES))

    def candidate(self, timezone: str, report: Progress) -> Candidate:
        """The model, fitted now when it is a reference. Raises the complaints of reading and fitting."""
        if self.is_model:
            return Candidate(self.called, files.load_model(self.path))
        said = {word: _value(word, value) for word, value in self.words.items()}
        roles = asked.roles(said.get("ignore", ""), *(said.get(word) for word in ROLES))
        table = read(files.table_path(self.path), roles=roles, timezone=timezone)
        options = {word: value for word, value in said.items() if word not in (*BUDGET, "time", "id")}
        budget = said.get("alpha"), said.get("arl0"), said.get("false_alarms"), said.get("every")
        recipe = asked.recipe(table, **{**USUAL, **options, "budget": budget})

        def tell(share: float, stage: str) -> None:
            report(share, f"fitting {self.called}: {stage}")

        if recipe.product:
            return Candidate(self.called, fit_products(table, recipe, tell).models)
        return Candidate(self.called, fit(table, recipe, tell).model)

    def keep(self, candidate: Candidate) -> None:
        """Writes the model where `keep` said; by itself a replay keeps none."""
        if self.kept:
            with files.written(self.kept) as out:
                out.write(candidate.model.to_json() + "\n")


def _split(text: str) -> tuple[str, list[str]]:
    if Path(text).exists() or " " not in text:
        return text, []
    try:
        head, colon, tail = text.partition(": ")
        if colon:
            return head.strip(), shlex.split(tail)
        path, *rest = shlex.split(text)
    except ValueError as broken:
        raise BadRecipe(f"{text!r} cannot be read: {broken}.", cure=EXAMPLE) from broken
    return path.removesuffix(":"), rest


def _known() -> list[str]:
    options = [name for name in inspect.signature(asked.recipe).parameters if name not in ("table", "budget")]
    return [*options, *BUDGET, "time", "id", "name", "keep"]


def _pair(word: str) -> tuple[str, str]:
    key, sign, value = word.partition("=")
    if not sign or not key:
        raise BadRecipe(f"{word!r} is no word of a recipe.", cure=EXAMPLE)
    name = key.removeprefix("--").replace("-", "_")
    if name not in _known():
        near = difflib.get_close_matches(name, _known(), n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise BadRecipe(f"A recipe has no {key!r}.", cure=f"{hint}The words are the options of `spc fit`: {', '.join(_known())}.")
    return name, value


def _value(word: str, text: str) -> Any:
    """A word's value as the option of `spc fit` gives it. Raises BadRecipe."""
    kind = {"alpha": float, "arl0": float, "guarantee": float, "overall": float, "ucl": float, "seed": int}.get(word)
    if kind is not None:
        try:
            return kind(text)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise BadRecipe(f"{word}={text} is not {what}.", cure=EXAMPLE) from None
    if word == "pool":
        if text.lower() not in ("true", "false"):
            raise BadRecipe(f"pool={text} is neither true nor false.", cure="Write pool=true.")
        return text.lower() == "true"
    return text
