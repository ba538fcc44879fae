"""`spc serve`: the pages, the interface and the lines, as `python app.py` does."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from spc.errors import BadSettings

NAME = "serve"
SHORT = "Pages, interface and lines."
EXAMPLE = ("spc serve --port 8050 --ledger spc.db",)
ROOT = Path(__file__).resolve().parents[2]


def command(
    host: Annotated[str | None, typer.Option(help="The address to listen on; 0.0.0.0 is every one of this machine.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")] = None,
    ledger: Annotated[str | None, typer.Option(metavar="URL|FILE", help="Where everything is kept: a file, or a database address.")] = None,
    config: Annotated[str | None, typer.Option(metavar="FOLDER", help="The folder of plant.toml and lines/*.toml.")] = None,
) -> None:
    """Serve the dashboard and the HTTP interface, and run the lines, until interrupted. Options win over the settings."""
    if config is None and "SPC_CONFIG" not in os.environ and not Path("config").is_dir():
        config = str(ROOT / "config")
    for name, value in (("SPC_HOST", host), ("SPC_PORT", port), ("SPC_LEDGER", ledger_url(ledger)), ("SPC_CONFIG", config)):
        if value is not None:
            os.environ[name] = str(value)
    interrupted = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.append(number)
        raise KeyboardInterrupt

    # The server ends in good order, then lets these handlers see the signal: the ledger is closed on the way out.
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    code = application().main()
    raise typer.Exit(130 if interrupted else code)


def ledger_url(said: str | None) -> str | None:
    """A database address as it is; the path of a file becomes one.

    >>> ledger_url("postgresql://plant/spc"), ledger_url("/srv/spc.db")
    ('postgresql://plant/spc', 'sqlite:////srv/spc.db')
    """
    if said is None or "://" in said:
        return said
    return f"sqlite:///{Path(said).resolve()}"


def application() -> Any:
    """The module app.py beside the package: it puts pages and interface together, which this room does not know."""
    if not (ROOT / "app.py").exists():
        raise BadSettings(f"There is no app.py in {ROOT}.", cure="Start the server in the checkout: python app.py.")
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("app")
