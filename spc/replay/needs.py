"""Which columns rows must have to be played through candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spc.errors import BadRecipe
from spc.nouns import Model, ProductModels
from spc.replay.player import Candidate


@dataclass(frozen=True, slots=True)
class Needs:
    """The columns of numbers that the candidates need together, and the names of those with time, part id, subgroup and product."""

    columns: tuple[str, ...]
    time: str | None
    id: str | None
    subgroup: str | None
    product: str | None

    @classmethod
    def of(cls, candidates: Sequence[Candidate], extra: str = "") -> Needs:
        """`extra` is a further column of numbers, such as that of the labels.

        Raises BadRecipe when two candidates gather subgroups, or tell products apart, by different columns, and when `extra` is a variable.
        """
        columns = tuple(dict.fromkeys(name for one in candidates for name in one.model.columns))
        if extra and extra in columns:
            raise BadRecipe(f"{extra} is a variable of a model, not a label.", cure="Name the column that says which rows are bad.")
        return cls(
            (*columns, extra) if extra else columns,
            next((name for one in candidates if (name := _first(one).time_column)), None),
            next((name for one in candidates if (name := _first(one).id_column)), None),
            _one(candidates, _subgroup, "gather their subgroups"),
            _one(candidates, _product, "tell products apart"),
        )


def _first(candidate: Candidate) -> Model:
    return candidate.model.first if isinstance(candidate.model, ProductModels) else candidate.model


def _subgroup(candidate: Candidate) -> str | None:
    found: Any = _first(candidate).subgroup
    return None if found is None else str(found.column)


def _product(candidate: Candidate) -> str | None:
    return candidate.model.column if isinstance(candidate.model, ProductModels) else None


def _one(candidates: Sequence[Candidate], column: Callable[[Candidate], str | None], what: str) -> str | None:
    said = {found: one.name for one in candidates if (found := column(one)) is not None}
    if len(said) > 1:
        (first, one), (second, other), *_ = said.items()
        raise BadRecipe(f"{one} and {other} {what} by different columns: {first} and {second}.", cure="Play them one after the other.")
    return next(iter(said), None)
