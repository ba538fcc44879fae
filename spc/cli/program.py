"""The words of the command and what every one of them promises about exit codes and messages.

Exit codes: 0 done; 1 something was found that the user asked to be told about; 2 the input or the words were wrong, in one message;
70 a mistake of this program, in one message; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from spc import __version__
from spc.cli import archive, arl, backup, explain, fit, inspecting, judge, recommending, replay, restore, run, serve, verify
from spc.errors import Complaint, LedgerError

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
for room in (fit, judge, explain, inspecting, recommending, arl, serve, replay, run, backup, restore, archive, verify):
    example = "".join(f"\n  {line}" for line in room.EXAMPLE)
    app.command(room.NAME, short_help=room.SHORT, epilog=f"\b\nExample:{example}")(room.command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(
    epilog="\b\nExample:\n  spc fit data/demo_circuit_boards/phase1_reference.csv -o model.json\n"
    "  spc judge model.json data/demo_circuit_boards/phase2_stream.csv -o points.csv"
)
def top(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False) -> None:
    """Multivariate statistical process control: fit a model to a reference, judge each row, say why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every complaint is one message on stderr, never a traceback."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a fit is many small products, which BLAS threads only slow down
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Python would complain again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    program = get_command(app)
    try:
        # Not program.main(): it has exit codes of its own for an interrupt and for a reader that went away.
        with program.make_context("spc", given) as context:
            program.invoke(context)
        return 0
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as wrong:
        asked = getattr(wrong, "ctx", None)
        where = asked.command_path if asked is not None else "spc"
        text = wrong.format_message().rstrip()
        return _complain(f"{where}: {text}{'' if text.endswith(('.', '?')) else '.'} Try '{where} --help'.")
    except (KeyboardInterrupt, typer.Abort):
        return _complain("interrupted", 130)
    except BrokenPipeError:
        raise
    except Complaint as complaint:
        return _complain(str(complaint))
    except LedgerError as failed:
        return _complain(f"The ledger failed: {failed}")
    except OSError as failed:
        return _complain(_words(failed))
    except MemoryError:
        return _complain("There is not enough memory for this. Use a smaller file, or fewer columns.")
    except Exception as mistake:
        if sys.flags.dev_mode:
            raise
        text = f"this is a mistake of the program ({type(mistake).__name__}: {mistake}). `python -X dev -m spc.cli` shows where."
        return _complain(text, 70)


def _words(failed: OSError) -> str:
    """An error of the operating system as a sentence with the file's name.

    >>> _words(FileNotFoundError(2, "No such file or directory", "rows.csv"))
    'rows.csv: No such file or directory.'
    """
    return f"{failed.filename}: {failed.strerror}." if failed.filename is not None and failed.strerror else f"{failed}."


def _complain(text: str, code: int = 2) -> int:
    typer.echo(text if text.startswith("spc") else f"spc: {text}", err=True)
    return code
