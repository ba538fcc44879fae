"""Everything that can be wrong, as one tree.

Every complaint says in one sentence what is wrong, where (row and column, when there is one), and how to cure it. The page, the HTTP
interface and the terminal show the same words; none of them shows a traceback for one of these.

    Complaint                 the user can cure it; terminal exit code 2, HTTP 4xx
    ├── BadTable              a file or a set of rows that cannot be read as a table of numbers
    ├── TooFewRows            not enough rows for the variables asked
    ├── Degenerate            the rows lie on a hyperplane, or a column does not vary: no scatter exists
    ├── ColumnMismatch        rows do not have the model's columns
    ├── BadRecipe             an unknown estimator, chart or limit, or a number out of its range
    ├── BadSettings           a word in the TOML that nobody knows
    ├── BadModel              a model file that is damaged or of a version that this program does not read
    ├── NotFound              no such line, model, reference, alarm
    ├── Conflict              the request makes no sense in the present state (acknowledging twice, …)
    └── Refused               too much at once: too large, too long, too many waiting (HTTP 413 and 429)
    NotifyError               a message could not be delivered; `permanent` says whether trying again is of use
    LedgerError               the disk or the database failed; nothing was acknowledged
"""

from __future__ import annotations

from typing import Any


class Complaint(Exception):
    """What is wrong, where, and the cure, in words that an engineer can act on."""

    status = 422

    def __init__(self, text: str, *, cure: str = "", row: int | None = None, column: str | None = None) -> None:
        super().__init__(text)
        self.text, self.cure, self.row, self.column = text, cure, row, column

    def __str__(self) -> str:
        """
        >>> str(BadTable("'abc' is not a number.", cure="Mark the column as text.", row=3, column="warp_mm"))
        "row 3, column warp_mm: 'abc' is not a number. Mark the column as text."
        """
        place = ", ".join(
            part
            for part in (
                f"row {self.row}" if self.row is not None else "",
                f"column {self.column}" if self.column is not None else "",
            )
            if part
        )
        return (f"{place}: " if place else "") + " ".join(part for part in (self.text, self.cure) if part)

    def problem(self) -> dict[str, Any]:
        """The complaint as an RFC 9457 problem detail."""
        return {
            "type": f"urn:spc:{type(self).__name__}",
            "title": type(self).__name__,
            "status": self.status,
            "detail": self.text,
            "cure": self.cure,
            "row": self.row,
            "column": self.column,
        }


class BadTable(Complaint):
    """A file or a set of rows that cannot be read as a table of numbers."""


class TooFewRows(Complaint):
    """Not enough rows for the number of variables."""


class Degenerate(Complaint):
    """The rows lie on a hyperplane, so no scatter matrix exists."""


class ColumnMismatch(Complaint):
    """The rows do not have the columns of the model."""


class BadRecipe(Complaint):
    """An unknown estimator, chart or limit, or a number out of its range."""


class BadSettings(Complaint):
    """A word or value in the settings that nobody knows."""


class BadModel(Complaint):
    """A model file that is damaged or of a version that this program does not read."""


class NotFound(Complaint):
    """There is no such line, model, reference or alarm."""

    status = 404


class Conflict(Complaint):
    """The request makes no sense in the present state."""

    status = 409


class Refused(Complaint):
    """Too much at once."""

    def __init__(self, text: str, *, cure: str = "", status: int = 413, retry_after: float | None = None) -> None:
        super().__init__(text, cure=cure)
        self.status = status
        self.retry_after = retry_after


class NotifyError(Exception):
    """A message could not be delivered; `permanent` says whether trying again is of no use."""

    def __init__(self, text: str, *, permanent: bool) -> None:
        super().__init__(text)
        self.permanent = permanent


class LedgerError(Exception):
    """The disk or the database failed; what was being written is not acknowledged."""
