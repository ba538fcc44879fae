"""Small things that tests of the ledger, the line and its neighbours share: a model, blocks of rows, a clock, an inbox."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from spc.errors import NotifyError
from spc.notify import Message
from spc.nouns import Guard, Limit, Model, Rows, Scatter

NAMES = ("length_mm", "warp_mm", "copper_um")
CENTER = np.array([160.0, 0.35, 35.0])
SD = np.array([0.05, 0.06, 1.2])
START = np.datetime64("2025-03-04T06:00:00", "us")


def model(*, center: float = 0.0, guards: tuple[Guard, ...] = ()) -> Model:
    """Three independent variables with known mean and spread; `center` moves the mean, in standard deviations, to get another model."""
    limits = tuple(Limit(float(chi2.isf(0.0027, q)), 0.0027, f"chi-square({q})") for q in (1, 2, 3))
    alphas = (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-6)
    return Model(
        names=NAMES,
        units=("mm", "mm", "um"),
        scatter=Scatter(CENTER + center * SD, np.diag(SD), n=200),
        guards=guards,
        alpha=0.0027,
        new_limits={"t2": limits},
        reference_limits={"t2": limits[-1]},
        tails={"t2": tuple((a, float(chi2.isf(a, 3))) for a in alphas)},
        estimator="classical",
        recipe={},
        n=200,
        outliers=(),
        excluded=(),
        findings=(),
        time_column=None,
        id_column=None,
        reference_digest="0" * 64,
        code_version="test",
    )


def rows(n: int, *, first: int = 1, out: tuple[int, ...] = (), by: float = 8.0, seed: int = 0, quality: tuple[str, ...] = ()) -> Rows:
    """n calm rows with ids B<first>…; those whose number (from 1, in this block) is in `out` have warp_mm `by` standard deviations up."""
    z = np.clip(np.random.default_rng([seed, first]).normal(size=(n, 3)), -1.0, 1.0)
    for i in out:
        z[i - 1] = (0.0, by, 0.0)
    at = START + np.arange(first, first + n) * np.timedelta64(45, "s")
    return Rows(NAMES, CENTER + z * SD, at.astype("datetime64[us]"), tuple(f"B{k:05d}" for k in range(first, first + n)), quality)


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int = 1_741_068_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def go(self, seconds: float) -> int:
        self.now += int(seconds * 1e6)
        return self.now


class Inbox:
    """A notifier that keeps what it was told, after failing as often as it was asked to."""

    def __init__(self, fail: int = 0, *, permanent: bool = False) -> None:
        self.fail, self.permanent = fail, permanent
        self.got: list[Message] = []

    def __call__(self, message: Message) -> None:
        if self.fail:
            self.fail -= 1
            raise NotifyError("the letter box is jammed", permanent=self.permanent)
        self.got.append(message)
