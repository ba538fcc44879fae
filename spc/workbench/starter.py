"""Where children come from: a process that has loaded everything and is forked for each task; where there is no fork, a new one each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from typing import IO, Any, Protocol

from spc.errors import Refused

NUMBER = struct.Struct("!q")  # what goes to the warm process: 0 with a socket for "fork", the number of a child for "it is over"
TRIES = 3
COMMAND = (sys.executable, "-m", "spc.workbench")


class Child(Protocol):
    """A process with a task to do: `send` it, then read lines from `answers`; `end` it in any case."""

    answers: IO[str]

    def send(self, task: dict[str, Any]) -> None: ...
    def kill(self) -> None: ...
    def end(self) -> None: ...


class Starter(Protocol):
    """Gives children. `warm` prepares for the next one and may take seconds; after `close` there are no more."""

    def warm(self) -> None: ...
    def child(self) -> Child: ...
    def close(self) -> None: ...


class Forks:
    """The usual starter. The warm process is started when first needed, and again after somebody killed it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None
        self._closed = False

    def warm(self) -> None:
        """Starts the warm process if there is none; returns at once, it loads by itself."""
        with self._guard, contextlib.suppress(Refused):
            self._running()

    def child(self) -> Child:
        """Waits for the warm process when that is still loading. Raises Refused when the server is stopping."""
        for _ in range(TRIES):
            with self._guard:
                wire = self._running()
                mine, theirs = socket.socketpair()
                with theirs, contextlib.suppress(OSError):  # it died a moment ago: then nothing comes below
                    socket.send_fds(wire, [NUMBER.pack(0)], [theirs.fileno()])
            hello = b""
            with contextlib.suppress(ConnectionResetError):
                hello = mine.recv(NUMBER.size, socket.MSG_WAITALL)
            if len(hello) == NUMBER.size:
                return _Forked(self, mine, NUMBER.unpack(hello)[0])
            mine.close()
            self._lost(wire)
        raise RuntimeError("the process that reads tables and fits models ends as soon as it is started; what it said is in the log")

    def buried(self, pid: int) -> None:
        """The child is over: until this is said its number is not given to another process."""
        with self._guard, contextlib.suppress(OSError):
            if self._wire is not None:
                self._wire.send(NUMBER.pack(pid))

    def close(self) -> None:
        """Ends the warm process, even while it loads."""
        with self._guard:
            self._closed = True
            self._drop()

    def _running(self) -> socket.socket:
        if self._closed:
            raise Refused("The server is stopping.", cure="Try again when it is back.", status=503)
        if self._process is not None and self._process.poll() is not None:
            self._drop()
        if self._wire is None:
            self._wire, theirs = socket.socketpair()
            with theirs:
                command = [*COMMAND, str(theirs.fileno())]
                # its own session: Ctrl-C in the terminal is for the server, which ends it
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    command, env=_environment(), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
                )
        return self._wire

    def _lost(self, wire: socket.socket) -> None:
        with self._guard:
            if self._wire is wire:
                self._drop()

    def _drop(self) -> None:
        if self._wire is not None and self._process is not None:
            self._wire.close()
            self._process.kill()
            self._process.wait()
        self._wire = self._process = None


class _Forked:
    def __init__(self, starter: Forks, wire: socket.socket, pid: int) -> None:
        self._starter, self._wire, self._pid = starter, wire, pid
        self.answers: IO[str] = wire.makefile("r", encoding="utf-8")

    def send(self, task: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # if it died, the missing answer says so
            self._wire.sendall(json.dumps(task).encode() + b"\n")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        self._starter.buried(self._pid)
        self.answers.close()
        self._wire.close()


class Cold:
    """A new process for each task: for systems that cannot fork. It loads everything each time."""

    def __init__(self) -> None:
        self._closed = False

    def warm(self) -> None:
        """There is nothing to prepare."""

    def child(self) -> Child:
        if self._closed:
            raise Refused("The server is stopping.", cure="Try again when it is back.", status=503)
        return _Cold()

    def close(self) -> None:
        self._closed = True


class _Cold:
    def __init__(self) -> None:
        self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=_environment())  # noqa: S603 - our own program
        assert self._process.stdin is not None  # noqa: S101 - both were asked for in the line above
        assert self._process.stdout is not None  # noqa: S101
        self._tasks, self.answers = self._process.stdin, self._process.stdout

    def send(self, task: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._tasks.write(json.dumps(task) + "\n")
            self._tasks.flush()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self.kill()
        with contextlib.suppress(BrokenPipeError), self._process:  # closes the pipes and waits
            pass


def _environment() -> dict[str, str]:
    """With one thread for BLAS: others would be left behind by a fork, and take the core that the line needs."""
    return {"OPENBLAS_NUM_THREADS": "1", **os.environ}


def usual() -> Starter:
    """What this system can do."""
    return Forks() if hasattr(os, "fork") and hasattr(socket, "send_fds") else Cold()
