"""An alarm as an e-mail."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime

from spc.errors import BadSettings, NotifyError
from spc.notify.message import Message


@dataclass(frozen=True, slots=True)
class Email:
    """Sends the message to all of `to`. Its Message-ID is made of the message's id, so that a mailbox shows a repeat once.

    `starttls` encrypts, and checks the server's certificate; `password` comes from a file or the environment.
    """

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 25
    starttls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        for one in (self.sender, *self.to):
            if "@" not in one or any(bad in one for bad in "\r\n,;"):
                raise BadSettings(f"email: {one!r} is not an address.", cure="Write name@example.com.")
        if not self.to:
            raise BadSettings("email: nobody is in `to`.", cure='Write to = ["shift@example.com"].')
        if self.username and not self.starttls:
            raise BadSettings("email: a password would travel in the open.", cure="Set starttls = true, or leave username out.")

    def __call__(self, message: Message) -> None:
        try:
            mail = self.mail(message)
        except (ValueError, MessageError) as wrong:
            raise NotifyError(f"this cannot be written as a mail: {wrong}", permanent=True) from wrong
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.timeout_s) as server:
                if self.starttls:
                    server.starttls(context=ssl.create_default_context())
                if self.username:
                    server.login(self.username, self.password)
                refused = server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as broken:
            codes = [code for code, _ in broken.recipients.values()]
            raise NotifyError(f"{self.host} refused every recipient", permanent=all(code >= 500 for code in codes)) from broken
        except smtplib.SMTPResponseException as broken:
            raise NotifyError(f"{self.host}: {broken.smtp_code} {broken.smtp_error!r}", permanent=broken.smtp_code >= 500) from broken
        except (smtplib.SMTPException, OSError) as broken:
            raise NotifyError(f"{self.host}: {type(broken).__name__} {broken}", permanent=False) from broken
        if refused:
            # sent again to all when it may help: those who have it see one mail, by its Message-ID
            never = all(code >= 500 for code, _ in refused.values())
            raise NotifyError(f"{self.host} took the mail, but not for {', '.join(refused)}", permanent=never)

    def mail(self, message: Message) -> EmailMessage:
        """The mail as it is sent."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Subject"] = " ".join(message.subject.split())
        mail["Message-ID"] = f"<{message.id}@{self.sender.partition('@')[2]}>"
        mail["Date"] = format_datetime(datetime.fromtimestamp(message.at / 1e6, UTC))
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n\n".join(part for part in (message.sentence, message.link) if part) + "\n")
        return mail
