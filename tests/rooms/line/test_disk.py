"""A disk that fills up: the ballast goes, people are told, and it comes back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.line import Plant
from spc.line import plant as plant_module
from spc.line.disk import Disk
from spc.settings import LineSettings, Settings

MB = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 100 MB; mounting needs root."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(tmp_path)], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"cannot mount a small disk here: {made.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def left(folder: Path, free: int) -> None:
    """Fills the disk up to so many free bytes."""
    filler = folder / "filler"
    filler.unlink(missing_ok=True)
    with filler.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(folder).free - free)))


def test_the_ballast_weighs_something_goes_when_it_must_and_comes_back(small: Path) -> None:
    disk = Disk(small / "a.db")
    assert disk.reserve == 2 * MB  # of a small disk two in a hundred
    before = shutil.disk_usage(small).free
    assert disk.look().state == "enough"
    assert before - shutil.disk_usage(small).free >= 2 * MB
    left(small, 5 * MB)
    assert disk.look().state == "low"
    assert disk.ballast.exists()
    left(small, MB // 4)
    found = disk.look()
    assert (found.state, disk.ballast.exists()) == ("full", False)
    assert found.free >= 2 * MB
    assert Disk(small / "a.db").look().state == "low"  # after a restart: what there is now
    left(small, 50 * MB)
    assert (disk.look().state, disk.ballast.exists()) == ("enough", True)


def test_people_are_told_once_and_when_there_is_room_again(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plant_module, "DISK_S", 0.0)
    url = f"sqlite:///{small}/a.db"
    with Ledger.open(url) as ledger:
        plant = Plant(ledger, Settings(ledger=url, lines=(LineSettings("smt-2"), LineSettings("smt-3"))))

        def look() -> list[tuple[str, str, bool]]:
            plant._look_once()
            ledger.write(lambda connection: None)
            with ledger.read() as connection:
                return [(one.line, one.kind, one.active) for one in book.alarms(connection)]

        assert look() == []
        left(small, 5 * MB)
        assert look() == look() == [("smt-2", "disk", True)]
        with ledger.read() as connection:
            assert "the disk of the ledger is nearly full: 5 MB are left" in book.alarms(connection)[0].sentence
        left(small, 50 * MB)
        assert look() == [("smt-2", "disk", False)]
