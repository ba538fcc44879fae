"""Names of columns: without gaps, doubles and stray blanks."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from spc.nouns import Finding
from spc.reference.cells import clean


def normal_name(name: object) -> str:
    """A name as the reader writes it: no blanks around it, single blanks within, composed letters.

    >>> normal_name("  length   [mm]")
    'length [mm]'
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", clean(str(name)))).strip()


def unique(raw: list[str], kept: tuple[int, ...]) -> tuple[list[str], list[Finding]]:
    """Names without gaps and doubles; what had to be changed is said."""
    findings, names = [], list(raw)
    taken = Counter(n for n in raw if n)
    nameless = [i for i, n in enumerate(raw) if not n]
    for i in nameless:
        names[i] = _free(f"column_{kept[i] + 1}", taken)
    if nameless:
        new = tuple(names[i] for i in nameless)
        findings.append(Finding("header", "amber", f"{counted(len(new), 'column')} without a name: named {some(new)}.", columns=new))
    seen: set[str] = set()
    doubled = []
    for i, name in enumerate(names):
        if name in seen:
            names[i] = _free(name, taken)
            doubled.append((kept[i] + 1, name, names[i]))
        seen.add(names[i])
    if doubled:
        text = "; ".join(f"column {j} is a second {old} and was named {new}" for j, old, new in doubled[:10])
        cure = "Check which of them is meant; set the other to ignore."
        findings.append(Finding("duplicate_names", "amber", f"Names occur twice: {text}.", cure, tuple(new for _, _, new in doubled)))
    return names, findings


def _free(name: str, taken: Counter[str]) -> str:
    """`name` itself or name_2, name_3 …, the first that is not taken."""
    k, free = 1, name
    while taken[free]:
        k += 1
        free = f"{name}_{k}"
    taken[free] += 1
    return free


def counted(n: int, noun: str) -> str:
    """A number with its noun: "1 column", "3 columns"."""
    return f"{n} {noun}" + ("" if n == 1 else "s")


def some(things: list[int] | tuple[str, ...]) -> str:
    """The first few of some things, and how many more there are."""
    shown = ", ".join(str(t) for t in things[:8])
    return shown + (f" and {len(things) - 8} more" if len(things) > 8 else "")
