"""The result of a replay in plain sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spc.replay.intervals import Interval
from spc.replay.labels import Found

if TYPE_CHECKING:
    from spc.replay.outcome import Compared, Outcome


def percent(value: float | None) -> str:
    """A share with the digits that matter.

    >>> percent(0.0027), percent(0.5), percent(1e-6), percent(1.0), percent(0.99968), percent(None)
    ('0.27 %', '50 %', '0.0001 %', '100 %', '99.968 %', '–')
    """
    if value is None:
        return "–"
    hundredth = 100.0 * value
    small = min(hundredth, 100.0 - hundredth) if 50.0 < hundredth < 100.0 else hundredth
    places = max(0, 1 - math.floor(math.log10(small))) if small > 0 else 0
    text = f"{hundredth:.{min(places, 8)}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def rows(n: int, what: str = "row") -> str:
    """A number of things.

    >>> rows(1), rows(0, "alarm")
    ('1 row', '0 alarms')
    """
    return f"{n} {what}{'' if n == 1 else 's'}"


def between(found: Interval) -> str:
    """An interval as a person reads it."""
    return f"{percent(found.low)} to {percent(found.high)}"


def outcome_sentence(one: Outcome) -> str:
    """What one candidate made of the rows: out, alarms, the rate against the promise."""
    if not one.judged:
        return f"{one.name}: no row could be judged."
    lead = f"{one.name}: {rows(one.rows_out)} of {one.judged} beyond the limit, {rows(one.alarms, 'alarm')}."
    if one.found is not None:
        lead = f"{lead} {_found(one.found)}"
        if one.rate.value is None:
            return lead
    which = "good rows" if one.found is not None else "rows"
    if one.clustered.value == 0.0:
        verdict = f"None of the {which} is out, {percent(one.asked)} were asked"
    else:
        verdict = f"{percent(one.rate.value)} of the {which} are out, {percent(one.asked)} were asked"
    where = "within" if one.asked in one.clustered else "below" if one.asked < one.clustered.low else "above"
    follows = {
        "within": "which is no contradiction",
        "below": "which is more than was asked" if one.found is not None else "which is more than was asked, if all these rows were good",
        "above": "which is less than was asked",
    }[where]
    return f"{lead} {verdict}: the 95 % interval is {between(one.clustered)}, {follows}."


def _found(found: Found) -> str:
    if not found.bad:
        return "None of the rows is known to be bad."
    said = f"Of {rows(found.bad, 'bad row')} it found {found.bad_out} ({percent(found.detection.value)})"
    said += f", and called {found.good_out} of {rows(found.good, 'good row')} out; F1 {found.f1:.3f}."
    if found.delay is not None:
        when = "on the first bad row" if found.delay == 0 else f"{rows(found.delay)} after the first bad row"
        said += f" An alarm stood in {found.caught} of {rows(found.faults, 'fault')}; the first {when}."
    else:
        said += f" No alarm stood in any of {rows(found.faults, 'fault')}."
    return said


def compared_sentence(c: Compared, champion: Outcome, challenger: Outcome) -> str:
    """Champion against challenger in words."""
    if not c.n:
        return f"No row was judged by both {c.champion} and {c.challenger}."
    if not c.only_champion and not c.only_challenger:
        return f"{c.champion} and {c.challenger} say the same on all {rows(c.n)}{'' if c.both else ': none is out'}."
    lead = f"They agree on {percent(c.agreement)} of {rows(c.n)}: both out on {c.both}, only {c.champion} on {c.only_champion}, "
    lead += f"only {c.challenger} on {c.only_challenger}. {_alarms(champion, challenger)}"
    if c.p_value < 0.05:
        more = c.champion if c.runs[0] > c.runs[1] else c.challenger
        lead += f" {more} is out more often than chance explains (p = {c.p_value:.2g})."
    else:
        lead += f" Neither is out more often than chance explains (p = {c.p_value:.2g})."
    return lead + _truth(champion, challenger)


def _alarms(champion: Outcome, challenger: Outcome) -> str:
    more = challenger.alarms - champion.alarms
    if not more:
        return f"Both raise {rows(champion.alarms, 'alarm')}."
    way = "more" if more > 0 else "fewer"
    count = rows(abs(more), "alarm").replace(" ", f" {way} ")
    return f"{challenger.name} raises {count} than {champion.name} ({challenger.alarms}, not {champion.alarms})."


def _truth(champion: Outcome, challenger: Outcome) -> str:
    one, other = champion.found, challenger.found
    if one is None or other is None or not one.bad:
        return ""
    hits, costs = other.bad_out - one.bad_out, other.good_out - one.good_out
    found = f"finds {abs(hits)} {'more' if hits > 0 else 'fewer'} of the bad rows" if hits else "finds as many of the bad rows"
    price = f"calls {abs(costs)} {'more' if costs > 0 else 'fewer'} of the good ones out" if costs else "calls as many of the good ones out"
    return f" {challenger.name} {found} and {price}."
