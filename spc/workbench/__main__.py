"""`python -m spc.workbench NUMBER`: loads everything once, then forks a child for each socket that comes over socket NUMBER.

It ends, and its children with it, when the other end of that socket is closed: by the server, or by the system when the server died.
Without a number it does the one task that comes on stdin.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import traceback

from spc.workbench.starter import NUMBER
from spc.workbench.work import work


def serve(wire: socket.socket) -> None:
    """Until the wire is closed."""
    running: set[int] = set()
    while True:
        text, sockets, _, _ = socket.recv_fds(wire, NUMBER.size, 1)
        if len(text) < NUMBER.size:
            break
        (pid,) = NUMBER.unpack(text)
        if pid in running:  # its number was kept for it until now
            os.waitpid(pid, 0)
            running.discard(pid)
        for one in sockets:
            with socket.socket(fileno=one) as task:
                if born := _fork(wire, task):
                    running.add(born)
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _fork(wire: socket.socket, task: socket.socket) -> int:
    """The number of the child, which has been told to who asked for it; 0 when they are gone."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            wire.close()
            with task.makefile("r", encoding="utf-8") as tasks, task.makefile("w", encoding="utf-8") as answers:
                work(tasks, answers)
            code = 0
        except (BrokenPipeError, ConnectionResetError):
            pass  # nobody listens any more
        except BaseException:  # noqa: BLE001 - whatever it is, a child must not come back into its parent's loop
            traceback.print_exc()
        finally:
            os._exit(code)
    try:
        task.sendall(NUMBER.pack(pid))
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return 0
    return pid


if __name__ == "__main__":
    if len(sys.argv) > 1:
        gc.collect()
        gc.freeze()  # what is loaded stays shared with the children
        with socket.socket(fileno=int(sys.argv[1])) as opened:
            serve(opened)
    else:
        work(sys.stdin, sys.stdout)
