"""The arithmetic that is shown: its lines of Python are run, and give the number to the last digits."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc import frames
from spc.errors import BadRecipe
from spc.nouns import Model, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from spc.phase2.arithmetic import arithmetic_of_limit, arithmetic_of_point
from spc.phase2.remembered import arithmetic_of_memory
from spc.phase2.worked_means import arithmetic_of_mean
from spc.reference import read

DATA = Path("data/demo_circuit_boards/phase1_reference.csv").resolve()


def printed(snippet: str) -> float:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(snippet, "snippet", "exec"), {})  # noqa: S102 - it is what is tested
    return float(out.getvalue())


def model(**words: Any) -> Model:
    return fit(frames.read(DATA), Recipe.from_dict(words)).model


KNOWN = {"name": "known", "center": [0.0] * 6, "covariance": np.eye(6).tolist()}


@pytest.mark.parametrize(
    "words, reference, source",
    [
        ({"estimator": "classical", "limit": "f"}, False, "Tracy"),
        ({"estimator": "classical", "limit": "f", "alpha": 1e-6}, True, "Gnanadesikan"),
        ({"estimator": KNOWN}, False, "Hotelling"),
        ({"estimator": "mcd", "limit": "calibrated"}, False, "Basu"),
        ({"estimator": "mcd", "limit": "calibrated"}, True, "Basu"),
    ],
)
def test_the_lines_of_python_give_the_limit(words: dict[str, Any], reference: bool, source: str) -> None:
    made = model(**words)
    for q in {1, made.p} if not reference else {made.p}:
        told = arithmetic_of_limit(made, "t2", q, reference=reference)
        limit = made.reference_limits["t2"] if reference else made.new_limits["t2"][q - 1]
        assert told.value == limit.value
        assert printed(told.snippet) == pytest.approx(limit.value, rel=1e-13)
        assert source in told.source
        assert f"{limit.value:.6g}" in told.formula
        assert "spc.fit" not in told.snippet


def test_a_simulated_limit_is_simulated_again(tmp_path: Path) -> None:
    frame = frames.read(DATA).x[:40, :2]
    lines = ["a,b", *(f"{a},{b}" for a, b in frame.tolist())]
    (tmp_path / "few.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = fit(
        frames.read(tmp_path / "few.csv"), Recipe.from_dict({"estimator": "successive_differences", "limit": "calibrated", "seed": 3})
    ).model
    told = arithmetic_of_limit(made)
    assert "calibrate(" in told.snippet
    assert printed(told.snippet) == pytest.approx(made.new_limits["t2"][-1].value, rel=1e-13)


def test_any_other_law_is_fitted_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = model(estimator="classical", limit="crossfit")
    (tmp_path / "reference.csv").write_bytes(DATA.read_bytes())
    monkeypatch.chdir(tmp_path)
    told = arithmetic_of_limit(made)
    assert "spc.fit" in told.snippet
    assert told.law == made.new_limits["t2"][-1].law
    assert printed(told.snippet) == made.new_limits["t2"][-1].value


def test_the_lines_of_python_give_t2_of_a_row_with_and_without_gaps() -> None:
    made = model(estimator="classical", limit="f")
    row = frames.read(DATA).x[20].copy()
    whole = arithmetic_of_point(made, row)
    assert printed(whole.snippet) == pytest.approx(float(made.scatter.d2(row[None])[0]), rel=1e-12)
    row[2] = np.nan
    seen = ~np.isnan(row)
    gaps = arithmetic_of_point(made, row)
    assert printed(gaps.snippet) == pytest.approx(float(made.scatter.part(seen).d2(row[seen])[0]), rel=1e-12)
    assert gaps.value != whole.value


def test_what_the_model_does_not_have_is_refused() -> None:
    made = model(estimator="classical", limit="f")
    wrongs: tuple[dict[str, Any], ...] = ({"chart": "t3"}, {"q": 7}, {"chart": "guard"})
    for wrong in wrongs:
        with pytest.raises(BadRecipe):
            arithmetic_of_limit(made, **wrong)
    with pytest.raises(BadRecipe):
        arithmetic_of_point(made, np.full(made.p, np.nan))


ROWS = np.random.default_rng(4).standard_normal((40, 6))


@pytest.mark.parametrize(
    "charts",
    [
        {"t2": {}, "mewma": {"lam": 0.2}},
        {"t2": {}, "mewma": {"lam": 0.2, "exact": True}},
        {"t2": {}, "mcusum": {"k": 0.4}},
        {"t2": {}, "ewma_log_t2": {}},
        {"t2": {}, "mewmc": {}},
        {"t2": {}, "mewmc": {"lam": 0.05}},
    ],
)
def test_the_lines_of_python_give_a_point_of_a_chart_with_memory(charts: dict[str, Any]) -> None:
    made = model(estimator=KNOWN, charts=charts, alpha=0.1)
    name = list(charts)[1]
    x = ROWS.copy()
    x[7, 2] = np.nan  # such a row is passed over
    shown = arithmetic_of_memory(made, x, name)
    track = Monitor(made).judge(Rows.of(x, made.names)).tracks[name]
    assert shown.value == track.value[-1]
    assert printed(shown.snippet) == pytest.approx(shown.value, rel=1e-12)
    assert f"{shown.value:.6g}" in shown.formula
    assert shown.inputs["rows remembered"] == "38"
    assert arithmetic_of_limit(made, name).value == made.new_limits[name][-1].value  # one limit, for whole rows
    assert f"new_limits['{name}'][-1]" in arithmetic_of_limit(made, name, 3).snippet
    with pytest.raises(BadRecipe, match="gaps"):
        arithmetic_of_memory(made, x[:8], name)


def test_the_lines_of_python_give_t2_of_a_mean_and_its_limits() -> None:
    lines = ["lot,a,b", *(f"L{i // 5},{a:.9f},{b:.9f}" for i, (a, b) in enumerate(np.random.default_rng(2).standard_normal((98, 2))))]
    one = read("\n".join(lines).encode(), name="t.csv", roles={"lot": "subgroup"})
    fitted = fit(one, Recipe.from_dict({"estimator": "classical", "subgroup": "lot"}))
    for group in (fitted.review.subgroups[3], fitted.review.subgroups[-1]):
        rows = one.x[[row - 1 for row in group.rows]]
        mean = arithmetic_of_mean(fitted.model, rows)
        assert mean.value == pytest.approx(group.t2, rel=1e-12)
        assert printed(mean.snippet) == pytest.approx(mean.value, rel=1e-12)
        own = arithmetic_of_limit(fitted.model, reference=True, size=len(rows))
        assert own.value == pytest.approx(group.ucl, rel=1e-12)
        assert printed(own.snippet) == pytest.approx(own.value, rel=1e-11)
    for k in (5, 3):
        told = arithmetic_of_limit(fitted.model, size=k)
        assert printed(told.snippet) == pytest.approx(fitted.model.sized(k).new_limits["t2"][-1].value, rel=1e-11)
        assert f"(1 + {k}/98)" in told.formula
        assert f"subgroup of {k} rows" in told.what
