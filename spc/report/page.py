"""A fit as one file that a quality manager can keep: what was asked, what was found, the pictures, and how to do it again."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from spc.figures.distances import distances
from spc.figures.rows import LOOKS, ORDINARY
from spc.figures.t2 import t2_review
from spc.figures.theme import LIGHT
from spc.figures.words import near, number
from spc.nouns import Dynamics, Model, Reference
from spc.report.again import again
from spc.report.markup import WIDTH, Html, document, drawn, facts, section, table, tag, text
from spc.report.pictures import offered, picture
from spc.report.reviewed import Reviewed, review
from spc.report.style import STYLE
from spc.report.told import axis, count_words, distances_summary, p_words, summary, tracks, when
from spc.runlength.budget import Budget

MOST_ROWS: Final = 200  # outlying rows in the table
MOST_DIGITS: Final = 12  # variables up to which the covariance is written out
_SEVERITY: Final = {"red": "◆ red", "amber": "▲ amber", "note": "● note"}


def report(reference: Reference, model: Model, *, timezone: str = "UTC", made: str = "") -> str:
    """The report of a fit as the text of one HTML file: no request to elsewhere, every text of the data escaped.

    It follows from the reference and the model alone: the same two give the same bytes. `made` says when and by whom, when that is to be
    in it. Raises Complaint when the model was fitted to another file.
    """
    seen = review(reference, model)
    name = reference.name or "the reference"
    parts, pictures = _pictures(reference, seen, timezone)
    body = [
        tag(
            "header", tag("h1", f"Phase I report: {name}"), tag("p", _verdict(seen), class_="verdict"), *([tag("p", made)] if made else [])
        ),
        section("What was asked", facts(_asked(model))),
        section("The data", facts(_data(reference, model, timezone)), _columns(reference)),
        section("Findings", *_findings(model)),
        section("The limits", _limits(model)),
        section("Rows beyond the limit", *_outliers(reference, seen, timezone)),
        section("Rows that took no part in the fit", *_excluded(model)),
        section("Robust beside classical", *_masking(seen)),
        section("Pictures", _legend(), *parts),
        section("The estimate", _estimate(seen)),
        section("To do it again", *again(reference, model)),
    ]
    return document(f"Phase I report: {name}", body, pictures, STYLE)


def _verdict(seen: Reviewed) -> str:
    model = seen.model
    what = "row" if model.subgroup is None else f"subgroup of {model.subgroup.size} rows"
    count = int(np.sum(seen.out & seen.fitted))
    alike = int(np.sum(seen.kin))
    beyond = f"{count_words(count).capitalize()} {'lies' if count == 1 else 'lie'} beyond the limit {number(seen.limit.value)}"
    return (
        f"{model.n} of {len(seen)} rows of {model.p} variables make the model. {beyond}"
        f"{f', {alike} more are alike to those' if alike else ''}. A new {what} is judged against "
        f"{number(model.new_limits['t2'][-1].value)}: {_kept_to(model)}."
    )


def _kept_to(model: Model) -> str:
    """The promise in words: how rarely false alarms come, by which rule of the watch, of which charts, and how sure that is."""
    promised, sure = Budget.kept(model), model.recipe.get("guarantee")
    rule = "" if promised.watch.n == 1 else f", when a signal is {promised.watch} points beyond"
    charts = f" of its {len(model.new_limits)} charts together" if len(model.new_limits) > 1 else ""
    average = "on average" if sure is None else f"with {100 * sure:.4g} % confidence for this very reference"
    return f"{'' if sure is None else 'at most '}one false alarm{charts} in {number(promised.arl0)} {promised.point}s{rule}, {average}"


def _asked(model: Model) -> dict[str, object]:
    recipe = model.recipe
    estimator = dict(recipe.get("estimator", {}))
    name = estimator.pop("name", model.estimator)
    details = ", ".join(f"{key} = {value}" for key, value in estimator.items() if key not in ("center", "covariance"))
    return {
        "Estimator": f"{name} ({details})" if details else str(name),
        "Charts": ", ".join(recipe.get("charts", {})),
        **_budget(model),
        "Law of the limit": recipe.get("limit", "auto"),
        **({"Rows before": _before(model.dynamics)} if model.dynamics is not None else {}),
        "Columns left out": ", ".join(recipe.get("ignore", ())) or "none",
        "Seed": recipe.get("seed", 0),
    }


def _before(dynamics: Dynamics) -> str:
    """How the rows before a row count."""
    if dynamics.coefficients is None:
        return f"each row is judged together with the {count_words(dynamics.lags)} before it"
    matrix = "; ".join(", ".join(number(value, 4) for value in row) for row in dynamics.coefficients.tolist())
    return f"judged is what the row before does not imply: x − A(x₋₁ − m₁), with the rows of A {matrix}"


def _budget(model: Model) -> dict[str, object]:
    """The false alarms that were accepted, in which words, and what was asked of the limits beyond that."""
    promised, recipe = Budget.kept(model), model.recipe
    words = promised.words[0].lower() + promised.words[1:]
    said: dict[str, object] = {"False alarms": f"α = {number(model.alpha, 4)} per {promised.point}: {words}"}
    if recipe.get("ucl") is not None:
        said["Limit, given"] = f"{number(recipe['ucl'], 6)} for a new {promised.point}; the false alarms follow from it"
    if recipe.get("guarantee") is not None:
        confidence = f"{100 * recipe['guarantee']:.4g} %"
        said["Guarantee"] = f"at most so many with {confidence} confidence for this very reference; its own rows keep to α on average"
    if recipe.get("overall") is not None:
        said["Overall rate"] = f"{100 * recipe['overall']:.4g} % of clean references show any row beyond the limit for reference rows"
    return said


def _data(reference: Reference, model: Model, timezone: str) -> dict[str, object]:
    at = np.flatnonzero(~np.isnat(reference.rows.at))
    said: dict[str, object] = {
        "File": reference.name or "–",
        "SHA-256": tag("code", reference.digest),
        "Rows": f"{len(reference)}, of which {model.n} were fitted",
        "Variables": f"{model.p}: {', '.join(model.names)}",
    }
    if model.guards:
        said["Guards"] = f"{', '.join(one.name for one in model.guards)}: no scatter of their own, they signal when they move"
    if len(at):
        said["Time"] = f"{when(reference, int(at[0]), timezone)} to {when(reference, int(at[-1]), timezone)} ({timezone})"
    d = reference.dialect
    said["Written as"] = f"{d.encoding}, separator {d.delimiter!r}, decimal {d.decimal!r}"
    return said


def _columns(reference: Reference) -> Html:
    heads = ("Column", "Role", "Unit", "Missing", "Minimum", "Median", "Maximum")
    rows = [
        (c.name, c.role, c.unit or "–", c.missing, *(number(v, 6) for v in (c.minimum, c.median, c.maximum))) for c in reference.columns
    ]
    return table(heads, rows, caption="The columns of the file", numbers=range(3, 7))


def _findings(model: Model) -> list[Html]:
    if not model.findings:
        return [tag("p", "Nothing stood out.")]
    rows = [(tag("span", _SEVERITY.get(f.severity, f.severity), class_="nowrap"), f.text, f.cure or "–") for f in model.findings]
    return [table(("", "What was found", "What to do"), rows)]


def _limits(model: Model) -> Html:
    what = "rows" if model.subgroup is None else f"subgroups of {model.subgroup.size}"
    rows: list[tuple[object, ...]] = []
    for chart, limits in model.new_limits.items():
        for kind, one in ((f"reference {what}", model.reference_limits[chart]), (f"new {what}", limits[-1])):
            rows.append((chart, kind, number(one.value, 6), number(one.alpha, 4), one.law))
    return table(("Chart", "For", "UCL", "α", "Law"), rows, numbers=(2, 3))


def _outliers(reference: Reference, seen: Reviewed, timezone: str) -> list[Html]:
    if seen.subgroups:
        return _out_subgroups(seen)
    rows = sorted(seen.outlying, key=lambda row: -float(np.nan_to_num(seen.t2[row - 1] / seen.ucl[row - 1])))
    if not rows:
        return [tag("p", "No row is beyond its limit.")]
    heads = ("Row", "Time", "Part", "T²", "T²/UCL", "p-value", "Leverage", "Why")
    lines = [_outlier(reference, seen, row, timezone) for row in rows[:MOST_ROWS]]
    more = [tag("p", f"and {len(rows) - MOST_ROWS} more.")] if len(rows) > MOST_ROWS else []
    caption = "The farthest first. ▲ beyond the limit, ■ within it but of one kind with rows beyond."
    mean = f"mean {number((seen.model.p + 1) / pulling, 2)}" if (pulling := int(np.sum(~np.isnan(seen.leverage)))) else "none"
    words = f"Leverage, 1/n + d²/(n − 1) with the classical d², is a row's pull on the classical estimate: {mean}, 1 at the most."
    return [table(heads, lines, caption=caption, numbers=(3, 4, 5, 6)), *more, tag("p", words)]


def _outlier(reference: Reference, seen: Reviewed, row: int, timezone: str) -> tuple[object, ...]:
    i = row - 1
    return (
        tag("span", f"{'▲' if seen.out[i] else '■'} {row}", class_="nowrap"),
        tag("span", *_moment(when(reference, i, timezone)), class_="nowrap"),
        tag("span", reference.rows.ids[i] or "–", class_="nowrap"),
        number(float(seen.t2[i]), 4),
        number(float(seen.t2[i] / seen.ucl[i])),
        p_words(seen.p_value(row)),
        number(float(seen.leverage[i]), 2),
        seen.sentence(row),
    )


def _out_subgroups(seen: Reviewed) -> list[Html]:
    beyond = sorted((one for one in seen.subgroups if one.out), key=lambda one: -one.t2 / one.ucl)
    said = f"{len(beyond) or 'No'} of {len(seen.subgroups)} subgroups {'lies' if len(beyond) == 1 else 'lie'} beyond the limit."
    if not beyond:
        return [tag("p", said)]
    lines = [
        (
            one.label,
            f"{one.rows[0]}–{one.rows[-1]}",
            number(one.t2, 4),
            number(one.t2 / one.ucl),
            p_words(seen.p_value(one.rows[0])),
            seen.sentence(one.rows[0]),
        )
        for one in beyond[:MOST_ROWS]
    ]
    return [table(("Subgroup", "Rows", "T² of the mean", "T²/UCL", "p-value", "Why"), lines, caption=said, numbers=(2, 3, 4))]


def _moment(words: str) -> list[Html]:
    """A date above its time."""
    day, _, clock = words.partition(" ")
    return [text(day), Html("<br>"), text(clock)] if clock else [text(day)]


def _excluded(model: Model) -> list[Html]:
    if not model.excluded:
        return [tag("p", "None: every row is complete and none was excluded.")]
    by_hand, every = len(model.recipe.get("exclusions", ())), len(model.excluded)
    total = model.n + every
    words = f"{model.n} of {total} rows were fitted. A person excluded {count_words(by_hand)} ({by_hand / total:.1%})"
    rest = f"; {count_words(every - by_hand)} more could not be fitted." if every > by_hand else "."
    rows = [(one.row, one.reason, one.note or "–", one.by or "–") for one in model.excluded]
    return [tag("p", words + rest), table(("Row", "Reason", "Note", "By"), rows, numbers=(0,))]


def _masking(seen: Reviewed) -> list[Html]:
    if not seen.robust:
        return [tag("p", "The estimate is the classical one: there is nothing to compare it with. Outliers that came in groups may hide.")]
    model, classical = seen.model, seen.classical
    robust_out, classical_out = seen.out & seen.fitted, (seen.classical_t2 > seen.classical_ucl) & seen.fitted
    hidden = np.flatnonzero(robust_out & ~classical_out) + 1
    words = [tag("p", distances_summary(seen))]
    if len(hidden):
        listed = ", ".join(str(row) for row in hidden[:40]) + (f" and {len(hidden) - 40} more" if len(hidden) > 40 else "")
        words.append(tag("p", f"Masked: a classical T² chart of these rows would not have shown rows {listed}."))
    if classical is None:
        return words
    sd, other = (np.linalg.norm(one.factor, axis=1) for one in (model.scatter, classical))
    rows = [
        (
            name,
            near(float(model.scatter.center[j]), float(sd[j])),
            near(float(classical.center[j]), float(sd[j])),
            number(float(sd[j])),
            number(float(other[j])),
            number(float(other[j] / sd[j])),
        )
        for j, name in enumerate(model.names)
    ]
    heads = ("Variable", f"Centre, {model.estimator}", "Mean", f"sd, {model.estimator}", "sd, classical", "Ratio")
    return [*words, table(heads, rows, numbers=range(1, 6))]


def _pictures(reference: Reference, seen: Reviewed, timezone: str) -> tuple[list[Html], list[dict[str, Any]]]:
    """Every picture's place in the page, and the pictures themselves."""
    out = {one.row: one for one in seen.model.excluded if not np.isnan(seen.x[one.row - 1]).any()}
    at = axis(reference, seen, "time", timezone)
    shown = tracks(seen, out, {})
    scale = "near"
    chart = t2_review(LIGHT, at, shown, scale=scale)
    made = [("t2", "T² of every row", chart, " ".join(summary(one, at) for one in shown), 260 * len(shown) + 40)]
    if len(shown) == 2:
        far = distances(LIGHT, at, *shown, scale=scale)
        made.append(("distances", "Robust against classical distance", far, distances_summary(seen), 420))
    for name in offered(seen):
        one = picture(name, LIGHT, seen, at, shown[0].kinds)
        made.append((one.name, one.title, one.figure, one.words, _height(name, seen)))
    places = [drawn(f"picture-{name}", title, words, height) for name, title, _, words, height in made]
    figures = []
    for name, _, figure, _, height in made:
        layout = {**figure["layout"], "width": WIDTH, "height": height, "dragmode": False}
        figures.append({"id": f"picture-{name}", "figure": {"data": figure["data"], "layout": layout}})
    return places, figures


def _legend() -> Html:
    words = "; ".join(f"{look.mark} {look.words}" for look in (ORDINARY, *LOOKS.values()))
    return tag("p", f"Each mark is a row: {words}.")


def _height(name: str, seen: Reviewed) -> int:
    p = seen.model.p
    if name == "ellipses":
        return WIDTH if 2 < p <= 8 else 460
    if name == "correlation":
        return 200 + min(40 * p, 480) // (2 if seen.robust else 1)
    if name == "cells":
        return 130 + 18 * min(60, len(seen.outlying) + int(np.isnan(seen.x).any(axis=1).sum()))
    return 400


def _estimate(seen: Reviewed) -> Html:
    """The numbers with all their digits, in the form that `spc fit --known` reads."""
    model = seen.model
    scatter = model.scatter
    words = {
        "log det of the covariance": repr(scatter.logdet),
        "Rows in the subset (h)": scatter.h if scatter.h is not None else "–",
        "Objective, log det of the subset": repr(scatter.objective) if scatter.objective is not None else "–",
    }
    if model.p > MOST_DIGITS:
        return Html(facts(words) + tag("p", "The centre and the covariance with all their digits are in the model file."))
    numbers = {"names": list(model.names), "center": scatter.center.tolist(), "covariance": scatter.covariance.tolist()}
    return Html(facts(words) + tag("pre", json.dumps(numbers, ensure_ascii=False), class_="digits"))
