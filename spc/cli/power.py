"""`spc arl` where it simulates: several charts under one budget, estimated parameters, the smallest shift found in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from spc.cli import files
from spc.errors import BadRecipe

if TYPE_CHECKING:
    from spc.charts import Chart

_CALM = 50  # rows in control before a shift, for the steady state
_LONGEST = 1e4  # mean run in control that limits which were given are taken to have at the most: thirty times as many rows are waited


def limits_of(text: str | None, names: str) -> tuple[float, ...] | None:
    """The limits of charts, as many as there are, in their order; None when none was given.

    >>> limits_of("17.6, 13.6", "t2,mewma")
    (17.6, 13.6)
    """
    if text is None:
        return None
    charts, parts = [one.strip() for one in names.split(",") if one.strip()], [one.strip() for one in text.split(",") if one.strip()]
    try:
        found = tuple(float(one) for one in parts)
    except ValueError:
        raise BadRecipe(f"--limit {text[:40]} is not a number.", cure="Give the chart's limit, such as 12.7.") from None
    if len(found) != len(charts):
        text = f"--limit has {len(found)} number{'' if len(found) == 1 else 's'} for {len(charts)} chart{'' if len(charts) == 1 else 's'}."
        raise BadRecipe(text, cure=f"Give one for each, in the order {','.join(charts)}; or --arl0, which they share.")
    return found


def told(
    names: str,
    p: int,
    *,
    lam: float | None,
    exact: bool,
    k: float | None,
    limits: tuple[float, ...] | None,
    arl0: float | None,
    shift: float,
    n: int | None,
    within: int | None,
    json: bool,
    why: str = "",
) -> None:
    """Work out and tell: limits for the budget, the run length in control and after the shift, the smallest shift found in time.

    `why` says where given limits are from, or why a simulation is needed; limits may then stand beside the arl0 that they are for.
    """
    from spc.phase1.chains import Fits
    from spc.phase1.laws import ChiSquared, Exact
    from spc.phase1.power import smallest_shift, wait
    from spc.phase1.shared import shares
    from spc.runlength.asked import checked
    from spc.scatter import Classical

    for one in limits or (None,):
        checked(p, one, shift)
    if n is not None and n < p + 2:
        raise BadRecipe(f"{n} rows are too few for {p} variables.", cure=f"Give at least {p + 2}, better {5 * p}.")
    charts = _charts(names, lam, exact, k)
    law = ChiSquared(p) if n is None else Exact(n, p)
    if limits is not None and (arl0 is None or why):
        at, words, longest = dict(zip(charts, limits, strict=True)), why, arl0 or _LONGEST
    elif arl0 is not None and limits is None:
        if not arl0 > 1.0:
            raise BadRecipe(f"An ARL₀ of {arl0:g} has no limit.", cure="Give the mean number of good rows between false alarms: 370.")
        with files.progress("simulating") as progress:
            found = shares(Classical(), charts, law, n or 10**9, p, 1.0 / arl0, progress=progress)
        at = {name: found.limits[name].value if name in found.limits else law.new_row(found.alpha[name], p).value for name in charts}
        words, longest = next((one.law for one in found.limits.values()), ""), arl0
    else:
        raise BadRecipe("A run length needs limits, or the ARL₀ from which they follow.", cure="Give one of --arl0 and --limit.")
    fits = Fits.known(p) if n is None else Fits.drawn(n, p)
    now = wait(charts, at, fits, shift, longest)
    late = wait(charts, at, fits, shift, longest, calm=_CALM) if shift else now
    said: dict[str, Any] = {
        "charts": {name: {"limit": at[name]} for name in charts},
        "p": p,
        "n": n,
        "arl0": arl0,
        "shift": shift,
        "arl": now.arl,
        "sd": now.sd,
        "quantiles": {f"{q:g}": rows for q, rows in now.quantiles.items()},
        "steady_arl": late.arl,
        "error": now.error * now.arl,
        "law": words,
        "within": within,
        "smallest_shift": None if within is None else smallest_shift(charts, at, fits, within),
    }
    if json:
        files.print_json(said)
    else:
        _tell(said, limits is not None)


def _charts(names: str, lam: float | None, exact: bool, k: float | None) -> dict[str, Chart]:
    from spc.charts import CHARTS, Dispersion, charts_of
    from spc.charts.spe import Spe

    listed = [name.strip() for name in names.split(",") if name.strip()]
    for name in listed:
        if name not in CHARTS:
            raise BadRecipe(f"'{name}' is not a chart with a run length.", cure=f"Known: {', '.join(CHARTS)}.")
        if CHARTS[name] is Spe:
            text = f"The run length of {name} depends on the relations of the variables, not on their number alone."
            raise BadRecipe(text, cure="Ask for the other charts; the model of a fit has the limit of this one.")
        if CHARTS[name] is Dispersion:
            text = f"The chart {name} judges subgroups, which do not add up: in control it rings once in 1/alpha of them."
            raise BadRecipe(text, cure="Ask for charts of rows; how soon it sees a change depends on the size of the subgroups.")
    words: dict[str, dict[str, Any]] = {"mewma": {"exact": exact}}
    for name, word, value in (("mewma", "lam", lam), ("ewma_log_t2", "lam", lam), ("mewmc", "lam", lam), ("mcusum", "k", k)):
        if value is not None:
            words.setdefault(name, {})[word] = value
    return charts_of(words, listed)


def _tell(said: dict[str, Any], given: bool) -> None:
    known = "known parameters" if said["n"] is None else f"mean and covariance of {said['n']} rows"
    listed = ", ".join(f"{name} limit {one['limit']:.6g}" for name, one in said["charts"].items())
    typer.echo(f"p = {said['p']}, {known}: {listed}")
    state = f"after a shift of {said['shift']:g} sd" if said["shift"] else "in control"
    typer.echo(f"ARL {state}: {said['arl']:.4g} ± {said['error']:.1g} rows, standard deviation {said['sd']:.4g}")
    if said["shift"]:
        typer.echo(f"ARL when the shift comes after {_CALM} rows: {said['steady_arl']:.4g} rows")
    typer.echo("An alarm has come by row: " + ", ".join(f"{rows} ({float(q):.0%})" for q, rows in said["quantiles"].items()))
    if said["within"] is not None:
        typer.echo(f"Smallest shift found within {said['within']} rows with 90 %: {said['smallest_shift']:.2f} sd")
    if said["law"]:
        typer.echo(said["law"] if given else f"Limits {said['law']}")
