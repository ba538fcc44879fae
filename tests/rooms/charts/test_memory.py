"""Charts with memory against rows worked out by hand, and what they refuse."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from spc.charts import EwmaLogT2, Mcusum, Mewma, charts_of
from spc.charts.smoothed import smoothed
from spc.errors import BadRecipe
from spc.scatter import kernel

Z = np.random.default_rng(11).standard_normal((40, 3)) + 0.5


def test_mewma_is_the_weighted_sum_that_lowry_wrote_down() -> None:
    lam, t = 0.2, np.arange(1, 41)
    y = np.array([sum(lam * (1 - lam) ** (i - j) * Z[j] for j in range(i + 1)) for i in range(40)])
    plain = Mewma(lam=lam).step(Mewma().start(3), Z)[1]
    assert plain == pytest.approx(np.sum(y * y, axis=1) * (2 - lam) / lam, rel=1e-12)
    exact = Mewma(lam=lam, exact=True).step(Mewma().start(3), Z)[1]
    assert exact == pytest.approx(plain / (1 - (1 - lam) ** (2 * t)), rel=1e-12)
    assert exact[0] == pytest.approx(float(Z[0] @ Z[0]))


def test_mcusum_is_the_recursion_that_crosier_wrote_down() -> None:
    s, expected = np.zeros(3), []
    for row in Z:
        length = np.linalg.norm(s + row)
        s = (s + row) * (1 - 0.7 / length) if length > 0.7 else np.zeros(3)
        expected.append(np.linalg.norm(s))
    assert Mcusum(k=0.7).step(Mcusum().start(3), Z)[1] == pytest.approx(expected, rel=1e-12)


def test_the_moving_average_of_log_t2_rises_with_the_spread_alone() -> None:
    calm = np.random.default_rng(1).standard_normal((400, 5))
    chart = EwmaLogT2(lam=0.1)
    quiet = chart.step(chart.start(5), calm)[1]
    wide = chart.step(chart.start(5), 2.0 * calm)[1]
    assert np.median(wide[50:]) > 3.0 * np.median(quiet[50:])
    assert np.isfinite(chart.step(chart.start(5), np.zeros((3, 5)))[1]).all()


@pytest.mark.parametrize("wrong", [lambda: Mewma(lam=0.0), lambda: Mewma(lam=1.2), lambda: EwmaLogT2(lam=-1), lambda: Mcusum(k=0)])
def test_a_weight_that_makes_no_chart_is_refused(wrong: object) -> None:
    with pytest.raises(BadRecipe):
        wrong()  # type: ignore[operator]


def test_charts_are_made_as_the_recipe_asked_for_them() -> None:
    made = charts_of({"t2": {"name": "t2"}, "slow": {"name": "mewma", "lam": 0.05}}, ["t2", "slow", "mcusum"])
    assert made["slow"] == Mewma(lam=0.05)
    assert made["mcusum"] == Mcusum()


@pytest.mark.parametrize("p", [1, 2, 7, 20])
@pytest.mark.parametrize("lam", [0.05, 0.1, 1.0 / 3.0, 1.0])
def test_compiled_or_not_smoothing_has_the_same_bits(p: int, lam: float, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel.library() is None:
        pytest.skip("the kernel was not built: no C compiler, or SPC_KERNEL=off")
    z, before = np.random.default_rng(p).standard_normal((500, p)) * 10.0 ** np.arange(p), np.arange(1.0, p + 1.0)
    assert kernel._rounds_alike()
    compiled, apart = smoothed(z, before, lam), smoothed(z[::2], before, lam)  # every other row: not contiguous
    monkeypatch.setattr(kernel, "library", lambda: None)
    assert np.array_equal(compiled, smoothed(z, before, lam))
    assert np.array_equal(apart, smoothed(z[::2], before, lam))


def test_no_row_waits_for_scipy_signal_to_load() -> None:
    code = (
        "import sys, numpy as np\nfrom spc.charts import CHARTS\n"
        "z = np.ones((100, 4))\n"
        "for name in ('t2', 'mewma', 'mcusum', 'ewma_log_t2', 'mewmc'):\n"
        "    chart = CHARTS[name]()\n    chart.step(chart.start(4), z)\n"
        "sys.exit('scipy.signal' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
