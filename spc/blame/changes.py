"""Changes that no single row shows, in words: a shift that lasts, a drift, and spread instead of level."""

from __future__ import annotations

from collections.abc import Sequence

from spc.blame.matter import Matter, Named, Pair
from spc.blame.sizes import size, up, values
from spc.language import Language, message, messages

_SMALL = 3.0  # standard deviations up to which a lasting shift is small
_EACH = 2  # variables whose spread is told one by one
_CLOSE = 0.15  # a correlation that turned its sign but is this small is looser, not reversed

_MORE = messages("{names} varies more than in the reference", "{names} vary more than in the reference")
_WAYS = {
    (True, False): message("{name} {sd} sd high on average"),
    (False, False): message("{name} {sd} sd low on average"),
    (True, True): message("{name} rising ({sd} sd high on average)"),
    (False, True): message("{name} falling ({sd} sd low on average)"),
}
_ABOVE = messages("{name} {sd} sd above what {others} implies, on average", "{name} {sd} sd above what {others} imply, on average")
_BELOW = messages("{name} {sd} sd below what {others} implies, on average", "{name} {sd} sd below what {others} imply, on average")


def lasting(t: Language, told: Matter, since: str, moving: bool) -> str:
    """What a chart with memory found: too small for one row to show, and there in each."""
    if moving:
        lead = t.say("a slow drift")
    elif all(abs(_distance(told, one) or 0.0) <= _SMALL for one in told.named):
        lead = t.say("a small shift that lasts")
    else:
        lead = t.say("a shift that lasts")
    if not told.named:
        return t.say("{lead}: look at the trends of the last rows", lead=lead)
    what = ", ".join(_average(t, told, one, moving) for one in told.named)
    if not since:
        return t.say("{lead}: {what}", lead=lead, what=what)
    return t.say(
        message("{lead}: {what}, since about {since}") if moving else message("{lead}: {what} since {since}"),
        lead=lead,
        what=what,
        since=since,
    )


def _distance(told: Matter, one: Named) -> float | None:
    return one.given if told.kind == "relation" and told.partners else one.sigma


def _average(t: Language, told: Matter, one: Named, moving: bool) -> str:
    """One variable's part of a shift that lasts."""
    distance = _distance(told, one)
    sd, name = size(t, distance), t.named(one.name)
    if not sd:
        return name
    if told.kind == "relation" and told.partners and len(told.named) == 1:
        others = [t.named(other) for other in told.partners]
        return t.count(*(_ABOVE if up(distance) else _BELOW), len(others), name=name, sd=sd, others=t.listed(others))
    said = t.say(_WAYS[up(distance), moving], name=name, sd=sd)
    shown = values(t, told, one)
    return f"{said} ({shown})" if shown and len(told.named) == 1 and not moving else said


def spread(t: Language, told: Matter, since: str) -> str:
    """The level stayed; the spread, or how variables hang together, did not."""
    known = {name for pair in told.pairs for name in (pair.one, pair.other)}
    rest = [t.named(one.name) for one in told.named if one.name not in known]
    wider = [pair for pair in told.pairs if pair.one == pair.other and pair.now is not None]
    if len(wider) > _EACH:
        said = [_range(t, wider), *(_pair(t, pair) for pair in told.pairs if pair not in wider)]
    else:
        said = [_pair(t, pair) for pair in told.pairs]
    if rest:
        said.append(t.count(*_MORE, len(rest), names=t.listed(rest)))
    what = "; ".join(said) or t.say("the rows scatter otherwise than in the reference, and no single variable stands out")
    if since:
        return t.say("spread, not level, since {since}: {what}", since=since, what=what)
    return t.say("spread, not level: {what}", what=what)


def _range(t: Language, wider: Sequence[Pair]) -> str:
    """Many variables that all vary more: from how many times to how many."""
    times = sorted(pair.now for pair in wider if pair.now is not None)
    low, high = t.number(times[0], 1), t.number(times[-1], 1)
    names = t.listed([t.named(pair.one) for pair in wider])
    if low == high:
        return t.say("{names} vary {times} times as much as in the reference", names=names, times=low)
    return t.say("{names} vary {low} to {high} times as much as in the reference", names=names, low=low, high=high)


def _pair(t: Language, pair: Pair) -> str:
    one, other = t.named(pair.one), t.named(pair.other)
    if pair.one == pair.other:
        if pair.now is None:
            return t.count(*_MORE, 1, names=one)
        more, less = (
            message("{name} varies {times} times as much as in the reference"),
            message("{name} varies only {times} times as much as in the reference"),
        )
        return t.say(more if pair.now >= 1.0 else less, name=one, times=t.number(pair.now, 1 if pair.now >= 0.95 else 2))
    if pair.now is None or pair.before is None:
        return t.say("the relation of {one} and {other} has changed", one=one, other=other)
    if pair.now * pair.before < 0 and abs(pair.now) > _CLOSE:
        said = message("the relation of {one} and {other} is reversed (correlation {now}, reference {before})")
    elif abs(pair.now) < abs(pair.before):
        said = message("the relation of {one} and {other} is looser (correlation {now}, reference {before})")
    else:
        said = message("the relation of {one} and {other} is tighter (correlation {now}, reference {before})")
    return t.say(said, one=one, other=other, now=t.number(pair.now, 1), before=t.number(pair.before, 1))
