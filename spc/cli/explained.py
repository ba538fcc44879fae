"""What `spc explain` found, for a person: in the language of a line, with the names that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from spc.language import LANGUAGES, Language, message, messages, spoken

if TYPE_CHECKING:
    from spc.blame.matter import Called
    from spc.blame.since import Began
    from spc.nouns import Model, ProductModels

_OUT, _IN = message("out"), message("in control")
_FITS = {
    "step": message("a step fits better than anything else tried, odds {odds} : 1"),
    "drift": message("a drift fits better than anything else tried, odds {odds} : 1"),
    "spread": message("a change of the spread fits better than anything else tried, odds {odds} : 1"),
}
_HARDLY = {
    "step": message("a step fits best, though not by much, odds {odds} : 1"),
    "drift": message("a drift fits best, though not by much, odds {odds} : 1"),
    "spread": message("a change of the spread fits best, though not by much, odds {odds} : 1"),
}
_BEGAN = messages("It began at row {row}", "It began at row {row} (rows {low} to {high})")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language, and what people call each column with its unit."""

    language: Language = field(default_factory=spoken)
    called: Called = field(default_factory=dict)

    def name(self, column: str) -> str:
        """A charted variable as people read it."""
        from spc.blame.matter import site_name

        return self.language.named(site_name(column, self.called))


def spoken_of(line: str | None, config: str, language: str | None, model: Model | ProductModels) -> Spoken:
    """The language and the names of a line's settings; a language that is asked for wins. Raises Complaint for an unknown one.

    What the settings name and the model does not have is told on stderr.
    """
    from spc.errors import Complaint

    if language is not None and language not in LANGUAGES:
        raise Complaint(f"There are no sentences in {language!r}.", cure=f"Languages: {', '.join(LANGUAGES)}.")
    if line is None:
        return Spoken(spoken(language or "en"))
    from spc.line.unknown import unknown_columns
    from spc.settings import load

    settings = load(config).line(line)
    for one in unknown_columns(settings, model):
        typer.echo(f"{one.text} {one.cure}", err=True)
    return Spoken(spoken(language or settings.language), settings.called)


def tell(said: Mapping[str, Any], began: Began | None, how: Spoken) -> None:
    """The facts of a row's T², line by line."""
    t = how.language
    if said["t2"] is None:
        typer.echo(t.say("Row {row}: {note}.", row=str(said["row"]), note=said["note"] or t.say("not judged")))
        return
    out = _verdict(t, said["t2"], said["ucl"])
    numbers = {"t2": _four(t, said["t2"]), "ucl": _four(t, said["ucl"]), "p": _number(t, said["p_value"], ".2g")}
    typer.echo(t.say("Row {row}: T² {t2}, UCL {ucl}, p-value {p}: {out}.", row=str(said["row"]), out=out, **numbers))
    _shares(said, how)
    if said["smallest_set"]:
        names = ", ".join(how.name(name) for name in said["smallest_set"])
        typer.echo(t.say("Without {names} the row lies within its limit.", names=names))
    _since(began, t, why=True)
    if said["first_out"] is not None:
        typer.echo(t.say("T² out since row {row}.", row=str(said["first_out"])))
    _note(said, t)


def tell_chart(said: Mapping[str, Any], began: Began | None, how: Spoken) -> None:
    """The facts of a row's point on any chart."""
    t = how.language
    numbers = {"value": _four(t, said["value"]), "ucl": _four(t, said["ucl"])}
    out = _verdict(t, said["value"], said["ucl"])
    typer.echo(t.say("Row {row}: {chart} {value}, UCL {ucl}: {out}.", row=str(said["row"]), chart=said["chart"], out=out, **numbers))
    _shares(said, how)
    _since(began, t, why=False)
    _note(said, t)


def _shares(said: Mapping[str, Any], how: Spoken) -> None:
    """The sentence, and each variable's share, the largest first."""
    t = how.language
    typer.echo(said["sentence"])
    names = {name: how.name(name) for name in said["blame"]}
    width = max((len(name) for name in names.values()), default=0)
    for name, share in sorted(said["blame"].items(), key=lambda one: -one[1]):
        sigma, given = (_number(t, said[word].get(name, float("nan")), "+.2f") for word in ("sigma", "given"))
        distance = t.say("{sd} sd; given the others {given} sd", sd=sigma, given=given)
        if said["kind"] == "guard":
            distance = t.say("{off} tolerances", off=sigma)
        typer.echo(f"  {names[name]:<{width}}  {_number(t, share, '10.4g')}  ({distance})")


def _since(began: Began | None, t: Language, *, why: bool) -> None:
    if began is None:
        return
    one = began.since
    said = t.count(*_BEGAN, 2 if why and one.low < one.high else 1, row=str(one.row), low=str(one.low), high=str(one.high))
    typer.echo(f"{said}: {because(began, t)}." if why else f"{said}.")


def because(began: Began, t: Language) -> str:
    """The reason for the kind of a change, as `Began.why` has it in English.

    >>> import numpy as np
    >>> from spc.blame.since import Began
    >>> from spc.nouns import Since
    >>> found = Began(Since(8, 7, 9, "step"), "step", 31.4, np.zeros(2), 0.0)
    >>> because(found, spoken("en")) == found.why, because(found, spoken("de"))
    (True, 'ein Sprung passt besser als alles andere, was versucht wurde, Chancen 31 : 1')
    """
    from spc.blame.since import CLEAR

    if began.odds < CLEAR:
        return t.say(_HARDLY[began.change], odds=_number(t, began.odds, ".1f"))
    return t.say(_FITS[began.change], odds=t.say("over 1000") if began.odds > 1000 else f"{began.odds:.0f}")


def _verdict(t: Language, value: float, ucl: float) -> str:
    which = _OUT if value > ucl else _IN
    return t.say(which)


def _note(said: Mapping[str, Any], t: Language) -> None:
    if said["note"]:
        typer.echo(t.say("Note: {note}.", note=said["note"]))


def _four(t: Language, value: float) -> str:
    return _number(t, value, ".4g")


def _number(t: Language, value: float, form: str) -> str:
    """A number in a format of Python's, with the decimal sign of the language."""
    return f"{value:{form}}".replace(".", t.number(0.5, 1)[1])
