"""One program's fits in a process of its own: prints [seconds, log det, bad rows kept, bytes grown] for each table as JSON."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks.reader import anew, memory
from spc.nouns import Bools, Floats
from spc.scatter import Mcd, Mrcd, subset_size

Fitted = tuple[float, Bools]  # log det of the h-subset's covariance, divisor h, and the rows that the final estimate rests on


def ours(x: Floats, fraction: float) -> Callable[[], Fitted]:
    """Our estimator; numpy alone or with the compiled kernel, as SPC_KERNEL says."""

    def fit() -> Fitted:
        found = Mcd(h=fraction)(x)
        assert found.objective is not None
        assert found.used is not None
        return found.objective, found.used

    return fit


def mrcd(x: Floats, fraction: float) -> Callable[[], Fitted]:
    """Our estimator for more variables than rows."""

    def fit() -> Fitted:
        found = Mrcd(h=fraction)(x)
        assert found.objective is not None
        assert found.used is not None
        return found.objective, found.used

    return fit


def sklearn(x: Floats, fraction: float) -> Callable[[], Fitted]:
    """MinCovDet with a subset of the same size."""
    from sklearn.covariance import MinCovDet  # type: ignore[import-untyped]

    n, p = x.shape
    h = subset_size(n, p, fraction)
    warnings.simplefilter("ignore")  # it says that determinants rose, where they fell by rounding only

    def fit() -> Fitted:
        found = MinCovDet(support_fraction=(h + 0.5) / n, random_state=0).fit(x)
        subset = x[found.raw_support_]
        assert len(subset) == h
        return float(np.linalg.slogdet(np.cov(subset.T, bias=True))[1]), np.asarray(found.support_)

    return fit


def main(who: str, bad: int, rounds: int, fraction: float, files: list[str]) -> None:
    """The bad rows are the last ones of each table."""
    program = {"sklearn": sklearn, "mrcd": mrcd}.get(who, ours)
    program(np.random.default_rng(0).standard_normal((50, 2)), fraction)()  # the first fit loads what it needs
    answers = []
    for file in files:
        x = np.load(file)
        fit, found = program(x, fraction), []
        anew()
        before = memory("VmRSS")
        for _ in range(rounds):
            start = time.process_time()
            answer = fit()
            found.append((time.process_time() - start, *answer))
        taken, (_, objective, used) = [one[0] for one in found], found[0]
        answers.append((median(taken), objective, int(np.sum(used[len(x) - bad :])), memory("VmHWM") - before))
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
