"""An alarm as JSON to a web address."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from spc.errors import BadSettings, NotifyError
from spc.notify.message import Message

AGAIN = (408, 425, 429)  # the answers of the 400s that a later try may change


@dataclass(frozen=True, slots=True)
class Webhook:
    """POSTs the message. Only to a host of the `allow` list, and no redirect is followed: an address must not lead elsewhere.

    The header Idempotency-Key carries the message's id; `token` goes into Authorization. A 2xx answer means told.
    """

    url: str
    allow: tuple[str, ...]
    timeout_s: float = 10.0
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise BadSettings(f"webhook: {self.url!r} is not a web address.", cure="It begins with https:// or http://.")
        if address.hostname not in self.allow:
            raise BadSettings(f"webhook: {address.hostname} is not in its allow list.", cure=f'Write allow = ["{address.hostname}"].')

    def __call__(self, message: Message) -> None:
        headers = {"Idempotency-Key": message.id, "User-Agent": "spc"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            answer = httpx.post(
                self.url, json=message.to_dict(), headers=headers, timeout=self.timeout_s, follow_redirects=False, trust_env=False
            )
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as wrong:
            raise NotifyError(f"{self.url}: {wrong}", permanent=True) from wrong
        except httpx.HTTPError as broken:
            raise NotifyError(f"{self.url}: {type(broken).__name__} {broken}".strip(), permanent=False) from broken
        if not answer.is_success:
            refused = 300 <= answer.status_code < 500 and answer.status_code not in AGAIN
            raise NotifyError(f"{self.url} answered {answer.status_code}", permanent=refused)
