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
from spc.nouns import Model
from spc.phase1 import Recipe, fit
from spc.phase2.arithmetic import arithmetic_of_limit, arithmetic_of_point

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
    for wrong in ({"chart": "t3"}, {"q": 7}, {"chart": "guard"}):
        with pytest.raises(BadRecipe):
            arithmetic_of_limit(made, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadRecipe):
        arithmetic_of_point(made, np.full(made.p, np.nan))
