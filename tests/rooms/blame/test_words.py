"""The table of sentences: facts, and what is said of them in English and German. A new rule or edge begins here."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.blame import cause, sentence
from spc.blame.matter import Matter, Named, Pair, guard_matter, matter
from spc.blame.words import worded
from spc.language import LANGUAGES
from spc.nouns import Cause, Guard, Limit, Model, Scatter

WARP = Named("warp", 6.4, 6.2, 0.741, 0.35, 0.06, 0.36, "mm")
LOW = Named("Verzug", -6.1, -6.0, -0.005, 0.355, 0.059, 0.35, "mm")
LENGTH = Named("length", 1.7, 4.9, 160.085, 160.0, 0.05, 159.95, "mm")
WIDTH = Named("width", -1.6, -4.8, 99.944, 100.0, 0.035, 100.04, "mm")
PITCH = Named("pitch", 0.4, 3.9, 152.4, 152.4, 0.045, 152.2, "mm")
FIVE = tuple(Named(name, 1.0, 3.5) for name in "abcde")
DEEP = Named("temperature", 0.8, 0.9, 81.2, 80.0, 1.5, 80.1, "°C")


def t2(kind: str, *named: Named, **more: object) -> Matter:
    return Matter("t2", kind, named, **more)  # type: ignore[arg-type]


def one(name: str = "warp", **numbers: float | str | None) -> Named:
    return Named(name, **numbers)  # type: ignore[arg-type]


TABLE: list[tuple[Matter, str, str]] = [
    # a variable by itself
    (
        t2("level", WARP),
        "warp is 6.4 sd high (0.741 mm; usual 0.350 ± 0.060 mm).",
        "warp ist 6,4 s zu hoch (0,741 mm; üblich 0,350 ± 0,060 mm).",
    ),
    (
        t2("level", LOW),
        "Verzug is 6.1 sd low (−0.005 mm; usual 0.355 ± 0.059 mm).",
        "Verzug ist 6,1 s zu niedrig (−0,005 mm; üblich 0,355 ± 0,059 mm).",
    ),
    (t2("level", one(sigma=5.0)), "warp is 5.0 sd high.", "warp ist 5,0 s zu hoch."),
    (
        t2("level", one(sigma=5.0, value=0.7, usual=0.4, sd=0.06)),
        "warp is 5.0 sd high (0.700; usual 0.400 ± 0.060).",
        "warp ist 5,0 s zu hoch (0,700; üblich 0,400 ± 0,060).",
    ),
    (
        t2("level", one(sigma=5.0, value=7.0, usual=4.0, sd=0.0, unit="V")),
        "warp is 5.0 sd high (7 V; usual 4 V).",
        "warp ist 5,0 s zu hoch (7 V; üblich 4 V).",
    ),
    (
        t2("level", one(value=7.0, usual=4.0, sd=0.0)),
        "warp is out of its usual range (7; usual 4).",
        "warp liegt außerhalb des Üblichen (7; üblich 4).",
    ),
    (
        t2("level", one(sigma=3e9, value=1.5e18, usual=2.0e9, sd=5e8, unit="Pa")),
        "warp is more than 1000 sd high (1.50e18 Pa; usual 2000000000 ± 500000000 Pa).",
        "warp ist mehr als 1000 s zu hoch (1,50e18 Pa; üblich 2000000000 ± 500000000 Pa).",
    ),
    (t2("level", one(sigma=-123.4)), "warp is 123 sd low.", "warp ist 123 s zu niedrig."),
    (
        t2("level", one("50 %{x} {", sigma=4.0)),
        "50 %{x} { is 4.0 sd high.",
        "50 %{x} { ist 4,0 s zu hoch.",
    ),
    (
        t2("level", WARP, rows=5),
        "warp is 6.4 sd high (mean of 5: 0.741 mm; usual 0.350 ± 0.060 mm).",
        "warp ist 6,4 s zu hoch (Mittel aus 5: 0,741 mm; üblich 0,350 ± 0,060 mm).",
    ),
    (
        t2("level", WARP, missing=("copper",)),
        "warp is 6.4 sd high (0.741 mm; usual 0.350 ± 0.060 mm); judged without copper (no value).",
        "warp ist 6,4 s zu hoch (0,741 mm; üblich 0,350 ± 0,060 mm); beurteilt ohne copper (kein Wert).",
    ),
    (
        t2("level", one(sigma=4.0), missing=tuple("abcdef")),
        "warp is 4.0 sd high; judged without a, b, c and 3 more (no value).",
        "warp ist 4,0 s zu hoch; beurteilt ohne a, b, c und 3 weitere (kein Wert).",
    ),
    # one variable against others
    (
        t2("relation", one("warp", sigma=0.4, given=4.1), partners=("length", "width", "thickness")),
        "warp is 4.1 sd above what length, width and thickness imply (its own value is ordinary).",
        "warp liegt 4,1 s über dem, was length, width und thickness erwarten lassen (für sich genommen unauffällig).",
    ),
    (
        t2(
            "relation",
            one("Verzug", sigma=0.4, given=4.1, value=0.37, usual=0.35, sd=0.06, implied=0.21, unit="mm"),
            partners=("Länge", "Breite"),
        ),
        "Verzug is 4.1 sd above what Länge and Breite imply (0.370 mm instead of 0.210 mm; its own value is ordinary).",
        "Verzug liegt 4,1 s über dem, was Länge und Breite erwarten lassen (0,370 mm statt 0,210 mm; für sich genommen unauffällig).",
    ),
    (
        t2("relation", one("width", sigma=-2.6, given=-5.0), partners=("length",)),
        "width is 5.0 sd below what length implies (its own value is 2.6 sd low).",
        "width liegt 5,0 s unter dem, was length erwarten lässt (für sich genommen 2,6 s zu niedrig).",
    ),
    (t2("relation", one(sigma=3.2, given=3.2)), "warp is 3.2 sd high.", "warp ist 3,2 s zu hoch."),  # p = 1: there are no others
    (
        t2("relation", one("width", sigma=0.1, given=-5.0, value=99.9, usual=99.9, sd=0.035, implied=100.0), partners=("length",), rows=4),
        "width is 5.0 sd below what length implies (mean of 4: 99.900 instead of 100.000; its own value is ordinary).",
        "width liegt 5,0 s unter dem, was length erwarten lässt (Mittel aus 4: 99,900 statt 100,000; für sich genommen unauffällig).",
    ),
    # rows that depend on the ones before
    (
        t2("level", one("flow", sigma=4.2, value=10.7, usual=10.0, sd=0.2, unit="l/min"), before="residual"),
        "flow is 4.2 sd above what the row before implies (by 0.70 l/min).",
        "flow liegt 4,2 s über dem, was die vorige Messung erwarten lässt (um 0,70 l/min).",
    ),
    (
        t2("level", one("flow", sigma=-4.2), before="residual"),
        "flow is 4.2 sd below what the row before implies.",
        "flow liegt 4,2 s unter dem, was die vorige Messung erwarten lässt.",
    ),
    (
        t2("relation", one("flow", sigma=0.5, given=-4.2), partners=("pressure",), before="residual"),
        "flow is 4.2 sd below what the row before and pressure imply (its own value is ordinary).",
        "flow liegt 4,2 s unter dem, was die vorige Messung und pressure erwarten lassen (für sich genommen unauffällig).",
    ),
    (
        t2("relation", one("flow (1 row before)", sigma=0.5, given=4.2), partners=("flow", "flow (2 rows before)"), before="lagged"),
        "flow (1 row before) is 4.2 sd above what flow and flow (2 rows before) imply (its own value is ordinary).",
        "flow (1 Messung davor) liegt 4,2 s über dem, was flow und flow (2 Messungen davor) "
        "erwarten lassen (für sich genommen unauffällig).",
    ),
    # a pair or a group
    (
        t2("relation", LENGTH, WIDTH),
        "length and width do not go together (length 160.085 mm, 1.7 sd high; width 99.944 mm, 1.6 sd low; each ordinary by itself): "
        "which of the two it is cannot be told.",
        "length und width passen nicht zusammen (length 160,085 mm, +1,7 s; width 99,944 mm, −1,6 s; für sich genommen unauffällig): "
        "welche der beiden Größen es ist, lässt sich nicht sagen.",
    ),
    (
        t2("relation", LENGTH, WIDTH, PITCH),
        "length, width and pitch do not go together (length 1.7 sd high, width 1.6 sd low, pitch 0.4 sd high; each ordinary by itself): "
        "which of them it is cannot be told.",
        "length, width und pitch passen nicht zusammen (length +1,7 s, width −1,6 s, pitch +0,4 s; für sich genommen unauffällig): "
        "welche der Größen es ist, lässt sich nicht sagen.",
    ),
    (
        t2("relation", *FIVE),
        "a, b, c, d and e do not go together: which of them it is cannot be told.",
        "a, b, c, d und e passen nicht zusammen: welche der Größen es ist, lässt sich nicht sagen.",
    ),
    (
        t2("level", one("length", sigma=4.1, given=0.9), one("width", sigma=3.9, given=0.2)),
        "length and width moved together (length 4.1 sd high; width 3.9 sd high): which of the two it is cannot be told.",
        "length und width haben sich gemeinsam verschoben (length +4,1 s; width +3,9 s): "
        "welche der beiden Größen es ist, lässt sich nicht sagen.",
    ),
    (
        t2("level", one("length", sigma=-6.1, given=-4.0), one("warp", sigma=4.6, given=4.5)),
        "length is 6.1 sd low; warp is 4.6 sd high.",
        "length ist 6,1 s zu niedrig; warp ist 4,6 s zu hoch.",
    ),
    (
        t2("level", one("warp", sigma=9.0, given=9.0), one("width", sigma=0.5, given=-4.0), partners=("length",)),
        "warp is 9.0 sd high; width is 4.0 sd below what length implies (its own value is ordinary).",
        "warp ist 9,0 s zu hoch; width liegt 4,0 s unter dem, was length erwarten lässt (für sich genommen unauffällig).",
    ),
    # nothing to name
    (
        t2("level", one(sigma=1.9, given=1.5)),
        "no single variable stands out; furthest: warp 1.9 sd high.",
        "keine einzelne Größe fällt auf; am weitesten weg: warp +1,9 s.",
    ),
    (t2("level"), "no single variable stands out.", "keine einzelne Größe fällt auf."),
    (t2("nothing"), "No variable has a value.", "Keine Größe hat einen Wert."),
    # guards
    (
        guard_matter(Guard("pressure", 4.0, 0.5, ()), 5.0, 4.0, {"pressure": ("oil pressure", "bar")}),
        "oil pressure is 5 bar, not 4 bar: in the reference it never moved.",
        "oil pressure ist 5 bar statt 4 bar: in der Referenz war der Wert immer gleich.",
    ),
    (
        guard_matter(Guard("copy", 0.0, 0.1, (("length", 1.0),)), 161.5, 160.0),
        "copy is 161.5, not the 160 that length implies.",
        "copy ist 161,5 statt 160, wie es length erwarten lässt.",
    ),
    (
        guard_matter(Guard("sum", 0.0, 0.1, (("a", 1.0), ("b", 1.0))), 3.5, 3.0),
        "sum is 3.5, not the 3 that a and b imply.",
        "sum ist 3,5 statt 3, wie es a und b erwarten lassen.",
    ),
    (Matter("guard", "level"), "no single variable stands out.", "keine einzelne Größe fällt auf."),
    # spread
    (
        Matter("ewma_log_t2", "spread", (one("copper", sigma=4.0),), pairs=(Pair("copper", "copper", 2.3),)),
        "spread, not level: copper varies 2.3 times as much as in the reference.",
        "Streuung, nicht Lage: copper streut 2,3-mal so stark wie in der Referenz.",
    ),
    (
        Matter("ewma_log_t2", "spread", (one("copper"),), pairs=(Pair("copper", "copper", 0.4),)),
        "spread, not level: copper varies only 0.40 times as much as in the reference.",
        "Streuung, nicht Lage: copper streut nur 0,40-mal so stark wie in der Referenz.",
    ),
    (
        Matter("t2", "spread", tuple(one(name) for name in "abc"), pairs=tuple(Pair(n, n, 1.4 + i / 10) for i, n in enumerate("abc"))),
        "spread, not level: a, b and c vary 1.4 to 1.6 times as much as in the reference.",
        "Streuung, nicht Lage: a, b und c streuen 1,4- bis 1,6-mal so stark wie in der Referenz.",
    ),
    (
        Matter("t2", "spread", tuple(one(name) for name in "abc"), pairs=tuple(Pair(n, n, 1.4) for n in "abc")),
        "spread, not level: a, b and c vary 1.4 times as much as in the reference.",
        "Streuung, nicht Lage: a, b und c streuen 1,4-mal so stark wie in der Referenz.",
    ),
    (
        Matter("t2", "spread", (one("length"), one("width")), pairs=(Pair("length", "width", 0.1, 0.9),)),
        "spread, not level: the relation of length and width is looser (correlation 0.1, reference 0.9).",
        "Streuung, nicht Lage: der Zusammenhang von length und width ist lockerer (Korrelation 0,1, Referenz 0,9).",
    ),
    (
        Matter("t2", "spread", (one("length"), one("warp")), pairs=(Pair("length", "width", -0.6, 0.9),)),
        "spread, not level: the relation of length and width is reversed (correlation −0.6, reference 0.9); "
        "warp varies more than in the reference.",
        "Streuung, nicht Lage: der Zusammenhang von length und width hat sich umgekehrt (Korrelation −0,6, Referenz 0,9); "
        "warp streut stärker als in der Referenz.",
    ),
    (
        Matter("t2", "spread", (), pairs=(Pair("length", "width", 0.9, 0.1),)),
        "spread, not level: the relation of length and width is tighter (correlation 0.9, reference 0.1).",
        "Streuung, nicht Lage: der Zusammenhang von length und width ist enger (Korrelation 0,9, Referenz 0,1).",
    ),
    (
        Matter("ewma_log_t2", "spread", (one("a"), one("b"))),
        "spread, not level: a and b vary more than in the reference.",
        "Streuung, nicht Lage: a und b streuen stärker als in der Referenz.",
    ),
    (
        Matter("ewma_log_t2", "spread"),
        "spread, not level: the rows scatter otherwise than in the reference, and no single variable stands out.",
        "Streuung, nicht Lage: die Messwerte streuen anders als in der Referenz, und keine einzelne Größe fällt auf.",
    ),
]
SINCE: list[tuple[Matter, bool, str, str]] = [
    (
        Matter("mewma", "level", (one("temperature", sigma=0.8),)),
        False,
        "a small shift that lasts: temperature 0.8 sd high on average since 14:12.",
        "kleine, aber bleibende Verschiebung: temperature im Mittel 0,8 s zu hoch, seit 14:12.",
    ),
    (
        Matter("mcusum", "level", (DEEP,)),
        False,
        "a small shift that lasts: temperature 0.8 sd high on average (81.2 °C; usual 80.0 ± 1.5 °C) since 14:12.",
        "kleine, aber bleibende Verschiebung: temperature im Mittel 0,8 s zu hoch (81,2 °C; üblich 80,0 ± 1,5 °C), seit 14:12.",
    ),
    (
        Matter("mewma", "relation", (one("width", sigma=0.1, given=-1.2),), ("length",)),
        False,
        "a small shift that lasts: width 1.2 sd below what length implies, on average since 14:12.",
        "kleine, aber bleibende Verschiebung: width im Mittel 1,2 s unter dem, was length erwarten lässt, seit 14:12.",
    ),
    (
        Matter("mewma", "level", (one("temperature", sigma=-4.0),)),
        False,
        "a shift that lasts: temperature 4.0 sd low on average since 14:12.",
        "bleibende Verschiebung: temperature im Mittel 4,0 s zu niedrig, seit 14:12.",
    ),
    (
        Matter("mewma", "level", (one("temperature", sigma=0.8),)),
        True,
        "a slow drift: temperature rising (0.8 sd high on average), since about 14:12.",
        "langsames Wandern: temperature steigt (im Mittel 0,8 s zu hoch), seit etwa 14:12.",
    ),
    (
        Matter("mewma", "level", (one("thickness", sigma=1.0), one("copper", sigma=-0.9))),
        False,
        "a small shift that lasts: thickness 1.0 sd high on average, copper 0.9 sd low on average since 14:12.",
        "kleine, aber bleibende Verschiebung: thickness im Mittel 1,0 s zu hoch, copper im Mittel 0,9 s zu niedrig, seit 14:12.",
    ),
    (
        Matter("mewma", "level", (one("copper"),)),
        False,
        "a small shift that lasts: copper since 14:12.",
        "kleine, aber bleibende Verschiebung: copper, seit 14:12.",
    ),
    (
        Matter("mewma", "level"),
        False,
        "a small shift that lasts: look at the trends of the last rows.",
        "kleine, aber bleibende Verschiebung: bitte den Verlauf der letzten Messungen ansehen.",
    ),
    (
        Matter("ewma_log_t2", "spread", (one("copper"),), pairs=(Pair("copper", "copper", 2.0),)),
        False,
        "spread, not level, since 14:12: copper varies 2.0 times as much as in the reference.",
        "Streuung, nicht Lage, seit 14:12: copper streut 2,0-mal so stark wie in der Referenz.",
    ),
]


@pytest.mark.parametrize("told, english, german", TABLE)
def test_the_table(told: Matter, english: str, german: str) -> None:
    assert worded(told) == english
    assert worded(told, "de") == german
    assert Matter.from_dict(json.loads(json.dumps(told.to_dict(), allow_nan=False))) == told


@pytest.mark.parametrize("told, moving, english, german", SINCE)
def test_the_table_of_what_lasts(told: Matter, moving: bool, english: str, german: str) -> None:
    assert worded(told, since="14:12", moving=moving) == english
    assert worded(told, "de", since="14:12", moving=moving) == german


def test_an_operators_clause_is_short() -> None:
    for told, english, german in TABLE:
        assert max(len(english), len(german)) <= 215, told


numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1e-300, 1e300, math.inf, math.nan])
names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_cause_is_a_sentence_that_names_its_variables(data: st.DataObject) -> None:
    p = data.draw(st.integers(1, 4))
    words = tuple(data.draw(st.lists(names, min_size=p, max_size=p, unique=True)))
    chart = data.draw(st.sampled_from(["t2", "mewma", "mcusum", "ewma_log_t2", "mewmc"]))
    kind = data.draw(st.sampled_from(["level", "relation", "spread"]))
    vectors = [np.array(data.draw(st.lists(numbers, min_size=p, max_size=p))) for _ in range(4)]
    named = tuple(data.draw(st.lists(st.sampled_from(words), unique=True)))
    pairs = tuple((a, b, data.draw(st.floats(-1, 1))) for a in words for b in words)[: data.draw(st.integers(0, 2))]
    model = model_of(words, data.draw(st.sampled_from([1e-9, 1.0, 1e12])))
    found = matter(model, Cause(chart, kind, words, 1.0, vectors[0], vectors[1], vectors[2], named, vectors[0], pairs), vectors[3])  # type: ignore[arg-type]
    for language in LANGUAGES:
        said = worded(Matter.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))), language, since="14:12")
        assert said.endswith(".")
        assert all(name in said for name in named)
        rest = said
        for name in sorted(words, key=len, reverse=True):
            rest = rest.replace(name, "")
        assert "nan" not in rest.lower().replace("einander", "")
        assert "inf " not in rest


def model_of(words: tuple[str, ...], sd: float = 1.0, r: float = 0.0) -> Model:
    p = len(words)
    factor = np.linalg.cholesky(np.full((p, p), r) + (1.0 - r) * np.eye(p)) * sd
    limits = {"t2": tuple(Limit(9.0 + 3.0 * q, 0.0027, "") for q in range(p))}
    return Model(
        words, ("",) * p, Scatter(np.zeros(p), factor, 500), (), 0.0027, limits, {}, {}, "known", {}, 500, (), (), (), None, None, "", ""
    )


def test_the_facts_of_a_row_carry_what_the_others_imply_and_the_sites_names() -> None:
    model = model_of(("a", "b", "c"), r=0.9)
    x = np.array([2.0, 0.0, 0.3])
    found = matter(model, cause(model, x=x), x, called={"a": ("heat", "K")})
    first = next(one for one in found.named if one.name == "heat")
    assert first.unit == "K"
    slope = model.scatter.covariance[0, 1:] @ np.linalg.inv(model.scatter.covariance[1:, 1:])
    assert first.implied == pytest.approx(float(slope @ x[1:]))
    assert "heat" in sentence(model, x, called={"a": ("heat", "K")})


def test_what_the_others_imply_is_of_those_that_have_a_value() -> None:
    model = model_of(("a", "b", "c"), r=0.9)
    x = np.array([2.5, -1.0, np.nan])
    found = matter(model, cause(model, x=x), x)
    assert found.missing == ("c",)
    first = next(one for one in found.named if one.name == "a")
    assert first.implied == pytest.approx(-0.9)
    assert "c" not in found.partners
    assert sentence(model, x).endswith("; judged without c (no value).")


def test_the_share_of_a_pairs_correlation_in_the_reference_is_told() -> None:
    model = model_of(("a", "b"), r=0.5)
    zeros = np.zeros(2)
    found = matter(model, Cause("ewma_log_t2", "spread", ("a", "b"), 1.0, zeros, zeros, zeros, ("a",), zeros, (("a", "b", -0.4),)))
    assert found.pairs == (Pair("a", "b", -0.4, pytest.approx(0.5)),)
