"""How many rows pass until a chart alarms, in control and after a shift, and the limit for a wanted number: T², MEWMA, MCUSUM.

All of them are for known parameters and normal, independent rows; a shift is given as its Mahalanobis length.
"""

from __future__ import annotations

from spc.runlength.chain import Chain, RunLength
from spc.runlength.mcusum import Mcusum
from spc.runlength.memoryless import Memoryless
from spc.runlength.mewma import Mewma

__all__ = ["Chain", "Mcusum", "Memoryless", "Mewma", "RunLength"]
