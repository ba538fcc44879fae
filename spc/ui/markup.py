"""Components without callbacks as HTML text: a table of fifty variables stands in a millisecond, where dash makes each cell by itself."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from dash.development.base_component import Component

_NAMES: Final = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex", "colSpan": "colspan", "rowSpan": "rowspan"}
_EMPTY: Final = frozenset({"br", "hr", "img", "input", "col"})


def html_of(part: Any) -> str:
    """The HTML of elements of `dash.html`, texts, numbers, None, and lists of these; every text is escaped.

    >>> from dash import html
    >>> html_of([html.P("a < b", className="quiet", hidden=True), html.Td(3, **{"data-x": "<\\""}), None])
    '<p class="quiet" hidden>a &lt; b</p><td data-x="&lt;&quot;">3</td>'
    """
    if part is None:
        return ""
    if isinstance(part, (list, tuple)):
        return "".join(html_of(one) for one in part)
    if not isinstance(part, Component):
        return escape(str(part))
    link = type(part).__name__ == "Link"
    if part._namespace != "dash_html_components" and not link:
        raise TypeError(f"{type(part).__name__} is no plain element")
    tag = "a" if link else type(part).__name__.lower()
    known = {name: getattr(part, name) for name in part._prop_names if name != "children" and hasattr(part, name)}
    known |= {name: value for name, value in vars(part).items() if name.startswith(("data-", "aria-"))}
    inner = "" if tag in _EMPTY else f"{html_of(getattr(part, 'children', None))}</{tag}>"
    return f"<{tag}{''.join(_attribute(name, value) for name, value in known.items())}>{inner}"


def _attribute(name: str, value: Any) -> str:
    name = _NAMES.get(name, name)
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
