"""The fold "Show the arithmetic": formula, inputs, law, source, and Python that gives the number."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from spc.phase2.arithmetic import Arithmetic
from spc.ui.components import attr


def fold(numbers: Sequence[Arithmetic]) -> Component:
    """The arithmetic of some numbers, folded away until it is asked for."""
    return html.Details([html.Summary("Show the arithmetic"), *shown(numbers)], className="arithmetic")


def asked(seq: int) -> Component:
    """A fold that is empty: assets/blame.js asks for the arithmetic of the row when it is opened."""
    return html.Details([html.Summary("Show the arithmetic")], className="arithmetic", **attr(data_arithmetic=str(seq)))


def shown(numbers: Sequence[Arithmetic]) -> list[Component]:
    """The arithmetic of some numbers, one under the other."""
    return [part for one in numbers for part in _shown(one)]


def _shown(one: Arithmetic) -> list[Component]:
    inputs = "; ".join(f"{name} = {value}" for name, value in one.inputs.items())
    return [
        html.H3(one.what),
        html.P(one.formula, className="formula"),
        html.P(f"Inputs: {inputs}.", className="quiet"),
        html.P(f"Law: {one.law}. Source: {one.source}.", className="quiet"),
        html.Pre(one.snippet, tabIndex=0, role="region", **attr(aria_label=f"Python for {one.what}")),
    ]
