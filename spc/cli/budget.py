"""The false alarms that a person accepts, from the options of a command."""

from __future__ import annotations

from spc.runlength.budget import Budget


def budget_of(
    alpha: float | None,
    arl0: float | None,
    false_alarms: str | None,
    every: str | None,
    interval: float | None,
    watch: str | None = None,
    point: str = "row",
) -> Budget:
    """The budget of --alpha, --arl0, --false-alarms, --every and --watch; raises BadRecipe in the words of the terminal.

    `interval` is the time between points seen in the reference, in seconds; it stands in for a missing `every`.

    >>> budget_of(None, 370.0, None, None, None).alpha == 1 / 370.0
    True
    >>> round(budget_of(None, None, "1 per week", "45s", None).alpha, 9)
    7.4405e-05
    """
    said = {"alpha": alpha, "arl0": arl0, "false_alarms": false_alarms, "every": every, "watch": watch}
    return Budget.of(said, interval, option, point)


def option(word: str) -> str:
    """A word as the option that it is in the terminal.

    >>> option("false_alarms")
    '--false-alarms'
    """
    return "--" + word.replace("_", "-")
