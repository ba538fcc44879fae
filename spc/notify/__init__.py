"""Who is told of an alarm besides the page: callables on a Message that raise NotifyError, which says whether trying again is of use.

A new one is a frozen dataclass in `NOTIFIERS`, or anywhere and named `module:Class` in the settings; `check` is its contract.
"""

from __future__ import annotations

from collections.abc import Iterable

from spc.errors import BadSettings
from spc.notify.email import Email
from spc.notify.message import Message, Notifier
from spc.notify.webhook import Webhook
from spc.settings import PartSettings, plugin

__all__ = ["NOTIFIERS", "Email", "Message", "Notifier", "Webhook", "build", "check"]

NOTIFIERS: dict[str, type] = {"webhook": Webhook, "email": Email}


def build(parts: Iterable[PartSettings]) -> dict[str, Notifier]:
    """The notifiers of the settings, by name; raises BadSettings."""
    return {part.name: plugin(NOTIFIERS, part, "notify") for part in parts}


def check(notifier: Notifier) -> None:
    """The contract of a notifier, as far as it can be asked without telling anybody anything: raises BadSettings."""
    if not callable(notifier):
        raise BadSettings(f"{type(notifier).__name__} cannot be called with a message.", cure="Give it __call__(self, message) -> None.")
    try:
        hash(notifier)
    except TypeError:
        name = type(notifier).__name__
        raise BadSettings(f"{name} can change after it was made.", cure="Make it a frozen dataclass.") from None
    if "password" in repr(notifier) or "token" in repr(notifier):
        raise BadSettings(f"{type(notifier).__name__} shows its secret when printed.", cure="Use field(repr=False).")
