"""What a person has decided and not yet fitted: rows excluded or kept, findings answered. Pure functions of one JSON-able value.

The draft lives in the browser's session, so that a reload loses nothing. A fit turns it into a recipe and a note, which the ledger keeps
with the model.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from spc.errors import Complaint
from spc.nouns import Exclusion, Finding, Model

Draft = dict[str, Any]
Decision = Mapping[str, str]  # reason, note, by

CAUSES: Final = {
    "typing": "typing slip",
    "material": "material or lot",
    "tool": "tool or wear",
    "machine": "machine setting",
    "sensor": "sensor or gauge",
    "handling": "handling or set-up",
    "environment": "environment",
    "startup": "start-up or changeover",
    "other": "other special cause (say which in the note)",
}
MANY: Final = 0.10  # share of excluded rows above which the rest may be a better process than the one that will run


def empty() -> Draft:
    """A draft in which nothing is decided."""
    return {"exclude": {}, "keep": {}, "answers": {}}


def excluded(draft: Mapping[str, Any] | None, model_id: str, model: Model) -> dict[int, Decision]:
    """The rows that are to be left out of the next fit; until something is decided, those left out of this one."""
    told = ((draft or {}).get("exclude") or {}).get(model_id)
    if told is None:
        return {int(one["row"]): {k: str(one.get(k, "")) for k in ("reason", "note", "by")} for one in model.recipe.get("exclusions", ())}
    return {int(row): dict(said) for row, said in told.items()}


def kept(draft: Mapping[str, Any] | None, ref: str) -> dict[int, Decision]:
    """The rows that somebody looked at and kept."""
    told = ((draft or {}).get("keep") or {}).get(ref) or {}
    return {int(row): dict(said) for row, said in told.items()}


def answered(draft: Mapping[str, Any] | None, ref: str) -> set[str]:
    """The keys of the findings that were answered with "use it as it is"."""
    return set(((draft or {}).get("answers") or {}).get(ref) or ())


def key(finding: Finding) -> str:
    """A short name of a finding that stays the same when the file is read again."""
    said = f"{finding.kind}|{'|'.join(finding.columns)}|{finding.text}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def unanswered(findings: Iterable[Finding], draft: Mapping[str, Any] | None, ref: str) -> list[Finding]:
    """The red findings that nobody has answered: nothing is fitted before."""
    done = answered(draft, ref)
    return [one for one in findings if one.severity == "red" and key(one) not in done]


def answer(draft: Mapping[str, Any] | None, ref: str, finding_key: str) -> Draft:
    """Answer a finding, or take the answer back."""
    new = _copy(draft)
    told = set(new["answers"].get(ref) or ()) ^ {finding_key}
    new["answers"][ref] = sorted(told)
    return new


def exclude(
    draft: Mapping[str, Any] | None, ref: str, model_id: str, model: Model, rows: Sequence[int], *, cause: str, note: str, by: str
) -> Draft:
    """Leave rows out of the next fit. Raises Complaint without a cause, without a name, or when "other" is not explained."""
    _signed(rows, by)
    if cause not in CAUSES:
        raise Complaint("No cause is chosen.", cure="Only rows with a known special cause are excluded; otherwise keep them.")
    if cause == "other" and not note.strip():
        raise Complaint("'Other' needs a note.", cure="Say in the note what the cause was.")
    new = _copy(draft)
    now = excluded(draft, model_id, model)
    said = {"reason": CAUSES[cause].split(" (")[0], "note": note.strip(), "by": by.strip()}
    new["exclude"][model_id] = {str(row): dict(one) for row, one in {**now, **dict.fromkeys(rows, said)}.items()}
    new["keep"][ref] = {str(row): dict(one) for row, one in kept(draft, ref).items() if row not in rows}
    return new


def keep(draft: Mapping[str, Any] | None, ref: str, model_id: str, model: Model, rows: Sequence[int], *, note: str, by: str) -> Draft:
    """Keep rows in the fit as part of the process. Raises Complaint without a name."""
    _signed(rows, by)
    new = _undone(draft, ref, model_id, model, rows)
    said = {"reason": "common cause", "note": note.strip(), "by": by.strip()}
    new["keep"][ref] = {**(new["keep"].get(ref) or {}), **{str(row): said for row in rows}}
    return new


def undo(draft: Mapping[str, Any] | None, ref: str, model_id: str, model: Model, rows: Sequence[int]) -> Draft:
    """Neither excluded nor kept: as if nobody had decided. Raises Complaint when nothing was decided about these rows."""
    before = {**excluded(draft, model_id, model), **kept(draft, ref)}
    if not set(rows) & set(before):
        raise Complaint("Nothing was decided about these rows.", cure="Exclude or keep them first.")
    return _undone(draft, ref, model_id, model, rows)


def _undone(draft: Mapping[str, Any] | None, ref: str, model_id: str, model: Model, rows: Sequence[int]) -> Draft:
    new = _copy(draft)
    now = excluded(draft, model_id, model)
    new["exclude"][model_id] = {str(row): dict(said) for row, said in now.items() if row not in rows}
    new["keep"][ref] = {str(row): dict(said) for row, said in kept(draft, ref).items() if row not in rows}
    return new


def pending(draft: Mapping[str, Any] | None, model_id: str, model: Model) -> int:
    """How many rows' exclusion the model does not know of yet, or no longer."""
    return len(set(excluded(draft, model_id, model)) ^ set(excluded(None, model_id, model)))


def recipe(asked: Mapping[str, Any], out: Mapping[int, Decision]) -> dict[str, Any]:
    """The words of a recipe with these rows left out."""
    said = [Exclusion(row, one.get("reason", ""), one.get("note", ""), one.get("by", "")).to_dict() for row, one in sorted(out.items())]
    return {**asked, "exclusions": said}


def note(draft: Mapping[str, Any] | None, ref: str, findings: Iterable[Finding]) -> str:
    """What was kept and what was answered, in words that stay with the model."""
    parts = []
    if rows := kept(draft, ref):
        said = [str(row) + (f" ({one['note']})" if one.get("note") else "") for row, one in sorted(rows.items())]
        names = sorted({one.get("by", "") for one in rows.values()} - {""})
        parts.append(f"Kept as common cause by {', '.join(names)}: rows {', '.join(said)}.")
    done = answered(draft, ref)
    parts += [f"Used as it is: {one.text}" for one in findings if one.severity == "red" and key(one) in done]
    return " ".join(parts)


def rows_of(text: str, n: int) -> list[int]:
    """Row numbers from words such as "12, 15-20"; raises Complaint.

    >>> rows_of("12, 15-17; 3", 20)
    [3, 12, 15, 16, 17]
    """
    found: set[int] = set()
    for part in text.replace(";", ",").replace("–", "-").split(","):
        ends = [end.strip() for end in part.split("-")]
        if not part.strip():
            continue
        if len(ends) > 2 or not all(end.isdecimal() for end in ends):
            raise Complaint(f"{part.strip()[:30]!r} is not a row number.", cure="Write for instance 12, 15-20.")
        low, high = int(ends[0]), int(ends[-1])
        if not 1 <= low <= high <= n:
            raise Complaint(f"The reference has rows 1 to {n}.", cure="Write row numbers within it, the lower one first.")
        found |= set(range(low, high + 1))
    if not found:
        raise Complaint("No row is named.", cure="Write for instance 12, 15-20.")
    return sorted(found)


def spans(rows: Iterable[int]) -> str:
    """Row numbers in words, neighbours drawn together.

    >>> spans([5, 1, 2, 3, 9])
    '1–3, 5, 9'
    """
    parts: list[list[int]] = []
    for row in sorted(rows):
        if parts and row == parts[-1][1] + 1:
            parts[-1][1] = row
        else:
            parts.append([row, row])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in parts)


def _signed(rows: Sequence[int], by: str) -> None:
    if not rows:
        raise Complaint("No row is chosen.", cure="Choose points of the chart or rows of the table.")
    if not by.strip():
        raise Complaint("Nobody has signed.", cure="Type your name first.")


def _copy(draft: Mapping[str, Any] | None) -> Draft:
    return {**empty(), **copy.deepcopy(dict(draft or {}))}
