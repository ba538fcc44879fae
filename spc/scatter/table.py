"""What every estimator asks of its table before it starts."""

from __future__ import annotations

import numpy as np

from spc.errors import BadTable, TooFewRows
from spc.nouns import Floats


def checked(x: Floats, rows_needed: int, wanted: str) -> Floats:
    """The table as float64 (n, p); raises BadTable for a value that is not finite and TooFewRows below `rows_needed` rows."""
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0:
        raise BadTable(f"An estimator needs a table of rows and columns, not an array of shape {x.shape}.", cure="Pass an (n, p) array.")
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(np.sum(x))  # a table that fills the memory has no room for a mask beside it
    bad = np.argwhere(~np.isfinite(x)) if suspicious else np.empty((0, 2), dtype=int)
    if len(bad):
        row, column = (int(k) for k in bad[0])
        raise BadTable(
            f"The value is {x[row, column]}, not a finite number.",
            cure="Leave incomplete rows out of the fit.",
            row=row + 1,
            column=str(column + 1),
        )
    n, p = x.shape
    if n < rows_needed:
        raise TooFewRows(
            f"{n} complete rows are too few for {wanted} of {p} variables.",
            cure=f"At least {rows_needed} are needed, and limits begin to be useful near {max(rows_needed, 5 * p)}: "
            "collect more rows or chart fewer variables.",
        )
    return x
