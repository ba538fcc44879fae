"""Composes the house from config/ and serves it: `python app.py`, or any ASGI server with `app:server`."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from typing import Any

from spc import logs
from spc.errors import Complaint, LedgerError
from spc.settings import Settings, load

# A fit is many small products: BLAS threads would spin beside it and take the other core from the line. Before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

LOOPBACK = ("127.0.0.1", "localhost", "::1")
GRACE_S = 3  # open streams get this long to end when the server stops; then the plant gets its time, and all of it is under ten seconds


def compose(settings: Settings) -> tuple[Any, Any]:
    """The server (ASGI) and its ledger, which the caller closes when the server has stopped. The plant starts with the server."""
    from pathlib import Path  # noqa: PLC0415 - what `--help` or a wrong word in the settings must not wait for
    from urllib.parse import urlsplit  # noqa: PLC0415

    from spc import api, notify, ui  # noqa: PLC0415
    from spc.ledger import Ledger  # noqa: PLC0415
    from spc.line import Plant  # noqa: PLC0415

    notifiers = notify.build(settings.notify)
    file = settings.ledger.removeprefix("sqlite:///")
    if file != settings.ledger:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(settings.ledger, settings.archive_folder)
    plant = Plant(ledger, settings, notifiers)
    application = api.build(plant, settings)
    ui.mount(application, plant)
    own = {*LOOPBACK, settings.host, urlsplit(settings.url).hostname or ""} if settings.host in LOOPBACK else set()
    return ui.guarded(application, hosts=own), ledger


def settled() -> Settings:
    """The settings of the folder SPC_CONFIG, else config/."""
    return load(os.environ.get("SPC_CONFIG", "config"))


def main() -> int:
    """Serve until stopped; 2 when the settings or the ledger are wrong, with one message that says how to cure it."""
    import uvicorn  # noqa: PLC0415

    try:
        settings = settled()
        logs.set_up(settings.log, settings.log_level)
        server, ledger = compose(settings)
    except (Complaint, LedgerError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    gc.freeze()  # what is loaded stays: to look through it for garbage would hold up every row for a tenth of a second, now and then
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # the server ends in good order, then sends itself the signal once more
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        words: Any = {"log_config": None, "log_level": settings.log_level, "access_log": False}  # none: its lines look like ours
        uvicorn.run(server, host=settings.host, port=settings.port, timeout_graceful_shutdown=GRACE_S, **words)
    finally:
        ledger.close()
    return 0


def __getattr__(name: str) -> Any:
    """`app:server`, made when an ASGI server asks for it, so that importing this file opens nothing."""
    if name != "server":
        raise AttributeError(name)
    settings = settled()
    logs.set_up(settings.log, settings.log_level)
    server, ledger = compose(settings)
    atexit.register(ledger.close)
    globals()["server"] = server
    return server


if __name__ == "__main__":
    raise SystemExit(main())
