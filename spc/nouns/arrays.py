"""The arrays that the nouns carry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Times = NDArray[np.datetime64]  # datetime64[us], UTC, NaT where unknown
