"""Brings the message catalogues up to date: messages from the program into the .po files, and the .mo files that the program reads.

    python scripts/messages.py             after a message of the program changed
    python scripts/messages.py --compile   after a translator changed a .po

A message that is new stands in the .po with nothing beside it: the tests fail until somebody translates it. Nothing is guessed.
"""

from __future__ import annotations

import datetime
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "spc" / "language" / "locale"
LANGUAGES = ("en", "de")
KEYWORDS = {"say": (1,), "count": (1, 2), "message": (1,), "messages": (1, 2)}
ROOMS = ("spc/language", "spc/blame", "spc/line", "spc/sentences.py", "spc/alarms.py", "spc/cli/explained.py", "spc/cli/taken_apart.py")
_NO_DAY = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)  # a catalogue is compiled to the same bytes on every day


def files() -> Iterator[Path]:
    """The program's files that hold messages."""
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / room]


def extracted() -> Catalog:
    """Every message of the program, without a translation."""
    found = Catalog(charset="utf-8")
    for file in files():
        for _, message, _, _ in extract_from_file("python", file, KEYWORDS):
            found.add(message, locations=[(file.relative_to(ROOT).as_posix(), 0)])
    return found


def catalogue(language: str) -> Catalog:
    """A language's .po."""
    with (LOCALE / language / "LC_MESSAGES" / "spc.po").open("rb") as file:
        return read_po(file, locale=language)


def compiled(translated: Catalog) -> bytes:
    """The .mo of a catalogue, the same bytes whenever it is made."""
    translated.creation_date = translated.revision_date = _NO_DAY
    out = io.BytesIO()
    write_mo(out, translated)
    return out.getvalue()


def update(language: str) -> None:
    """The .po of a language with the program's messages: new ones empty (in English as they are), those that are gone thrown away."""
    before = catalogue(language) if (LOCALE / language / "LC_MESSAGES" / "spc.po").exists() else Catalog(locale=language)
    after = Catalog(locale=language, charset="utf-8", fuzzy=False, header_comment=f"# The sentences in {language}.")
    for one in extracted():
        if not one.id:
            continue
        known = before.get(one.id)
        after.add(one.id, one.id if language == "en" else known.string if known is not None else None, locations=one.locations)
    file = LOCALE / language / "LC_MESSAGES" / "spc.po"
    file.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    write_po(out, after, width=140, include_lineno=False, sort_output=True, omit_header=False)
    dated = ("POT-Creation-Date", "PO-Revision-Date", "Project-Id", "Report-Msgid", "Last-Translator", "Language-Team", "Generated-By")
    lines = [line for line in out.getvalue().decode().splitlines() if not line.startswith(tuple(f'"{word}' for word in dated))]
    file.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def main() -> None:
    """Both steps, or the second alone."""
    for language in LANGUAGES:
        if "--compile" not in sys.argv:
            update(language)
        (LOCALE / language / "LC_MESSAGES" / "spc.mo").write_bytes(compiled(catalogue(language)))


if __name__ == "__main__":
    main()
