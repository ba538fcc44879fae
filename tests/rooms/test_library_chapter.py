"""The chapter for people from other libraries: its code runs, and gives what theirs gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc import distances

CHAPTER = Path(__file__).resolve().parents[2] / "assets" / "manual" / "90-library.md"
BLOCKS = re.findall(r"```python\n(.*?)```", CHAPTER.read_text(encoding="utf-8"), re.DOTALL)


def test_every_block_runs_and_ours_is_theirs() -> None:
    pytest.importorskip("sklearn", reason="no scikit-learn: install the dev extra")
    names: dict[str, Any] = {}
    compared = 0
    for block in BLOCKS:
        names.pop("ours", None)
        exec(compile(block, CHAPTER.name, "exec"), names)  # noqa: S102 - the chapter's own code, one block after another
        if "ours" in names:
            compared += 1
            assert np.allclose(np.asarray(names["ours"], float), np.asarray(names["theirs"], float), rtol=1e-7, atol=1e-12), block
    assert compared >= 9
    assert names["found"].predict(names["x"][:8]).tolist() == [-1] * 8  # the bad rows of its first block


def test_every_function_of_the_room_is_in_it() -> None:
    text = CHAPTER.read_text(encoding="utf-8")
    assert [name for name in distances.__all__ if name != "scatter" and name not in text] == []
