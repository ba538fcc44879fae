"""Whether there are enough rows for the variables."""

from __future__ import annotations

from collections.abc import Iterator

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, listed
from spc.nouns import Finding


def too_few_rows(m: Measured) -> Iterator[Finding]:
    """n ≤ p complete rows have no scatter, n ≤ 2p no robust one; below 5p the limits are wide. Rows with a missing value do not count."""
    n, p = int(m.complete.sum()), m.p
    if not p or n >= 5 * p:
        return
    need, well = 2 * p + 1, 5 * p
    incomplete = f" without a gap (of {m.n})" if n < m.n else ""
    have = f"{counted(n, 'row')}{incomplete} for {counted(p, 'variable')}"
    cure = f"Bring at least {need} complete rows, better {well}; or ignore variables; or take an estimator that shrinks, such as mrcd."
    thin = [m.names[j] for j in m.present.sum(axis=0).argsort(kind="stable")[:20] if m.present[:, j].mean() < 0.8]
    if n < m.n and thin:
        cure += f" Most values are missing in {listed(thin, 3)}."
    if n <= p:
        text = f"Too few rows: {have}. No scatter can be estimated from them, except one that is shrunk."
        yield Finding("too_few_rows", "red", text, cure, tuple(thin))
    elif n <= 2 * p:
        text = f"Too few rows: {have}. An MCD needs more than {2 * p}, and limits from so few rows mean little."
        yield Finding("too_few_rows", "red", text, cure, tuple(thin))
    else:
        text = f"Few rows: {have}. Limits from so few rows are wide, and small shifts stay unseen."
        yield Finding("few_rows", "amber", text, f"{well} rows (5 per variable) or more would be better.", ())
