"""The pages, one file each. A page is added by writing its file and naming it here."""

from __future__ import annotations

from dash import Dash

from spc.ui.page import Page
from spc.ui.pages import alarms, line, manual, reference, replay, sources, wall
from spc.ui.view import View

PAGES = (wall, line, reference, replay, alarms, sources, manual)  # in the order of the menu


def register(app: Dash, view: View) -> list[Page]:
    """Let every page bring its callbacks; gives back all pages."""
    pages: list[Page] = []
    for module in PAGES:
        made: Page | list[Page] = module.register(app, view)
        pages += made if isinstance(made, list) else [made]
    return pages
