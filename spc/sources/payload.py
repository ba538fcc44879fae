"""Rows as JSON: strict, each row looked at by itself, so that one bad row does not keep a hundred good ones from the disk.

    {"time": "2025-03-04T06:00:00Z", "id": "B00201", "values": {"warp_mm": 0.35, "copper_um": null}}
    [{…}, {…}]        several rows
    {"rows": [{…}]}   the same, as over HTTP
    {"time": "2025-03-04T06:00:00Z", "id": "B00201", "warp_mm": 0.35, "copper_um": null}

Only `values` must be there; `quality`, `product` and `subgroup` may be.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import Any, NoReturn

import numpy as np

from spc.errors import BadTable, Complaint
from spc.nouns import Rows
from spc.nouns.rows import QUALITIES
from spc.sources.batch import Scrap

LABELS = ("quality", "product", "subgroup")
KEPT_BYTES = 65_536  # of a message that is too large to be looked at, so much is kept to show what it was
LONGEST = 1000  # characters of an id, a label or a column's name: as over HTTP

_EPOCH, _US = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
NAT = int(np.iinfo(np.int64).min)  # no time, as a number
_FLOATS = frozenset({float})
_TOO_DEEP = "It is nested too deeply for a row."
_CURE = 'Send {"values": {"warp_mm": 0.35, …}}.'


@dataclass(frozen=True, slots=True)
class Sent:
    """One row as it was sent: `at` in µs UTC or None, the values of `names`, NaN where one is missing."""

    at: int | None
    id: str | None
    names: tuple[str, ...]
    values: tuple[float, ...]
    quality: str = "good"
    product: str = ""
    subgroup: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """How messages are written: what their fields are called, and which values are taken (none named: all of them).

    `columns` says for each column of ours what the message calls it. A time without a zone is one of `zone`.
    """

    time: str = "time"
    id: str = "id"
    columns: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    most_bytes: int = 1 << 20


def read_payload(payload: bytes, form: Form) -> tuple[list[Sent], list[Scrap]]:
    """The rows of a message, and what no row could be made of, with the reason. It never raises.

    >>> read_payload(b'{"id": "B7", "values": {"warp_mm": 0.25}}', Form())
    ([Sent(at=None, id='B7', names=('warp_mm',), values=(0.25,), quality='good', product='', subgroup='')], [])
    >>> read_payload(b'{"values": {"warp_mm": NaN}}', Form())[1][0].reason
    'NaN is no JSON. Send null where a value is missing.'
    """
    if len(payload) > form.most_bytes:
        about = f"The message has {len(payload)} bytes; at most {form.most_bytes} are read, and the first {KEPT_BYTES} kept."
        return [], [Scrap(payload[:KEPT_BYTES], about)]
    try:
        given = parsed(payload)
        listed, rows = _listed(given)
    except Complaint as wrong:
        return [], [Scrap(payload, str(wrong))]
    good: list[Sent] = []
    scraps: list[Scrap] = []
    for place, row in enumerate(rows, 1):
        try:
            good.append(_row(row, form))
        except Complaint as wrong:
            wrong.row = place if listed else None
            scraps.append(Scrap(json.dumps(row).encode() if listed else payload, str(wrong)))
        except RecursionError:  # saying what it is goes as deep as reading it did
            return [], [Scrap(payload, _TOO_DEEP)]
    return good, scraps


def parsed(payload: bytes) -> Any:
    """JSON, strictly: UTF-8, no NaN and no Infinity, no name twice in one object. Raises BadTable."""
    try:
        return json.loads(payload.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_word)
    except UnicodeDecodeError as wrong:
        raise BadTable(f"Byte {wrong.start + 1} is not UTF-8.", cure="Send JSON as UTF-8.") from None
    except RecursionError:
        raise BadTable(_TOO_DEEP) from None
    except ValueError as wrong:  # no JSON, or a number of thousands of digits
        raise BadTable(f"It is no JSON: {str(wrong)[:200]}.", cure=_CURE) from None


def row_of(time: int | None, id: str | None, values: Mapping[str, Any], labels: Mapping[str, str]) -> Sent:
    """A row of checked values; raises BadTable. `labels` are quality, product and subgroup, as far as there are any."""
    quality = labels.get("quality", "good")
    if quality not in QUALITIES:
        raise BadTable(f"There is no quality {quality[:40]!r}.", cure=f"Qualities: {', '.join(QUALITIES)}.")
    if not values:
        raise BadTable("The row has no values.", cure=_CURE)
    if id is not None and (not id.strip() or not id.isprintable()):
        raise BadTable("The id is empty or has characters that cannot be printed.", cure="Leave it out if there is none.", column="id")
    for word, label in labels.items():
        if label and not label.isprintable():
            raise BadTable("It has characters that cannot be printed.", cure="Leave it out if there is none.", column=word)
    names = tuple(values)
    if not can_be_named(names):
        raise BadTable("A column has no name, or one that cannot be printed.", cure="Name every value.")
    numbers = _plain(values) or tuple(number(name, value) for name, value in values.items())
    return Sent(time, id, names, numbers, quality, labels.get("product", ""), labels.get("subgroup", ""))


@lru_cache(maxsize=256)
def can_be_named(names: tuple[str, ...]) -> bool:
    """Whether each column has a name that people can read; looked at once for all rows of a kind.

    >>> can_be_named(("warp_mm",)), can_be_named((" ",))
    (True, False)
    """
    return all(name.strip() and name.isprintable() for name in names)


def _plain(values: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The values of a row that has finite numbers only, as nearly every one has: at once, not one by one. None when it may have others."""
    if not _FLOATS.issuperset(map(type, values.values())):
        return None
    found = tuple(values.values())
    return found if math.isfinite(sum(found)) else None


def number(name: str, value: Any) -> float:
    """A value as float64, NaN for null. Text is refused even if it looks like a number: "1,5" does, too."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTable(f"{str(value)[:40]!r} is not a number.", cure="Send a JSON number, or null where it is missing.", column=name)
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BadTable("It is not a finite number.", cure="Send null where a value is missing.", column=name)
    return found


def us_of(text: str, zone: tzinfo) -> int:
    """Microseconds since 1970 of an ISO 8601 text; without an offset it is a time of `zone`. Raises Complaint.

    >>> us_of("2025-03-04T06:00:00.25+01:00", UTC), us_of("2025-03-04 05:00:00.25", UTC)
    (1741064400250000, 1741064400250000)
    """
    try:
        at = datetime.fromisoformat(text.strip())
        utc = at if at.tzinfo is UTC else (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Complaint(f"{text[:60]!r} is not a time.", cure="Write ISO 8601: 2025-03-04T06:00:00Z.") from wrong
    return (utc - _EPOCH) // _US


def us_since_1970(at: Iterable[datetime]) -> list[int]:
    """Microseconds since 1970 of times in UTC.

    >>> us_since_1970([datetime(2025, 3, 4, 5, tzinfo=UTC)])
    [1741064400000000]
    """
    return [(one - _EPOCH) // _US for one in at]


def us_of_number(value: float) -> int:
    """Microseconds since 1970 of seconds, milliseconds, microseconds or nanoseconds since 1970, from 1989 to 2103. Raises Complaint.

    >>> us_of_number(1741064400.25), us_of_number(1741064400250)
    (1741064400250000, 1741064400250000)
    """
    for per_us in (1_000_000, 1000, 1):
        if 6e14 <= value * per_us <= 4.2e15:
            return round(value * per_us)
    if 6e17 <= value <= 4.2e18:
        return round(value) // 1000
    raise Complaint(f"{value!r} is not a time.", cure="Write ISO 8601 text, or seconds or milliseconds since 1970.")


def runs(sent: Iterable[Sent]) -> list[Rows]:
    """Rows as blocks with equal columns, in the order in which they were sent."""
    return [rows_of(names, list(run)) for names, run in groupby(sent, key=lambda one: one.names)]


def rows_of(names: tuple[str, ...], sent: Sequence[Sent]) -> Rows:
    """A block of rows that all have the columns `names`."""
    at = np.array([NAT if one.at is None else one.at for one in sent], dtype=np.int64).view("datetime64[us]")
    x = np.array([one.values for one in sent], dtype=np.float64).reshape(len(sent), len(names))
    ids = tuple([one.id for one in sent])
    quality, subgroup, product = (tuple([getattr(one, word) for one in sent]) for word in ("quality", "subgroup", "product"))
    return Rows(names, x, at, ids, labelled(quality, "good"), labelled(subgroup), labelled(product))


def labelled(labels: Sequence[str], usual: str = "") -> tuple[str, ...]:
    """The labels of rows; none when all have the usual one.

    >>> labelled(["", "P"]), labelled(["good"], "good")
    (('', 'P'), ())
    """
    return tuple(labels) if set(labels) - {usual} else ()


def written(rows: Rows) -> list[bytes]:
    """Each row as a message of its own; a value that is not to be believed is null.

    >>> written(Rows(("a", "b"), np.array([[1.5, np.nan]]), np.array([1741068000000000], "datetime64[us]"), ("B7",)))[0].decode()
    '{"values": {"a": 1.5, "b": null}, "time": "2025-03-04T06:00:00.000000Z", "id": "B7"}'
    """
    labels = {word: getattr(rows, word) for word in LABELS}
    made = []
    for i, values in enumerate(rows.believed.tolist()):
        row: dict[str, Any] = {"values": {name: None if math.isnan(x) else x for name, x in zip(rows.names, values, strict=True)}}
        row |= {} if np.isnat(rows.at[i]) else {"time": f"{np.datetime_as_string(rows.at[i], unit='us')}Z"}
        row |= {} if rows.ids[i] is None else {"id": rows.ids[i]}
        row |= {word: label[i] for word, label in labels.items() if label and label[i] not in ("", "good")}
        made.append(json.dumps(row).encode())
    return made


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise BadTable(f"{name[:40]!r} is there twice.", cure="Send every name once.")
        made[name] = value
    return made


def _no_word(word: str) -> NoReturn:
    raise BadTable(f"{word} is no JSON.", cure="Send null where a value is missing.")


def _listed(given: Any) -> tuple[bool, list[Any]]:
    """Whether several rows were sent, and the rows."""
    if isinstance(given, dict) and "rows" in given:
        if len(given) > 1 or not isinstance(given["rows"], list):
            raise BadTable("Beside the list of rows nothing else is known.", cure='Send {"rows": [ … ]}.')
        given = given["rows"]
    if not isinstance(given, list):
        return False, [given]
    if not given:
        raise BadTable("There is no row in it.", cure=_CURE)
    return True, given


def _row(given: Any, form: Form) -> Sent:
    if not isinstance(given, dict):
        raise BadTable("A row is an object with values.", cure=_CURE)
    nested = "values" in given
    values = given["values"] if nested else {k: v for k, v in given.items() if k not in (form.time, form.id, *LABELS)}
    if not isinstance(values, dict):
        raise BadTable("It is no object of names and numbers.", cure=_CURE, column="values")
    unknown = [name for name in given if name not in ("values", form.time, form.id, *LABELS)] if nested else []
    if unknown:
        raise BadTable(f"Nobody knows the word {unknown[0][:40]!r}.", cure="Words: time, id, values, quality, product, subgroup.")
    if form.columns:
        found = {ours: values.get(theirs) for ours, theirs in form.columns.items()}
        if not any(theirs in values for theirs in form.columns.values()):
            raise BadTable("None of the columns is in it.", cure=f"Columns: {', '.join(form.columns.values())}.")
        values = found
    labels = {word: text for word in LABELS if (text := _text(given, word)) is not None}
    return row_of(_time(given.get(form.time), form), _id(given.get(form.id), form), values, labels)


def _text(given: Mapping[str, Any], word: str) -> str | None:
    text = given.get(word)
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > LONGEST:
        raise BadTable(f"It is no text of at most {LONGEST} characters.", cure="Correct it or leave it out.", column=word)
    return text


def _id(value: Any, form: Form) -> str | None:
    """A part number may be sent as a whole number: counters are."""
    if value is None or (isinstance(value, str) and len(value) <= LONGEST):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
        return str(value)
    raise BadTable("It is neither a text nor a whole number.", cure="Correct it or leave it out.", column=form.id)


def _time(value: Any, form: Form) -> int | None:
    try:
        if value is None:
            return None
        if isinstance(value, str):
            return us_of(value, form.zone)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return us_of_number(value)
    except Complaint as wrong:
        wrong.column = form.time
        raise
    raise BadTable("It is no time.", cure="Write ISO 8601 text, or seconds or milliseconds since 1970.", column=form.time)
