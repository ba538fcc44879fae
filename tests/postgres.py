"""A real PostgreSQL of one's own: started for a run of tests, killed when a test wants it, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from spc.ledger import engine
from tests.ports import free_port

PASSWORD = "boards and copper"  # noqa: S105 - of a server that lives as long as the tests do
_SETTINGS = (
    ("fsync", "on"),  # what is tested is what is run: nothing is acknowledged before it is on disk
    ("synchronous_commit", "off"),  # a server that was set so must not make a ledger forget: the ledger asks for "on" itself
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "60"),
    ("shared_buffers", "32MB"),
    ("restart_after_crash", "off"),
    ("log_min_messages", "fatal"),
    ("timezone", "Asia/Kolkata"),  # a server's time zone must not matter
)
_TOGETHER = 12  # databases of 8 MB that are removed together


def programs() -> Path | None:
    """The folder of the newest server's programs; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[-3]))
    known = found[-1] if found else shutil.which("postgres")
    return Path(known).parent if known else None


def why_not() -> str:
    """Why no server can be had here; empty when one can."""
    if programs() is None:
        return "no PostgreSQL: apt-get install postgresql"
    if shutil.which("setpriv") is None:
        return "no setpriv (util-linux): a server could outlive these tests"
    return ""


class Postgres:
    """A server on a free port with its data in a folder of its own. `spc` is a role that owns its databases and is no superuser."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="spc-postgres-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._made, self._ledger = 0, ""
        self._dropped: list[str] = []
        self._root = os.geteuid() == 0
        if self._root:
            shutil.chown(self.folder, "postgres", "postgres")
        bin = programs()
        assert bin is not None
        self._bin = bin
        self._do("initdb", "-D", f"{self.folder}/data", "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth-local=trust", "--no-sync",
                 "--auth-host=scram-sha-256", "--no-instructions")  # fmt: skip
        with (self.folder / "data" / "postgresql.conf").open("a") as out:
            out.writelines(f"{name} = '{value}'\n" for name, value in (*_SETTINGS, ("unix_socket_directories", str(self.folder))))
        self.start()
        self.sql(f"create role spc login password '{PASSWORD}'")

    def _as(self) -> list[str]:
        """A server must not be root's, and ends when whoever started it does."""
        own = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if self._root else []
        return ["setpriv", *own, "--pdeathsig=QUIT"]

    def _do(self, program: str, *words: str) -> None:
        subprocess.run([*self._as(), str(self._bin / program), *words], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Starts the server, and returns when it answers: after a kill, when it has recovered.

        To be called in a thread that lasts: the server ends with it.
        """
        with (self.folder / "log").open("ab") as log:
            command = [*self._as(), str(self._bin / "postgres"), "-D", f"{self.folder}/data", "-p", str(self.port)]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        end = time.monotonic() + 60.0
        while True:
            with suppress(Exception):
                self.sql("select 1")
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "PostgreSQL did not come up"
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9 of the server with all its processes, as a power cut would end them."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # or it would start others meanwhile
        for pid in [*_children(self._process.pid), self._process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)

    def close(self) -> None:
        """Stops the server and removes its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[Any]:
        """A superuser's connection, by the socket; every statement by itself."""
        import psycopg

        with psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True) as connection:
            yield connection

    def sql(self, text: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs a statement as superuser and returns its rows."""
        with self.admin(database) as connection:
            done = connection.execute(text)
            return list(done.fetchall()) if done.description else []

    def url(self, database: str, password: str = PASSWORD) -> str:
        """The address of a database, as a user writes it."""
        return f"postgresql://spc:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def database(self, like: str = "template1") -> str:
        """A fresh, empty database, or a copy of one; returns its address."""
        self._made += 1
        self.sql(f"create database spc_{self._made} owner spc template {like}")
        return self.url(f"spc_{self._made}")

    def ledger(self) -> str:
        """A fresh database with the tables of a ledger in it, which are made once and copied."""
        if not self._ledger:
            address = self.database()
            made = engine.engine_for(engine.database(address), writes=True)
            engine.migrate(made)
            made.dispose()
            self._ledger = address.rpartition("/")[2]
        return self.database(self._ledger)

    def drop(self, url: str) -> None:
        """Removes a database, whoever is connected to it; a dozen at a time, for each time everything is written to disk first."""
        self._dropped.append(url.rpartition("/")[2])
        if len(self._dropped) >= _TOGETHER:
            for name in self._dropped:
                self.sql(f"drop database if exists {name} with (force)")
            self._dropped.clear()

    def cut(self, url: str) -> int:
        """Ends every connection to a database; returns how many there were."""
        name = url.rpartition("/")[2]
        query = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"  # noqa: S608 - a name made here
        return len(self.sql(query))


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in text.split()]
