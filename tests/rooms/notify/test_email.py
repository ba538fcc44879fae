from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from spc.errors import BadSettings, NotifyError
from spc.notify import Email, Message
from tests.ports import free_port

MESSAGE = Message(
    "7c3e", "SMT-2: ALARM", "06:03 SMT-2: warp_mm is 8 sd high. T² 64.0.", "http://plant/alarms?alarm=a1", at=1_741_068_000_000_000
)


class Mailbox:
    """What a real mail server took, and what it answers."""

    def __init__(self) -> None:
        self.answer = "250 taken"
        self.refuse: dict[str, str] = {}
        self.got: list[tuple[list[str], EmailMessage]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.got.append((envelope.rcpt_tos, mail))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60.0)
    controller.start()
    yield box, port
    controller.stop()


def sender(port: int, **other: Any) -> Email:
    return Email("127.0.0.1", "spc@plant.example", ("shift@plant.example", "lead@plant.example"), port=port, timeout_s=60.0, **other)


def test_the_mail_arrives_with_a_stable_message_id(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    for _ in range(2):
        sender(port)(MESSAGE)
    (to, mail), (_, again) = box.got
    assert to == ["shift@plant.example", "lead@plant.example"]
    assert (mail["Subject"], mail["From"], mail["Message-ID"]) == ("SMT-2: ALARM", "spc@plant.example", "<7c3e@plant.example>")
    assert again["Message-ID"] == mail["Message-ID"]
    assert mail.get_content().replace("\r\n", "\n") == f"{MESSAGE.sentence}\n\n{MESSAGE.link}\n"
    assert mail["Date"] == "Tue, 04 Mar 2025 06:00:00 +0000"


def test_a_subject_cannot_bring_headers_of_its_own(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    sender(port)(Message("x", "ALARM\r\nBcc: all@plant.example", "s", at=1))
    assert box.got[0][1]["Subject"] == "ALARM Bcc: all@plant.example"
    assert box.got[0][1]["Bcc"] is None


@pytest.mark.parametrize("answer, permanent", [("451 later", False), ("452 full", False), ("554 never", True)])
def test_the_answer_says_whether_to_try_again(mailbox: tuple[Mailbox, int], answer: str, permanent: bool) -> None:
    box, port = mailbox
    box.answer = answer
    with pytest.raises(NotifyError, match=answer[:3]) as caught:
        sender(port)(MESSAGE)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("code, permanent", [("550 unknown", True), ("450 busy", False)])
def test_all_recipients_refused(mailbox: tuple[Mailbox, int], code: str, permanent: bool) -> None:
    box, port = mailbox
    box.refuse = dict.fromkeys(("shift@plant.example", "lead@plant.example"), code)
    with pytest.raises(NotifyError, match="every recipient") as caught:
        sender(port)(MESSAGE)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("code, permanent", [("550 unknown", True), ("450 busy", False)])
def test_one_recipient_refused_is_said_and_the_other_has_it(mailbox: tuple[Mailbox, int], code: str, permanent: bool) -> None:
    box, port = mailbox
    box.refuse = {"lead@plant.example": code}
    with pytest.raises(NotifyError, match=r"not for lead@plant\.example") as caught:
        sender(port)(MESSAGE)
    assert caught.value.permanent is permanent
    assert box.got[0][0] == ["shift@plant.example"]


def test_a_server_that_is_down_is_tried_again() -> None:
    with pytest.raises(NotifyError) as caught:
        Email("127.0.0.1", "a@x.example", ("b@x.example",), port=9)(MESSAGE)
    assert not caught.value.permanent


def test_a_server_without_encryption_gets_nothing_when_it_was_asked_for(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    with pytest.raises(NotifyError):
        sender(port, starttls=True)(MESSAGE)
    assert box.got == []


@pytest.mark.parametrize(
    "options, said",
    [
        ({"sender": "spc"}, "'spc' is not an address"),
        ({"to": ()}, "nobody is in `to`"),
        ({"to": ("a@x\nBcc: b@x",)}, "is not an address"),
        ({"username": "u"}, "travel in the open"),
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        Email(**{"host": "h", "sender": "a@x.example", "to": ("b@x.example",), **options})
