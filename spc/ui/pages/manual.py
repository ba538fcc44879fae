"""The manual: short chapters, kept as text in assets/manual, readable without any network."""

from __future__ import annotations

from pathlib import Path

from dash import Dash, dcc, html
from dash.development.base_component import Component

from spc.ui import ids
from spc.ui.components import attr, empty
from spc.ui.page import Page, Visit
from spc.ui.shell import ASSETS
from spc.ui.view import View

CHAPTERS = ASSETS / "manual"


def chapters(folder: Path = CHAPTERS) -> dict[str, tuple[str, str]]:
    """{name: (title, text)} in the order of the file names "10-t2.md", "20-chart.md" …; the title is the first heading."""
    found = {}
    for path in sorted(folder.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        title = text.lstrip().split("\n", 1)[0].lstrip("# ").strip()
        found[path.stem.split("-", 1)[-1]] = (title, text)
    return found


def page(all_chapters: dict[str, tuple[str, str]], name: str) -> Component:
    """The list of chapters and the chosen one; the first when none is chosen."""
    chosen = name or next(iter(all_chapters), "")
    links = [
        html.Li(dcc.Link(title, href=f"/manual/{key}", className="chapter here" if key == chosen else "chapter"))
        for key, (title, _) in all_chapters.items()
    ]
    text = all_chapters.get(chosen, ("", ""))[1]
    body = dcc.Markdown(text, className="manual-text", link_target=None) if text else empty(f"There is no chapter {chosen!r}.")
    contents = html.Nav(html.Ul(links), className="chapters", **attr(aria_label="Chapters"))
    return html.Div([contents, html.Article(body, className="panel manual-body")], className="manual", id=ids.MANUAL)


def register(app: Dash, view: View) -> list[Page]:
    """The pages at /manual and /manual/<chapter>."""

    def layout(visit: Visit) -> Component:
        return page(chapters(), visit.parts.get("chapter", ""))

    def skeleton() -> Component:
        return html.Div()

    return [Page("/manual", "Manual", layout, skeleton, nav="Manual"), Page("/manual/<chapter>", "Manual", layout, skeleton)]
