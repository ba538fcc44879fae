"""Log lines as values: one JSON object a line for machines, readable text at a terminal."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import structlog

Form = Literal["auto", "json", "text"]
SETTLED = True  # a logger that has spoken keeps its form, which is quicker; false where the form changes, as between tests
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def set_up(form: Form = "auto", level: str = "info") -> None:
    """Says how every log line of this process is written: to stderr, with time (UTC), level, logger and its values.

    "auto" is text at a terminal and JSON elsewhere: journald, Docker and log collectors read that as it is.
    """
    import structlog  # noqa: PLC0415 - takes a tenth of a second to load: whoever only asks for a level must not wait

    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    last = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(sort_keys=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _named,
            structlog.processors.format_exc_info if not text else _as_it_is,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_Stderr,
        cache_logger_on_first_use=SETTLED,
    )
    _as_ours(last, text=text)


def _as_ours(last: structlog.typing.Processor, *, text: bool) -> None:
    """What the libraries say by the standard's logging, the web server's lines above all, looks like what we say."""
    import structlog  # noqa: PLC0415 - as above

    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_logger_name,
        structlog.processors.format_exc_info if not text else _as_it_is,
    ]
    ours = _Standard()
    ours.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [*(one for one in root.handlers if not isinstance(one, _Standard)), ours]


class _Standard(logging.Handler):
    """The standard's log records, to stderr as it is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - a log line that cannot be written must not stop who writes it
            self.handleError(record)


class _Stderr:
    """A logger per name that prints to stderr as it is at that moment."""

    def __init__(self, *names: str) -> None:
        self.name = names[0] if names else ""

    def msg(self, message: str) -> None:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()

    log = debug = info = warning = warn = error = critical = exception = fatal = failure = msg


def _named(logger: object, _method: str, values: structlog.typing.EventDict) -> structlog.typing.EventDict:
    name = getattr(logger, "name", "")
    return {**values, "logger": name} if name else values


def _as_it_is(_logger: object, _method: str, values: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return values
