"""The report of a fit: what it tells, that it leaves nothing open, and that its numbers are the model's."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spc
from spc import reference as reading
from spc.cli import main
from spc.errors import Complaint
from spc.figures.rows import Kind
from spc.figures.theme import LIGHT
from spc.limits import KnownParameters, ReferenceRow
from spc.nouns import Exclusion, Model, Reference
from spc.phase1 import Recipe, fit
from spc.report.again import command
from spc.report.law import OwnLaw
from spc.report.page import report
from spc.report.pictures import PICTURES, correlations, offered, picture, telling
from spc.report.reviewed import kinds, review
from spc.report.told import axis
from spc.scatter import Classical, Known, Mcd
from tests.conftest import ROOT

DEMO = ROOT / "data" / "demo_circuit_boards" / "phase1_reference.csv"


def table(names: tuple[str, ...] = ("a [mm]", "b", "c"), n: int = 60, out: tuple[int, ...] = (9, 40), seed: int = 1) -> Reference:
    x = np.random.default_rng(seed).normal(size=(n, len(names)))
    x[[row - 1 for row in out], 1 % len(names)] += 12.0
    lines = ["part," + ",".join(names)] + [f"P{i}," + ",".join(f"{v:.6f}" for v in row) for i, row in enumerate(x.tolist(), 1)]
    return reading.read("\n".join(lines).encode(), name="t.csv")


class Read(HTMLParser):
    """The text of a page outside of its scripts, and where it points to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.links, self.tags, self._skip = "", [], [], False  # type: ignore[var-annotated]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for key, value in attrs if key in ("src", "href", "action", "data")]
        self._skip = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._skip = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._skip else f"{data} "


def told(one: Reference, recipe: Recipe | None = None) -> tuple[str, Model]:
    model = fit(one, recipe or Recipe(estimator=Classical())).model
    return report(one, model), model


def pictures(page: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(re.findall(r'id="pictures">(.*?)</script>', page, re.DOTALL)[0])
    return found


def test_it_tells_what_was_asked_what_was_found_and_how_to_do_it_again() -> None:
    exclusions = (Exclusion(9, "sensor or gauge", "probe 2", "Ada"),)
    page, model = told(table(), Recipe(estimator=Mcd(h=0.75), alpha=0.01, exclusions=exclusions))
    words = Read(page).text
    for said in (
        "mcd (h = 0.75",
        "α = 0.01 per row: one false alarm in 100 rows",
        model.digest,
        model.reference_digest,
        "59 of 60 rows of 3 variables",
        model.new_limits["t2"][-1].law,
        model.reference_limits["t2"].law,
        "P40",
        "b is ",
        "sensor or gauge",
        "probe 2",
        "Ada",
        repr(model.scatter.logdet),
        f"spc {model.code_version}",
        *(finding.text for finding in model.findings),
    ):
        assert said in words, said


def test_it_asks_nothing_of_elsewhere_and_its_policy_names_its_two_scripts() -> None:
    page, _ = told(table())
    read = Read(page)
    assert read.links == []
    assert not {"link", "img", "iframe", "object"} & set(read.tags)
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("sha256-") == 2
    assert "unsafe-eval" not in policy
    assert page.count("plotly.js v") == 1


def test_the_same_model_gives_the_same_bytes() -> None:
    one = table()
    model = fit(one, Recipe(estimator=Classical())).model
    assert report(one, model) == report(one, Model.from_json(model.to_json()))


def test_names_and_reasons_cannot_become_markup() -> None:
    bad = "<script>alert(1)</script>"
    one = table((bad, "b & <i>c</i>", "d"))
    page, _ = told(one, Recipe(estimator=Classical(), exclusions=(Exclusion(3, bad, '"><img src=x>', bad),)))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<i>c" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert bad in Read(page).text  # it is shown as it is
    assert "</script>" not in re.findall(r'id="pictures">(.*?)</script>', page, re.DOTALL)[0]


def test_a_model_of_another_file_is_refused() -> None:
    _, model = told(table())
    with pytest.raises(Complaint, match="another file"):
        report(table(seed=2), model)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(estimator=Mcd(h=0.5), alpha=0.01, exclusions=(Exclusion(9, "tool, or wear", 'a "note"'),), seed=3),
        Recipe(estimator=Classical(), ignore=("c",)),
        Recipe.from_dict({"estimator": "classical", "ucl": 14.5, "every": "45s", "watch": "2 of 3"}),
        Recipe.from_dict({"estimator": "classical", "alpha": 0.01, "guarantee": 0.9}),
        Recipe.from_dict({"estimator": "classical", "false_alarms": "1 per week", "every": "45s", "overall": 0.05}),
    ],
)
def test_the_command_that_it_names_gives_the_same_model(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = table(n=90)
    page, model = told(one, recipe)
    monkeypatch.chdir(tmp_path)
    lines = ["part,a [mm],b,c"] + [
        f"{part}," + ",".join(f"{v:.6f}" for v in row) for part, row in zip(one.rows.ids, one.x.tolist(), strict=True)
    ]
    (tmp_path / "t.csv").write_bytes("\n".join(lines).encode())
    words = Read(page).text
    if recipe.exclusions:
        (tmp_path / "excluded.csv").write_text(words[words.index("row,reason,note") :].partition("The same file")[0].strip() + "\n")
    said = command(one, model)
    assert said in words
    assert main(shlex.split(said)[1:]) == 0
    again = Model.from_json((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert again.scatter.to_dict() == model.scatter.to_dict()
    assert (again.new_limits, again.outliers, again.digest) == (model.new_limits, model.outliers, model.digest)


def test_what_the_terminal_has_no_words_for_is_given_for_python() -> None:
    said = "The terminal has no words"
    assert said not in Read(told(table(), Recipe(estimator=Mcd(h=0.5)))[0]).text
    words = Read(told(table(), Recipe(estimator=Mcd(h=0.75, basin="deterministic")))[0]).text
    assert said in words
    code = words[words.index("spc.Recipe.from_dict") :].partition("The same file")[0].strip()[: -len(")")]
    assert eval(code, {"spc": spc, "json": json}).estimator == Mcd(h=0.75, basin="deterministic")  # noqa: S307 - the report's own words


def test_masked_rows_are_named() -> None:
    one = table(n=60, out=tuple(range(1, 13)))
    page, _ = told(one, Recipe(estimator=Mcd(h=0.5)))
    assert "Masked: a classical T² chart of these rows would not have shown rows 1, 2, 3" in Read(page).text
    assert "distances" in {one["id"].removeprefix("picture-") for one in pictures(page)}
    plain = Read(told(one)[0]).text
    assert "there is nothing to compare it with" in plain


@pytest.mark.parametrize("names", [("only",), ("a", "b"), tuple(f"v{k}" for k in range(14))])
def test_a_report_for_any_number_of_variables(names: tuple[str, ...]) -> None:
    page, _ = told(table(names, n=120))
    drawn = {one["id"].removeprefix("picture-") for one in pictures(page)}
    assert drawn == ({"t2", "qq"} if len(names) == 1 else {"t2", *PICTURES} - {"distances"})


def test_gaps_and_known_parameters_are_told() -> None:
    text = "a,b\n" + "\n".join(f"{v:.4f},{w:.4f}" for v, w in np.random.default_rng(3).normal(size=(40, 2))) + "\n,9.5\n"
    one = reading.read(text.encode(), name="k.csv")
    words = Read(report(one, fit(one, Recipe(estimator=Known((0.0, 0.0), ((1.0, 0.0), (0.0, 1.0))))).model)).text
    assert "χ²(2)" in words
    assert "missing a" in words
    assert "--known parameters.json" in words


def groups(sizes: tuple[int, ...] = (5,) * 24, out: int = 7) -> Reference:
    """Rows of two variables in subgroups, of which one is moved."""
    rng, lines = np.random.default_rng(2), ["batch,a,b"]
    for g, size in enumerate(sizes, 1):
        x = rng.normal(size=(size, 2)) + (4.0 if g == out else 0.0)
        lines += [f"G{g}," + ",".join(f"{v:.6f}" for v in row) for row in x.tolist()]
    return reading.read("\n".join(lines).encode(), name="g.csv", roles={"batch": "subgroup"})


@pytest.mark.parametrize("sizes", [(5,) * 24, (5, 4, 5, 3) * 6])
@pytest.mark.parametrize("estimator", [Classical(), pytest.param(Mcd(), marks=pytest.mark.slow)])
def test_subgroups_are_judged_by_their_means(sizes: tuple[int, ...], estimator: Any) -> None:
    one = groups(sizes)
    made = fit(one, Recipe(estimator=estimator, subgroup="batch"))
    seen = review(one, made.model)
    assert seen.t2 == pytest.approx(made.review.t2, rel=1e-9)
    assert seen.ucl == pytest.approx(made.review.ucl, rel=1e-3)  # the model keeps limits for other sizes as a straight line
    assert np.array_equal(seen.out, made.review.out)
    assert [g.label for g in seen.subgroups if g.out] == ["G7"]
    words = Read(report(one, made.model)).text
    assert "1 of 24 subgroups lies beyond the limit" in words
    assert "A new subgroup of 5 rows is judged against" in words
    assert "--subgroup batch" in words
    assert "qq" not in offered(seen)


# ------------------------------------------------------------------------------------------------------- the law and the pictures


def test_the_law_of_the_models_own_rows_is_the_exact_one_where_there_is_one() -> None:
    one = table(n=50, out=())
    law = OwnLaw(fit(one, Recipe(estimator=Classical())).model)
    known = OwnLaw(fit(one, Recipe(estimator=Known((0.0,) * 3, tuple(map(tuple, np.eye(3).tolist()))))).model)
    for alpha in (0.99, 0.5, 0.0027, 1e-5):
        assert law.limit(alpha).value == pytest.approx(ReferenceRow(50, 3).limit(alpha).value, rel=1e-12)
        assert known.limit(alpha).value == pytest.approx(KnownParameters(3).limit(alpha).value, rel=1e-12)


@pytest.mark.statistics
def test_the_law_of_a_robust_fits_own_rows_holds_on_clean_tables() -> None:
    rng, n, p = np.random.default_rng(5), 200, 6
    d2 = np.concatenate([Mcd()(x).d2(x) for x in rng.normal(size=(12, n, p))])
    law = OwnLaw(fit(table(tuple("abcdef"), n=n, out=()), Recipe(estimator=Mcd())).model)
    for alpha in (0.9, 0.5, 0.2, 0.05, 0.01):
        share, error = float(np.mean(d2 > law.limit(alpha).value)), np.sqrt(alpha * (1 - alpha) / len(d2))
        assert abs(share - alpha) < 4 * error + 0.02 * alpha, (alpha, share)


def test_the_limit_of_the_model_is_on_its_law() -> None:
    model = fit(table(n=80), Recipe(estimator=Mcd())).model
    own = model.reference_limits["t2"]
    assert OwnLaw(model).limit(own.alpha).value == pytest.approx(own.value, rel=1e-6)


def test_correlations_are_those_of_the_covariance() -> None:
    one = table()
    scatter = fit(one, Recipe(estimator=Classical())).model.scatter
    assert correlations(scatter) == pytest.approx(np.corrcoef(one.x.T))


def test_the_pictures_of_a_demonstration() -> None:
    one = reading.read(DEMO)
    seen = review(one, fit(one).model)
    at = axis(one, seen, "row", "UTC")
    kinds: list[Kind] = ["out" if out else "in" for out in seen.out]
    assert list(offered(seen)) == list(PICTURES)
    said = {name: picture(name, LIGHT, seen, at, kinds) for name in offered(seen)}
    assert re.search(r"5\d × the robust one in thickness_mm", said["ellipses"].words)
    assert "thickness_mm and copper_um" in said["correlation"].words
    assert [seen.model.names[k] for k in telling(seen)] == ["thickness_mm", "copper_um"]
    assert said["scree"].words.startswith("The first of 6 components carries 43 %")
    assert sum(said["scree"].figure["data"][0]["y"]) == pytest.approx(6.0)
    assert said["qq"].words.startswith("7 rows of 200 beyond the limit")
    assert said["cells"].figure["layout"]["yaxis"]["ticktext"][:2] == ["90", "99"]
    chosen = picture("ellipses", LIGHT, seen, at, kinds, pair=(0, 5)).figure
    assert (chosen["layout"]["xaxis"]["title"]["text"], chosen["layout"]["yaxis"]["title"]["text"]) == ("length_mm [mm]", "copper_um [um]")


def test_a_cellwise_model_shows_the_cells_that_it_flagged() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(60, 1)) + 0.4 * rng.normal(size=(60, 3))
    x[3, 0], x[11, 2] = 25.0, -25.0
    text = "a,b,c\n" + "\n".join(",".join("" if (i, j) == (20, 1) else f"{v:.5f}" for j, v in enumerate(row)) for i, row in enumerate(x))
    one = reading.read(text.encode(), name="cells.csv")
    plain = fit(one, Recipe(estimator=Classical())).model
    cellwise = replace(plain, estimator="cellwise", recipe={**plain.recipe, "estimator": {"name": "cellwise", "h": 0.75}}, excluded=())
    seen = review(one, cellwise)
    made = picture("cells", LIGHT, seen, axis(one, seen, "row", "UTC"), kinds(seen, {}, {}))
    marks = {(row, x): trace["name"] for trace in made.figure["data"] for row, x in zip(trace["customdata"], trace["x"], strict=True)}
    assert (marks[4, 0], marks[12, 2], marks[21, 1]) == ("too high", "too low", "missing")
    assert "flagged: the estimate rests on the others; 1 missing" in made.words


@pytest.mark.parametrize(
    "asked, said",
    [
        (
            {"alpha": 0.01, "guarantee": 0.9},
            ["at most one false alarm in 100 rows, with 90 % confidence for", "Guarantee"],
        ),
        ({"alpha": 0.01, "overall": 0.05}, ["one false alarm in 100 rows, on average", "5 % of clean references show any row beyond"]),
        ({"arl0": 500.0, "watch": "2 of 3"}, ["one false alarm in 500 rows, when a signal is 2 of 3 points beyond, on average"]),
        ({"ucl": 14.5}, ["Limit, given", "14.5 for a new row", "the false alarms follow from it"]),
        ({"false_alarms": "1 per week", "every": "10min"}, ["1 false alarm per week at one row every 600 s: one in 1008 rows"]),
        ({"alpha": 0.02, "charts": ["t2", "mewma"]}, ["one false alarm of its 2 charts together in 50 rows, on average"]),
    ],
)
def test_the_promise_is_told_as_it_was_made(asked: dict[str, Any], said: list[str]) -> None:
    words = Read(told(table(), Recipe.from_dict({"estimator": "classical", **asked}))[0]).text
    for part in said:
        assert part in words, part
