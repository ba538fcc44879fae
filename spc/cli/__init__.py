"""The same verbs in a terminal: `spc fit`, `judge`, `explain`, `inspect`, `arl`, `serve`, `replay`, `run`."""

from spc.cli.program import main

__all__ = ["main"]
