"""Imports the program once, then starts it again and again: each line read from stdin forks a process that runs `app.main()`.

Says the process's number, and after its end the code with which it ended (-9 for a kill). A start costs milliseconds this way, and the
process that is killed is the real server, whole.
"""

from __future__ import annotations

import os
import sys
import traceback

import uvicorn  # noqa: F401 - imported here so that no child has to

import app
from spc import api, notify, phase1, reference, ui  # noqa: F401
from spc.line import Plant  # noqa: F401


def child() -> None:
    os.dup2(2, 1)  # what the program says goes to the log, not into our answers
    try:
        code = app.main()
    except SystemExit as ended:  # as `raise SystemExit(main())` and a stop in good order end the program
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - the child must not return into the loop of its parent
        traceback.print_exc()
        code = 1
    os._exit(code)


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child()
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()
