"""A ledger from its backup: into a place where there is none, verified to the bit before anybody uses it."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from sqlalchemy.engine import URL

from spc.errors import Complaint
from spc.ledger import copies
from spc.ledger.archived import place
from spc.ledger.backup import ARCHIVE, MANIFEST, MEMBERS, Manifest, settle, sha256, verify
from spc.ledger.engine import database, revisions, shown

_CURE = "Name a file that `spc backup` wrote."


def restore(file: str | Path, url: str, archive: str | Path | None = None) -> Manifest:
    """Makes the ledger of a backup again at an address where there is none, and verifies it; returns what the backup says of itself.

    `archive` is the folder for the archived days in it, if it is not the usual place. Raises Complaint (not a backup, damaged, something is
    there already, the wrong kind of database) and LedgerError (the database failed, or what was restored is not what was backed up).
    """
    manifest = look_into(file)
    address = database(url)
    if address.get_backend_name() != manifest.kind:
        kinds = {"sqlite": "SQLite (sqlite:///…)", "postgresql": "PostgreSQL (postgresql://…)"}
        raise Complaint(f"{file} is a backup of a ledger in {kinds[manifest.kind]}.", cure="Restore it into the same kind of database.")
    if manifest.revision not in revisions():
        raise Complaint(
            f"{file} was written by a newer program ({manifest.program}, tables of version {manifest.revision}).",
            cure="Install that program.",
        )
    days = [name for name in manifest.files if name.startswith(ARCHIVE)]
    with zipfile.ZipFile(file) as packed:
        (_restore_sqlite if manifest.kind == "sqlite" else _restore_postgres)(packed, manifest, address)
        for name in days:
            _restore_day(packed, name, Path(place(address, archive), *PurePosixPath(name).parts[1:]), manifest.files[name])
    return manifest


def look_into(file: str | Path) -> Manifest:
    """What a backup says of itself; every file in it is read and compared with its digest. Raises Complaint."""
    if not Path(file).is_file():
        raise Complaint(f"There is no file {file}.", cure=_CURE)
    try:
        with zipfile.ZipFile(file) as packed:
            manifest = Manifest.of(packed.read(MANIFEST))
            expected = {MEMBERS[manifest.kind], *(name for name in manifest.files if _within(name))}
            if expected != set(manifest.files):
                raise KeyError
            for name, told in manifest.files.items():
                with packed.open(name) as member:
                    if sha256(member) != told:
                        raise Complaint(f"{file} is damaged: {name} in it was changed.", cure="Take another backup.")
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Complaint(f"{file} is not a backup of a ledger.", cure=_CURE) from None
    except (zipfile.BadZipFile, EOFError) as broken:
        raise Complaint(f"{file} is not a backup of a ledger, or it is damaged ({broken}).", cure=_CURE) from None
    return manifest


def _within(name: str) -> bool:
    """A file of the archive whose path stays in the archive's folder."""
    path = PurePosixPath(name)
    return name.startswith(ARCHIVE) and ".." not in path.parts and not path.is_absolute()


def _restore_sqlite(packed: zipfile.ZipFile, manifest: Manifest, address: URL) -> None:
    target = Path(str(address.database))
    for one in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        if one.exists():
            raise Complaint(
                f"{one} is there already.", cure="A backup is restored where there is no ledger: name another, or move it away."
            )
    with tempfile.TemporaryDirectory(prefix=f".{target.name[:100]}.", dir=target.parent) as folder:
        part = Path(folder, "ledger.db")
        _write(packed, MEMBERS["sqlite"], part)
        copies.check_sqlite(part)
        verify(manifest, copies.reading_file(part))
        os.link(part, target)  # unlike a rename it does not take the place of a ledger that somebody made meanwhile
    settle(target.parent)


def _restore_postgres(packed: zipfile.ZipFile, manifest: Manifest, address: URL) -> None:
    with copies.reading(address) as connection:
        if copies.tables_of(connection):
            raise Complaint(
                f"{shown(address)} is not empty.", cure="Make a database for it: createdb --template=template0 --encoding=UTF8."
            )
    with packed.open(MEMBERS["postgresql"]) as dump:
        copies.restore_postgres(address, dump)
    verify(manifest, address)


def _restore_day(packed: zipfile.ZipFile, name: str, target: Path, expected: str) -> None:
    if target.exists():
        with target.open("rb") as one:
            if sha256(one) == expected:
                return
        raise Complaint(f"{target} is there already and is another file.", cure="Name an empty folder: --archive FOLDER.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    _write(packed, name, part)
    part.replace(target)
    settle(target.parent)


def _write(packed: zipfile.ZipFile, name: str, target: Path) -> None:
    with packed.open(name) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
