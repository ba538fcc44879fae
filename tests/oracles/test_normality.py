"""Mardia and Henze–Zirkler against R's MVN on every open table."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from spc.inspect import henze_zirkler, mardia

pytestmark = pytest.mark.oracle


def test_every_open_table(shared: Path) -> None:
    compared = 0
    for path in sorted((shared / "oracle" / "expected").glob("*.normality.json")):
        expected = json.loads(path.read_text())
        name = expected["meta"]["data"]
        table = pd.read_csv(shared / "oracle" / "data" / f"{name}.csv").select_dtypes("number").to_numpy(float)
        x = table[:, -expected["p"] :]
        raw, ours = expected["mardia_raw"], mardia(x, corrected=False)
        assert ours.skewness.value == pytest.approx(raw["b1p"], rel=1e-10), name
        assert ours.skewness.statistic == pytest.approx(raw["skew_chi2"], rel=1e-10), name
        assert ours.skewness.p_value == pytest.approx(raw["skew_p"], rel=1e-8), name
        assert ours.kurtosis.value == pytest.approx(raw["b2p"], rel=1e-10), name
        assert ours.kurtosis.statistic == pytest.approx(raw["kurt_z"], rel=1e-8, abs=1e-10), name
        assert ours.kurtosis.p_value == pytest.approx(raw["kurt_p_two_sided"], rel=1e-8), name
        assert mardia(x).skewness.statistic == pytest.approx(raw["skew_chi2_smallsample"], rel=1e-10), name
        mvn = expected["MVN_hz_mle"]
        assert henze_zirkler(x).statistic == pytest.approx(mvn["stat"], rel=1e-9), name
        assert henze_zirkler(x).p_value == pytest.approx(mvn["p"], rel=1e-6, abs=1e-15), name
        compared += 1
    assert compared >= 26
