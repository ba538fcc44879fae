"""What a person should know after a fit."""

from __future__ import annotations

import numpy as np

from spc.nouns import Bools, Finding
from spc.phase1.review import Review


def untold(found: tuple[Finding, ...], told: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The guards that the inspection of the reference has not spoken of already."""
    spoken = {column for finding in told if finding.kind in ("constant", "copy") for column in finding.columns}
    return tuple(finding for finding in found if finding.columns[0] not in spoken)


def findings(review: Review, fitted: Bools, excluded: Bools) -> tuple[Finding, ...]:
    """Kin of outliers, and too many exclusions."""
    found = []
    kin_rows = np.flatnonzero(review.kin)
    if len(kin_rows):
        found.append(
            Finding(
                "kin",
                "amber",
                f"{len(kin_rows)} rows lie inside the limit but point the same way as rows outside it: probably the same cause.",
                "Look at them together, and exclude them with the same reason if the cause is confirmed.",
                (),
                tuple(int(i) + 1 for i in kin_rows),
            )
        )
    share = float(np.mean(excluded))
    if share > 0.10:
        found.append(
            Finding(
                "excluded",
                "amber",
                f"{100 * share:.0f} % of the rows are excluded: the rest may describe a better process than the one that will run.",
                "Exclude only rows with a known special cause; with so many, look for two processes in one reference.",
            )
        )
    return tuple(found)
