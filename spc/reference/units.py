"""Units of measurement as they stand in a second header line, in brackets behind a name, or at its end."""

from __future__ import annotations

import re

_KNOWN = frozenset(
    """
    m mm cm dm km um µm μm nm pm in inch inches ft mil mils s sec min h hr ms us µs ns d g kg mg t lb lbs oz ug µg n kn mn nm ncm
    knm nmm pa kpa mpa hpa bar mbar bara barg psi psia psig atm torr mmhg c f k degc degf °c °f celsius fahrenheit kelvin deg °
    rad mrad v mv kv uv a ma ka ua µa w kw mw mwh kwh wh va kva var kvar j kj mj hz khz mhz ghz ohm kohm mohm ω kω mω l ml ul µl
    cl hl m2 m3 m² m³ cm2 cm3 cm² cm³ mm2 mm3 mm² mm³ nm3 l/min l/h l/s ml/min m/s mm/s m/min mm/min m/s2 m/s² m3/h m³/h nm3/h
    kg/h kg/s kg/m3 kg/m³ g/l g/cm3 g/cm³ mg/l t/h rpm 1/min u/min min-1 1/s % ‰ ppm ppb ppmv %rh % vol vol% wt% mol% mol/l mmol/l
    ph pcs pc ea st stk - db dba lx lm cd n/mm n/mm² n/mm2 w/m2 w/m² j/kg kj/kg s/cm us/cm µs/cm ms/cm pas mpas mpa·s cp cst kscmh
    counts count sec. min. grad
    """.split()
)
# Only units that nobody uses as the last word of a name in another meaning: "warp_mm", "pressure_bar", "temp_C".
_SUFFIXES = frozenset(
    """
    mm cm um µm nm inch kg mg µg ms µs kn nm kpa mpa hpa bar mbar psi degc degf mv kv ma kw kwh mwh hz khz mhz rpm ml cm2 cm3 m2 m3 mm2 mm3
    pct percent ppm ppb deg ohm kohm
    """.split()
)
# A single letter is a unit only behind a word for its quantity: "temp_C" is in degrees, "sensor_C" is the third sensor.
_LETTERS = {
    **dict.fromkeys("CFK", "temp"),
    **dict.fromkeys("sh", "time|duration|cycle|delay"),
    **dict.fromkeys("V", "volt"),
    **dict.fromkeys("A", "current|amp"),
    **dict.fromkeys("W", "power"),
    **dict.fromkeys("N", "force|load"),
    **dict.fromkeys("gt", "weight|mass"),
    **dict.fromkeys("ml", "length|width|height|depth|level|volume"),
}
_BRACKETS = re.compile(r"^(?P<name>.*\S)\s*[\[({<](?P<unit>[^\[\](){}<>]{1,16})[\])}>]$")
_TAIL = re.compile(r"^.*[^_]_(?P<unit>[^\W_]{1,7}|%)$")
_UNIT_SHAPE = re.compile(r"[\[({<].{1,24}[\])}>]|[A-Za-zµμ°Ω%‰²³0-9./*·^ -]{1,12}")


def unit_of_name(name: str) -> str:
    """The unit that a column's name carries, or "".

    >>> unit_of_name("length [mm]"), unit_of_name("warp_mm"), unit_of_name("hole_pitch")
    ('mm', 'mm', '')
    """
    found = _BRACKETS.match(name)
    if found:
        return found["unit"].strip()
    found = _TAIL.match(name)
    if not found:
        return ""
    unit = found["unit"]
    known = unit.casefold() in _SUFFIXES or (unit in _LETTERS and re.search(_LETTERS[unit], name, re.IGNORECASE) is not None)
    return unit if known else ""


def bare(cell: str) -> str:
    """A unit cell without its brackets."""
    return cell.strip().strip("[](){}<>").strip()


def is_unit(cell: str) -> bool:
    """Whether a cell can be a unit: a known one, or something short in brackets.

    >>> is_unit("mm"), is_unit("(kg/h)"), is_unit("timestamp")
    (True, True, False)
    """
    text = cell.strip()
    if bare(text).casefold() in _KNOWN:
        return True
    return len(text) > 2 and text[0] in "[({<" and text[-1] in "])}>" and _UNIT_SHAPE.fullmatch(text) is not None
