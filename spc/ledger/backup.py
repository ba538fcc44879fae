"""A backup: the whole ledger in one file, made while lines run, with what is needed to know that it was restored bit for bit.

The file is a zip without compression: `ledger.db` (SQLite) or `ledger.dump` (PostgreSQL, pg_dump's custom format), the files of the
archive, and `manifest.json`. Any program that knows zips can take it apart.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from spc.errors import Complaint, LedgerError
from spc.ledger import copies, digest
from spc.ledger.archived import place
from spc.ledger.clock import now_us
from spc.ledger.digest import Extent
from spc.ledger.engine import database, shown
from spc.ledger.schema import archived
from spc.version import VERSION

MANIFEST = "manifest.json"
MEMBERS = {"sqlite": "ledger.db", "postgresql": "ledger.dump"}
ARCHIVE = "archive/"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup: by whom and when (µs UTC) it was made, its lines, the tables' records, and SHA-256 of its files."""

    program: str
    revision: str
    kind: str
    made_at: int
    lines: Mapping[str, Extent]
    tables: Mapping[str, int]
    files: Mapping[str, str]
    left_out: int = 0  # files of the archive that are not in here

    @property
    def rows(self) -> int:
        """Rows at hand, of all lines."""
        return sum(one.rows for one in self.lines.values())

    def to_dict(self) -> dict[str, Any]:
        """For a file and for `--json`."""
        return {**dataclasses.asdict(self), "rows": self.rows}

    @classmethod
    def of(cls, text: bytes) -> Manifest:
        """What `to_dict` gave; raises ValueError, KeyError or TypeError when this is none."""
        found = json.loads(text)
        lines = {name: Extent(**one) for name, one in found["lines"].items()}
        rest = {one.name: found[one.name] for one in dataclasses.fields(cls) if one.name != "lines"}
        return cls(**{**rest, "lines": lines})


def backup(url: str, file: str | Path, archive: str | Path | None = None, *, days: bool = True) -> Manifest:
    """Writes the whole ledger into one file, which appears whole or not at all; readers and writers go on meanwhile.

    The archived days go in as well, unless `days` is false; `archive` is their folder if it is not in its usual place. Raises Complaint
    (no ledger there, or the file's name is taken by something else than a backup) and LedgerError (the database failed).
    """
    address, file = _ledger(url), Path(os.path.realpath(file))
    _free(file)
    kind = address.get_backend_name()
    with tempfile.TemporaryDirectory(prefix=f".{file.name[:100]}.", dir=file.parent) as folder:
        copy, packed = Path(folder, MEMBERS[kind]), Path(folder, "packed")
        if kind == "sqlite":
            copies.copy_sqlite(Path(str(address.database)), copy)
            with copies.reading(copies.reading_file(copy)) as connection:
                manifest, known = _described(connection, kind, address)
        else:
            with copies.reading(address) as connection:
                manifest, known = _described(connection, kind, address)
                copies.dump_postgres(address, connection, copy)
        manifest = _pack(packed, manifest, copy, _kept(known, place(address, archive)) if days else {}, len(known))
        packed.replace(file)
    settle(file.parent)
    return manifest


def _ledger(url: str) -> URL:
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.is_file():
        raise Complaint(f"There is no ledger {path}.", cure="Name it: --ledger URL.")
    return database(url)


def _free(file: Path) -> None:
    """A backup may take the place of an earlier one, and of nothing else."""
    if not file.parent.is_dir():
        raise Complaint(f"There is no folder {file.parent}.", cure="Make it, or name a file elsewhere.")
    if file.exists() and not (file.is_file() and _is_backup(file)):
        raise Complaint(f"{file} is there already and is not a backup.", cure="Name another file.")


def _is_backup(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as one:
            return MANIFEST in one.namelist()
    except zipfile.BadZipFile:
        return False


def _described(connection: sa.Connection, kind: str, address: URL) -> tuple[Manifest, list[tuple[str, str]]]:
    """The ledger in numbers, and the archive's files with their digests."""
    revision = digest.revision(connection)
    if revision is None:
        raise Complaint(f"{shown(address)} is not a ledger: its tables are missing.", cure="Name another: --ledger URL.")
    known = digest.tables(connection)
    query = sa.select(archived.c.path, archived.c.sha256).order_by(archived.c.path)
    days = [(one.path, one.sha256) for one in connection.execute(query)] if known.get("archived") else []
    return Manifest(VERSION, revision, kind, now_us(), digest.extents(connection), known, {}), days


def _kept(days: list[tuple[str, str]], archive: Path) -> dict[str, Path]:
    """The archive's files by their names in the backup; raises Complaint when one is missing or was changed."""
    found = {}
    for name, expected in days:
        path = Path(archive, name)
        if not path.is_file():
            raise Complaint(
                f"The archive's file {path} is missing.", cure="Name the archive's folder, --archive FOLDER, or leave it out, --no-archive."
            )
        with path.open("rb") as one:
            if sha256(one) != expected:
                raise Complaint(f"The archive's file {path} is damaged.", cure="Bring it back from an earlier backup.")
        found[ARCHIVE + name] = path
    return found


def _pack(packed: Path, manifest: Manifest, copy: Path, days: Mapping[str, Path], archived_files: int) -> Manifest:
    digests = {}
    with packed.open("wb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as into:
            for name, path in ((copy.name, copy), *days.items()):
                with path.open("rb") as source:
                    digests[name] = sha256(source)
                into.write(path, name)
            manifest = dataclasses.replace(manifest, files=digests, left_out=archived_files - len(days))
            into.writestr(MANIFEST, json.dumps(manifest.to_dict(), indent=1))
        out.flush()
        os.fsync(out.fileno())
    return manifest


def sha256(source: IO[bytes]) -> str:
    """The digest of all that is left of a file."""
    found = hashlib.sha256()
    for piece in iter(lambda: source.read(_BLOCK), b""):
        found.update(piece)
    return found.hexdigest()


def settle(folder: Path) -> None:
    """A name is on disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def differences(manifest: Manifest, connection: sa.Connection) -> Iterator[str]:
    """What a ledger has that its backup had not, and the other way round; nothing when it is the same to the bit."""
    lines, tables = digest.extents(connection), digest.tables(connection)
    for name in sorted({*lines, *manifest.lines}):
        if lines.get(name) != manifest.lines.get(name):
            yield f"the rows and points of line {name} are not those of the backup"
    for name in sorted({*tables, *manifest.tables}):
        if tables.get(name) != manifest.tables.get(name):
            yield f"table {name} has {tables.get(name, 'no')} records instead of {manifest.tables.get(name, 'none')}"


def verify(manifest: Manifest, address: URL) -> None:
    """Raises LedgerError when what is at an address is not what was backed up."""
    with copies.reading(address) as connection:
        found = list(differences(manifest, connection))
    if found:
        raise LedgerError(f"what was restored is not what was backed up: {found[0]}. Do not use it; try again from another backup.")
