"""The reference page: an upload, its findings and columns, the Phase I review, and making the model active.

What takes long (the upload, reading it, a fit) is asked of the HTTP interface by assets/upload.js, which shows how far it is; what is
quick happens here. The address holds the reference, the model under review and the one before it, so that a reload loses nothing.
"""

from __future__ import annotations

from dash import Dash
from dash.development.base_component import Component

from spc.ui.page import Page, Visit
from spc.ui.pages.reference.asking import activation_callbacks, data_callbacks, fit_callbacks
from spc.ui.pages.reference.desk import Desk
from spc.ui.pages.reference.parts import body, skeleton, whole
from spc.ui.pages.reference.reviewing import review_callbacks, stability_callbacks
from spc.ui.view import View

__all__ = ["register"]


def register(app: Dash, view: View) -> Page:
    """The page at /reference, and its callbacks."""
    desk = Desk(view)

    def layout(visit: Visit) -> Component:
        return whole(body(desk, visit), visit.query.get("ref", ""), visit.query.get("model", ""), visit.query.get("from", ""))

    data_callbacks(app, desk)
    fit_callbacks(app, desk)
    review_callbacks(app, desk)
    stability_callbacks(app, desk)
    activation_callbacks(app, desk)
    return Page("/reference", "Reference", layout, skeleton, nav="Reference")
