"""The wait for an alarm, simulated, against the integral equations; charts together see what each alone would miss."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spc.charts import T2, EwmaLogT2, Mewma
from spc.cli import main
from spc.errors import BadRecipe
from spc.phase1.chains import Fits
from spc.phase1.power import smallest_shift, wait
from spc.runlength import Memoryless
from spc.runlength import Mewma as MewmaRun


def test_the_wait_is_that_of_the_integral_equation_at_once_and_late() -> None:
    run = MewmaRun(4, 0.1)
    limit = run.limit(200.0)
    exact = run.run_length(limit, 1.0)
    found = wait({"mewma": Mewma()}, {"mewma": limit}, Fits.known(4), 1.0, 200.0)
    assert abs(found.arl - exact.arl) < 4 * found.error * found.arl
    assert found.sd == pytest.approx(exact.sd, rel=0.03)
    assert abs(found.quantiles[0.5] - exact.quantiles[0.5]) <= 1
    late = wait({"mewma": Mewma()}, {"mewma": limit}, Fits.known(4), 1.0, 200.0, calm=60)
    assert late.arl == pytest.approx(exact.steady, rel=0.02)
    assert late.arl < found.arl


def test_the_smallest_shift_of_a_t2_chart_has_a_closed_form() -> None:
    run = Memoryless(3)
    limit = run.limit(370.0)
    found = smallest_shift({"t2": T2()}, {"t2": limit}, Fits.known(3), 10)
    assert run.run_length(limit, found).quantiles[0.9] <= 11
    alarm = 1.0 / run.run_length(limit, found).arl
    assert 1.0 - (1.0 - alarm) ** 10 == pytest.approx(0.9, abs=0.015)
    with pytest.raises(BadRecipe, match="No shift is found within 1 row"):
        smallest_shift({"ewma_log_t2": EwmaLogT2(lam=0.01)}, {"ewma_log_t2": 30.0}, Fits.known(3), 1)


def test_estimated_parameters_widen_the_wait_only_through_the_limit() -> None:
    fits, limits = Fits.drawn(100, 3), {"t2": 14.0}
    assert wait({"t2": T2()}, limits, fits, 2.0, 300.0).arl == pytest.approx(
        wait({"t2": T2()}, limits, Fits.known(3), 2.0, 300.0).arl, rel=0.15
    )
    assert np.isfinite(fits.factor).all()


def test_the_terminal_tells_charts_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arl", "--chart", "t2,mewma", "-p", "2", "-n", "100", "--arl0", "100", "--shift", "1", "--within", "30", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said["charts"]) == {"t2", "mewma"}
    assert 5 < said["arl"] < 25
    assert 0.5 < said["smallest_shift"] < 2.5
    for wrong in (
        ["--chart", "t2,mewmo", "--arl0", "100"],
        ["--chart", "t2,mewma", "--limit", "9"],
        ["--chart", "t2,mewma", "--arl0", "1e9"],
    ):
        assert main(["arl", "-p", "2", *wrong]) == 2
    assert "Traceback" not in capsys.readouterr().err
