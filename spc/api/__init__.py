"""The verbs over HTTP: references, models, rows, points, alarms, health. Described at /api/docs."""

from spc.api.application import build

__all__ = ["build"]
