"""The languages that sentences are said in: a message catalogue each, and how numbers, times and lists are written."""

from __future__ import annotations

from spc.language.spoken import LANGUAGES, Language, message, messages, spoken

__all__ = ["LANGUAGES", "Language", "message", "messages", "spoken"]
