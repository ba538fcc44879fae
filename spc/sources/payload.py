"""Rows that came as JSON: {"rows": [{"time", "id", "values": {name: number or null}, "quality"}]}."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from spc.errors import BadTable, Refused
from spc.nouns import Rows

MOST_ROWS = 10_000
MOST_COLUMNS = 2_000
LONGEST_ID = 200
QUALITIES = ("good", "uncertain", "bad", "stale", "missing", "late")
_WORDS = ("time", "id", "values", "quality")


@dataclass(frozen=True, slots=True, eq=False)
class Payload:
    """The rows that can be taken, and {"row", "reason"} of the others; `numbers` says which row of the body each taken one was, from 1."""

    rows: Rows
    refused: tuple[dict[str, Any], ...]
    numbers: tuple[int, ...]


class _Refusal(Exception):
    """One row is wrong; the message is for the sender."""


@dataclass(frozen=True, slots=True)
class _Row:
    at: np.datetime64
    id: str | None
    values: dict[str, float]
    quality: str


def read_payload(body: Any, columns: Sequence[str] | None = None) -> Payload:
    """The rows of a request's body. `columns` are those of the active model: a row must bring each of them, as a number or null.

    A row that is wrong is refused alone, with its reason. Raises BadTable when the body is not of this form, and Refused when it has
    more than 10 000 rows.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("rows"), list):
        raise BadTable("The body is not a JSON object with a list of rows.", cure='Send {"rows": [{"time", "id", "values": {…}}]}.')
    if len(body["rows"]) > MOST_ROWS:
        raise Refused(f"{len(body['rows'])} rows came at once; the most is {MOST_ROWS}.", cure="Send them in smaller blocks.")
    taken: list[_Row] = []
    numbers: list[int] = []
    refused: list[dict[str, Any]] = []
    for number, one in enumerate(body["rows"], 1):
        try:
            taken.append(_row(one, columns))
            numbers.append(number)
        except _Refusal as why:
            refused.append({"row": number, "reason": str(why)})
    names = tuple(dict.fromkeys((*(columns or ()), *(name for one in taken for name in one.values))))
    if len(names) > MOST_COLUMNS:
        raise Refused(f"The rows have {len(names)} different columns; the most is {MOST_COLUMNS}.", cure="Send what is to be watched.")
    x = np.array([[one.values.get(name, math.nan) for name in names] for one in taken], dtype=np.float64).reshape(len(taken), len(names))
    at = np.array([one.at for one in taken], dtype="datetime64[us]")
    return Payload(Rows(names, x, at, tuple(one.id for one in taken), tuple(one.quality for one in taken)), tuple(refused), tuple(numbers))


def _row(one: Any, columns: Sequence[str] | None) -> _Row:
    if not isinstance(one, Mapping):
        raise _Refusal("not a JSON object")
    for word in one:
        if word not in _WORDS:
            raise _Refusal(f"nobody knows the word {str(word)[:40]!r}; words: {', '.join(_WORDS)}")
    values = one.get("values")
    if not isinstance(values, Mapping) or not values:
        raise _Refusal("no values")
    quality = one.get("quality") or "good"
    if quality not in QUALITIES:
        raise _Refusal(f"quality {str(quality)[:40]!r} is none of {', '.join(QUALITIES)}")
    for name in columns or ():
        if name not in values:
            near = difflib.get_close_matches(name, [str(each) for each in values], n=1)
            hint = f"is it {near[0]!r}?" if near else "send null when it was not measured"
            raise _Refusal(f"no value for {name}: {hint}")
    return _Row(_time(one.get("time")), _id(one.get("id")), {_name(k): _value(k, v) for k, v in values.items()}, quality)


def _name(name: Any) -> str:
    text = str(name)
    if not text.strip() or len(text) > LONGEST_ID or "\0" in text:
        raise _Refusal("a column has no name, or one that is too long")
    return text


def _value(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Refusal(f"{name}: {str(value)[:40]!r} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Refusal(f"{name}: not a finite number; send null when it was not measured")
    return number


def _id(id: Any) -> str | None:
    if id is None or id == "":
        return None
    if isinstance(id, bool) or not isinstance(id, (str, int)):
        raise _Refusal("id is neither a text nor a whole number")
    text = str(id) if isinstance(id, str) else f"{id:d}"
    if len(text) > LONGEST_ID or "\0" in text or not text.strip():
        raise _Refusal(f"id is blank, or longer than {LONGEST_ID} characters")
    return text


def _time(text: Any) -> np.datetime64:
    """ISO 8601; without a zone it is UTC."""
    if text is None or text == "":
        return np.datetime64("NaT", "us")
    if not isinstance(text, str):
        raise _Refusal("time is not a text; send ISO 8601, for example 2025-03-04T06:00:00Z")
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Refusal(f"time {text[:40]!r} is not ISO 8601, for example 2025-03-04T06:00:00Z") from None
    return np.datetime64(at.replace(tzinfo=None), "us")
