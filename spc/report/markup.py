"""HTML written by hand: every text escaped, tables, figures, and a policy that lets nothing out of the file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any, Final

WIDTH: Final = 700  # pixels: what fits on A4 between margins of 12 mm

_DRAW: Final = (
    'for (const one of JSON.parse(document.getElementById("pictures").textContent))'
    " Plotly.newPlot(one.id, one.figure.data, one.figure.layout, {displayModeBar: false, responsive: false, showTips: false});"
)


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any value as HTML; what is HTML already stays as it is.

    >>> text("p<0.1 & more")
    'p&lt;0.1 &amp; more'
    """
    return value if isinstance(value, Html) else Html(escape(str(value)))


def tag(name: str, *inside: object, **attributes: str) -> Html:
    """An element; `class_` and `aria_label` become class and aria-label.

    >>> tag("p", "1 < 2", class_="sum")
    '<p class="sum">1 &lt; 2</p>'
    """
    words = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{words}>{''.join(text(one) for one in inside)}</{name}>")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = "", numbers: Sequence[int] = ()) -> Html:
    """A table; `numbers` are the places of the columns that are set flush right."""

    def line(cells: Sequence[object], kind: str) -> Html:
        more: Any = {"scope": "col"} if kind == "th" else {}
        return tag("tr", *(tag(kind, c, **({"class_": "number"} if j in numbers else {}), **more) for j, c in enumerate(cells)))

    top = tag("thead", line(heads, "th"))
    body = tag("tbody", *(line(row, "td") for row in rows))
    return tag("table", *([tag("caption", caption)] if caption else []), top, body)


def facts(pairs: Mapping[str, object]) -> Html:
    """Names and what they are, as a list of definitions."""
    return tag("dl", *(Html(tag("dt", key) + tag("dd", value)) for key, value in pairs.items()))


def section(title: str, *inside: object, id: str = "") -> Html:
    """A titled part of the page."""
    return tag("section", tag("h2", title), *inside, **({"id": id} if id else {}))


def drawn(id: str, title: str, words: str, height: int) -> Html:
    """The place of a picture, its title above and what it shows below."""
    place = tag("div", id=id, class_="picture", role="img", aria_label=words, style=f"width:{WIDTH}px;height:{height}px")
    return tag("figure", tag("h3", title), place, tag("figcaption", words))


def document(title: str, body: Sequence[Html], pictures: Sequence[Mapping[str, Any]], style: str) -> str:
    """One file with everything in it. Its policy allows these two scripts by their hashes and no request to anywhere."""
    plotly = resources.files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8")
    policy = f"default-src 'none'; script-src {_hash(plotly)} {_hash(_DRAW)}; style-src 'unsafe-inline'; img-src data: blob:"
    data = json.dumps(list(pictures), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'),
        Html('<meta name="viewport" content="width=device-width">'),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    ]
    scripts = [
        Html(f'<script type="application/json" id="pictures">{data}</script>'),
        Html(f"<script>{plotly}</script>"),
        Html(f"<script>{_DRAW}</script>"),
    ]
    page = Html(tag("head", *head) + tag("body", tag("main", *body), *scripts))
    return f"<!DOCTYPE html>\n{tag('html', page, lang='en')}\n"


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
