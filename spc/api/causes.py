"""Blame over time: shares of a window, Pareto of causes, and two periods side by side."""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query
from sqlalchemy import Connection

from spc.api.served import Here
from spc.api.times import iso
from spc.errors import Complaint
from spc.ledger.lines import last_seq
from spc.ledger.rows import span
from spc.line.causes import causes, compared
from spc.line.periods import moment, period
from spc.line.seen import Seen, seen
from spc.nouns import Floats, Scatter

router = APIRouter(prefix="/api/v1", tags=["causes"])

LONGEST = 10_000

_Kind = Literal["8h", "day", "week", "month", "between"]
_Since = Annotated[str, Query(alias="from", max_length=60, description="a time, of the plant's zone when it names none; or a day")]
_Until = Annotated[str, Query(alias="to", max_length=60, description="a time or a day; now when not given")]
_Of = Annotated[Literal["variable", "cause"], Query(description="the variable that the alarm named, or the cause that was recorded")]
_By = Annotated[Literal["alarms", "rows", "seconds"], Query(description="sorted by")]


_MOST = float(np.finfo(np.float32).max)


@router.get("/lines/{line}/blame", summary="Each variable's share of T², row by row")
async def blame(
    here: Here,
    line: str,
    since: _Since = "",
    until: _Until = "",
    after: Annotated[int, Query(ge=0, description="only rows after this one")] = 0,
    limit: Annotated[int, Query(ge=1, le=LONGEST, description="rows: the newest, or the next when `after` is given")] = 1000,
    packed: Annotated[bool, Query(description="arrays as base64 of little-endian float32, row by row, with sigma")] = False,
) -> dict[str, Any]:
    """Signed shares that sum to T²; null where a row or a value was not judged. Of a line that is judged by subgroups there is one row
    for each: the one that closed it."""
    here.plant.line(line)

    def ask(connection: Connection) -> tuple[Seen, int]:
        zone = here.settings.zone
        first, last = 1, last_seq(connection, line)
        if since or until:
            bounds = (moment(since, zone) if since else None, moment(until, zone, end=True) if until else None)
            first, last = span(connection, line, *bounds)
        first = max(first, after + 1)
        if after:
            last = min(last, first + limit - 1)
        return seen(connection, line, max(first, last - limit + 1), last, here.model), last

    found, read = await here.read(ask)
    return {**_packed(found), "read": read, **({} if after else _geometry(found.scatter))} if packed else _plain(found)


def _plain(found: Seen) -> dict[str, Any]:
    rows = zip(found.seq.tolist(), found.at.tolist(), *(_told(one) for one in (found.t2, found.ucl)), found.out.tolist(), strict=True)
    return {
        "names": list(found.names),
        "rows": [
            {"seq": seq, "time": iso(at), "t2": t2, "ucl": ucl, "out": out, "share": share}
            for (seq, at, t2, ucl, out), share in zip(rows, _told(found.share), strict=True)
        ],
    }


def _told(values: Floats) -> list[Any]:
    """Numbers for JSON, None for what is not one."""
    if values.ndim > 1:
        return [_told(one) for one in values]
    return [one if math.isfinite(one) else None for one in values.tolist()]


def _packed(found: Seen) -> dict[str, Any]:
    far = found.t2 > _MOST
    if far.any():  # what is more than a float32 holds keeps the proportions of its shares
        share = found.share.copy()
        share[far] *= (_MOST / np.nansum(share[far], axis=1))[:, None]
        found = replace(found, share=share)
    return {
        "names": list(found.names),
        "seq": found.seq.tolist(),
        "at": (found.at // 1000).tolist(),
        "timed": found.timed.astype(int).tolist(),
        "out": found.out.astype(int).tolist(),
        **{name: _base64(getattr(found, name)) for name in ("t2", "ucl", "share", "sigma")},
    }


def _geometry(scatter: Scatter | None) -> dict[str, Any]:
    """What a page needs to draw a pair's ellipse: the level, spread and correlations of what the newest model judges."""
    if scatter is None:
        return {}
    covariance = scatter.covariance
    sd = np.sqrt(np.diag(covariance))
    told = {"center": scatter.center, "sd": sd, "correlation": covariance / np.outer(sd, sd)}
    return {"geometry": {name: value.tolist() for name, value in told.items()}}


def _base64(values: Floats) -> str:
    return base64.b64encode(np.clip(values, -_MOST, _MOST).astype("<f4").tobytes()).decode("ascii")


@router.get("/lines/{line}/pareto", summary="Who was to blame in a period")
async def pareto_of_line(
    here: Here, line: str, kind: _Kind = "week", since: _Since = "", until: _Until = "", of: _Of = "variable", by: _By = "alarms"
) -> dict[str, Any]:
    """Alarms, rows beyond a limit and seconds out of each variable or recorded cause, the worst first, with the cumulative share."""
    here.plant.line(line)
    return await _pareto(here, line, kind, since, until, of, by)


@router.get("/pareto", summary="Who was to blame in a period, over all lines")
async def pareto_of_all(
    here: Here, kind: _Kind = "week", since: _Since = "", until: _Until = "", of: _Of = "variable", by: _By = "alarms"
) -> dict[str, Any]:
    """The same over all lines; a variable is told with its line."""
    return await _pareto(here, "", kind, since, until, of, by)


async def _pareto(here: Here, line: str, kind: str, since: str, until: str, of: Any, by: Any) -> dict[str, Any]:
    now = here.plant.clock()
    first, last = period("between" if since else kind, now, here.settings.zone, since, until)
    bars = await here.read(causes, first, last, now, line=line, of=of, by=by)
    return {"from": iso(first), "to": iso(last), "of": of, "by": by, "causes": [asdict(one) for one in bars]}


@router.get("/lines/{line}/comparison", summary="Two periods side by side")
async def comparison(
    here: Here,
    line: str,
    since: _Since,
    until: _Until = "",
    before_from: Annotated[str, Query(max_length=60, description="the period before; the model's reference when not given")] = "",
    before_to: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:
    """Each variable's difference of level in standard deviations of before, the ratio of its spreads, both with 95 % intervals; the pair
    whose correlation changed most; T² of the difference of all means with its p-value."""
    here.plant.line(line)
    now, zone = here.plant.clock(), here.settings.zone
    after = period("between", now, zone, since, until)
    if before_to and not before_from:
        raise Complaint("The period before has an end and no beginning.", cure="Send before_from, too.")
    before = period("between", now, zone, before_from, before_to) if before_from else None
    found = await here.read(compared, line, after, before, here.model)
    told = asdict(found)
    return {**told, **{name: told[name] if math.isfinite(told[name]) else None for name in ("t2", "p_value")}}
