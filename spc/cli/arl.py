"""`spc arl`: how many rows pass until a chart alarms, and the limit for a wanted number."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc.cli import files
from spc.errors import BadRecipe

if TYPE_CHECKING:
    from spc.runlength import Mcusum, Memoryless, Mewma

NAME = "arl"
SHORT = "How many rows pass until a chart alarms; the limit for a wanted number."
EXAMPLE = (
    "spc arl --chart mewma -p 4 --lam 0.1 --arl0 370 --shift 1",
    "spc arl --chart mcusum -p 2 --k 0.5 --limit 5.5",
    "spc arl --chart t2 -p 4 --arl0 370 --shift 1 --json",
    "spc arl --chart t2,mewma -p 4 -n 200 --arl0 370 --within 20",
    "spc arl --chart t2,mewma -p 4 --limit 17.6,13.6 --shift 1",
    "spc arl --chart mewmc -p 4 --arl0 370 --shift 1",
)
_CHARTS = ("t2", "mewma", "mcusum")
_SIMULATED = ("ewma_log_t2", "mewmc")  # no equation is solved for them
_REFUSED = ("spe", "dispersion")  # with the reason, by whoever simulates
_LAW = {
    "t2": "geometric, from the χ² law of a row",
    "mewma": "integral equation (Rigdon 1995; Runger & Prabhu 1996)",
    "mcusum": "integral equation (Crosier 1988)",
}


def command(
    chart: Annotated[
        str,
        typer.Option(
            "--chart", metavar="NAME,…", help="t2, mewma, mcusum (Crosier's), ewma_log_t2 or mewmc; several share the false alarms."
        ),
    ],
    p: Annotated[int, typer.Option("-p", metavar="P", help="The number of variables.")],
    lam: Annotated[
        float | None, typer.Option("--lam", metavar="λ", help="Weight of the newest row: mewma, ewma_log_t2, mewmc. [default: 0.1]")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="The exact variance of each row, not the asymptotic one: mewma.")] = False,
    k: Annotated[
        float | None, typer.Option("--k", metavar="K", help="Reference value, half the shift that matters: mcusum. [default: 0.5]")
    ] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="H,…", help="The chart's limit, or one for each of several; give this or --arl0.")
    ] = None,
    arl0: Annotated[
        float | None, typer.Option("--arl0", metavar="N", help="Mean number of good rows between false alarms; gives the limit.")
    ] = None,
    shift: Annotated[float, typer.Option("--shift", metavar="D", help="Mahalanobis length of a shift of the mean, in sd.")] = 0.0,
    n: Annotated[
        int | None, typer.Option("-n", metavar="N", help="Rows of a reference that centre and covariance are estimated from: simulated.")
    ] = None,
    within: Annotated[
        int | None, typer.Option("--within", metavar="ROWS", help="Tell the smallest shift that is found within so many rows at 90 %.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Mean, standard deviation and quantiles of the number of rows until an alarm, in control or after a shift, with known parameters.

    Several charts together, estimated parameters (-n) and --within are simulated, and what is out of reach of the equations; the rest is
    computed.
    """
    from spc.cli import power
    from spc.runlength.asked import NotComputed

    limits = power.limits_of(limit, chart)
    if "," in chart or chart in _SIMULATED + _REFUSED or n is not None or within is not None:
        power.told(chart, p, lam=lam, exact=exact, k=k, limits=limits, arl0=arl0, shift=shift, n=n, within=within, json=json)
        return
    made = _chart(chart, p, lam, exact, k)
    if arl0 is not None and limits is None:
        value = made.limit(arl0)
    elif limits is not None and arl0 is None:
        value = limits[0]
    else:
        raise BadRecipe("A run length needs a limit, or the ARL₀ from which it follows.", cure="Give one of --limit and --arl0.")
    try:
        found = made.run_length(value, shift)
    except NotComputed as far:
        why = f"Simulated, with the standard error beside the ARL. {far.text}"
        power.told(chart, p, lam=lam, exact=exact, k=k, limits=(value,), arl0=arl0, shift=shift, n=n, within=within, json=json, why=why)
        return
    said: dict[str, Any] = {
        "chart": chart,
        "p": p,
        "lam": getattr(made, "lam", None),
        "exact": getattr(made, "exact", None),
        "k": getattr(made, "k", None),
        "limit": value,
        "arl0": arl0,
        "shift": shift,
        "arl": found.arl,
        "sd": found.sd,
        "quantiles": {f"{probability:g}": rows for probability, rows in found.quantiles.items()},
        "steady_arl": found.steady,
        "error": found.error,
        "law": _LAW[chart],
    }
    if json:
        files.print_json(said)
    else:
        _tell(said)


def _chart(chart: str, p: int, lam: float | None, exact: bool, k: float | None) -> Memoryless | Mewma | Mcusum:
    """The chart that was asked for; a word that belongs to another chart is refused, since it would change nothing."""
    foreign = [("--lam", lam is not None, "mewma"), ("--exact", exact, "mewma"), ("--k", k is not None, "mcusum")]
    if chart not in _CHARTS:
        near = difflib.get_close_matches(chart, _CHARTS, 1)
        meant = f"Did you mean '{near[0]}'? " if near else ""
        raise BadRecipe(f"'{chart}' is not a chart with a run length.", cure=f"{meant}Known: {', '.join(_CHARTS)}.")
    for word, given, owner in foreign:
        if given and chart != owner:
            raise BadRecipe(f"{word} has no meaning for {chart}.", cure=f"Leave it out, or ask for --chart {owner}.")
    from spc.runlength import Mcusum, Memoryless, Mewma

    if chart == "t2":
        return Memoryless(p)
    return Mewma(p, 0.1 if lam is None else lam, exact) if chart == "mewma" else Mcusum(p, 0.5 if k is None else k)


def _tell(said: dict[str, Any]) -> None:
    words = [f"p = {said['p']}"]
    words += [f"{sign} = {said[name]:g}" for sign, name in (("λ", "lam"), ("k", "k")) if said[name] is not None]
    words += ["exact variance"] if said["exact"] else []
    typer.echo(f"{said['chart']} ({', '.join(words)}), limit {said['limit']:.6g}, known parameters")
    state = f"after a shift of {said['shift']:g} sd" if said["shift"] else "in control"
    typer.echo(f"ARL {state}: {said['arl']:.6g} rows, standard deviation {said['sd']:.4g}")
    if said["chart"] != "t2":
        long = "when the shift comes late" if said["shift"] else "from a row long after the start"
        typer.echo(f"ARL {long} (steady state): {said['steady_arl']:.6g} rows")
    typer.echo("An alarm has come by row: " + ", ".join(f"{rows} ({float(q):.0%})" for q, rows in said["quantiles"].items()))
    typer.echo(f"Numerical error of the ARL: at most about {said['error']:.1g} rows; {_LAW[said['chart']]}")
