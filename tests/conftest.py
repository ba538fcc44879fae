"""What tests of every folder share: where data is found that is not ours to ship, and the browser."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from spc import logs
from spc.line import plant
from spc.sources import source
from tests.postgres import Postgres, why_not
from tests.waiting import PATIENCE_S

# The same examples every time and as much time for each as it takes: what passed here passes on the busiest build server. With
# SPC_NEW_EXAMPLES a person's machine goes on looking for new ones.
_calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, **_calm)  # type: ignore[arg-type]
settings.register_profile("new", derandomize=False, **_calm)  # type: ignore[arg-type]
settings.load_profile("new" if os.environ.get("SPC_NEW_EXAMPLES") else "same")

ROOT = Path(__file__).resolve().parents[1]

# What the terminal simulates under test is kept apart from what its user has.
_SHELF = tempfile.TemporaryDirectory(prefix="spc-tests-")
os.environ["XDG_CACHE_HOME"] = _SHELF.name


logs.SETTLED = False

# A busy machine may take long to end a thread, and to fetch the first rows of a source: here nobody gives up on either.
plant.PATIENCE_S = source.STOP_S = PATIENCE_S
source.WAITED = 200.0


# What takes long comes first: at the end no core waits long for the last file of another. What is in no folder here comes between.
_FIRST = ("tests/statistics", "tests/rooms/cli", "tests/rooms/phase1", "tests/rooms/api", "tests/rooms/ledger", "tests/rooms/line")
_LAST = "spc"


def pytest_configure(config: pytest.Config) -> None:
    """Files are handed out in this order, and not those with the most tests first: the longest have few."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The same order in every process; tests of a file stay as they are."""
    order = {folder: k for k, folder in enumerate((*_FIRST, "", _LAST))}

    def place(item: pytest.Item) -> int:
        parts = item.nodeid.partition("::")[0].split("/")
        return next((order[folder] for k in (3, 2, 1) if (folder := "/".join(parts[:k])) in order), order[""])

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A program that a test runs in this process says how log lines are written: for itself, not for the tests after it."""
    kept, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    yield
    structlog.configure(**kept)
    logging.getLogger().handlers[:] = handlers


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data and oracles that do not ship with the program: SPC_SHARED, else `shared` beside the checkout."""
    folder = Path(os.environ.get("SPC_SHARED") or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(f"no data at {folder}: set SPC_SHARED to the folder that has data/ and oracle/")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium: SPC_CHROMIUM, else the first on the PATH."""
    found = os.environ.get("SPC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no chromium: apt-get install chromium, or set SPC_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The text of axe-core, the accessibility checker, to be injected into a page: `page.evaluate(axe_script)`, then `axe.run()`."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("no axe-core: install the dev extra")
    return (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of these tests' own: `postgres.database()` is the address of a fresh, empty database."""
    if reason := why_not():
        pytest.skip(reason)
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new, empty ledger: the test runs once on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/a.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    address = server.ledger()
    yield address
    server.drop(address)


@pytest.fixture(params=["sqlite", "postgres"])
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it, not even tables: of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/a.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    address = server.database()
    yield address
    server.drop(address)
