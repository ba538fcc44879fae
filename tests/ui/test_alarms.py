from __future__ import annotations

from typing import Any

from tests.ui.served import Served, until


def stay(page: Any) -> None:
    """The answer's panel does not leave by itself four seconds after something was done: these tests have more to do in it."""
    until(page, "Boolean(window.spcLive)")
    page.evaluate("window.spcLive.view.leave = 1e6")


def test_an_alarm_is_acknowledged_with_the_keyboard_alone(page: Any, served: Served) -> None:
    served.activate()
    served.send(10, out=(10,))
    page.goto("/")
    page.wait_for_selector("#banner .alarm.unanswered")
    page.locator("#banner button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer:not([hidden])")
    until(page, "document.activeElement.id === 'answer-by'")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "answer-acknowledge"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Type your name first.")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("oven door was open")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("Ann")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Acknowledged by Ann.")
    page.wait_for_selector("#banner .alarm:not(.unanswered)")
    assert not page.title().startswith("(")
    page.keyboard.press("Escape")
    page.wait_for_selector("#answer", state="hidden")
    page.click("text=Alarms")
    row = page.locator("#alarms-list tbody tr")
    row.wait_for()
    assert "Ann, " in row.inner_text()
    assert "oven door was open" in row.inner_text()
    page.reload()
    page.wait_for_selector("#banner .alarm")
    page.locator("#banner button").click()
    until(page, "document.getElementById('answer-by').value === 'Ann'")


def test_an_alarm_is_shelved_with_a_reason_and_given_a_cause(page: Any, served: Served) -> None:
    served.activate()
    served.send(10, out=(10,))
    page.goto("/alarms")
    stay(page)
    page.locator("[data-answer]", has_text="Answer").click()
    page.fill("#answer-by", "Ann")
    page.click("text=15 min")
    page.click("#answer-shelve")
    page.wait_for_selector("text=A shelved alarm needs a reason.")
    page.fill("#answer-note", "part is on order")
    page.click("#answer-shelve")
    page.wait_for_selector("text=Shelved by Ann for 15 min")
    page.wait_for_selector("#banner", state="hidden")
    page.locator("#answer select").select_option("sensor")
    page.click("#answer-cause")
    page.wait_for_selector("text=Cause recorded by Ann: sensor or gauge.")
    page.click('[data-into="alarms-state"][data-value="shelved"]')
    page.wait_for_selector("text=part is on order >> nth=0")
    page.click('[data-into="alarms-state"][data-value="unacknowledged"]')
    page.wait_for_selector("text=Every alarm that is active is acknowledged.")


def test_the_list_follows_what_happens_without_being_asked(page: Any, served: Served) -> None:
    served.activate()
    served.activate("press")
    served.send(5)
    served.send(5, line="press")
    page.goto("/alarms")
    page.wait_for_selector("#alarms-list >> text=No alarm is open.")
    served.send(1, out=(1,))
    page.wait_for_selector("#alarms-list tbody tr")
    served.send(1, out=(1,), line="press")
    until(page, "document.querySelectorAll('#alarms-list tbody tr').length === 2")
    page.locator("#alarms .controls select").select_option("press")
    until(page, "document.querySelectorAll('#alarms-list tbody tr').length === 1")
    assert "Press 1" in page.locator("#alarms-list tbody").inner_text()


def test_a_link_to_an_alarm_opens_it(page: Any, served: Served) -> None:
    served.activate()
    served.send(10, out=(10,))
    page.goto("/alarms")
    id = page.locator("[data-answer]").first.get_attribute("data-answer")
    page.goto(f"/alarms?alarm={id}")
    page.wait_for_selector("#answer:not([hidden])")
    assert "warp_mm" in page.locator("#answer-facts").inner_text()


def test_one_sound_that_can_be_silenced_and_comes_back_with_the_next_alarm(page: Any, served: Served) -> None:
    served.activate()
    served.activate("press")
    served.send(5)
    served.send(5, line="press")
    page.goto("/")
    page.wait_for_selector('[data-trend="mixer"] .trend-line[d^="M"]', state="attached")
    assert page.locator("#sound").inner_text() == "Sound: off"
    page.click("#sound")
    page.wait_for_selector("text=Sound: on")
    served.send(1, out=(1,))
    until(page, "window.spcBeeps >= 1")
    page.locator("#sound", has_text="Silence").click()
    page.wait_for_selector("text=Sound: on")
    beeps = page.evaluate("window.spcBeeps")
    served.send(1)
    until(page, "window.spcLive.lines.get('mixer').last === 7")
    assert page.evaluate("window.spcBeeps") == beeps
    served.send(1, out=(1,), line="press")
    until(page, f"window.spcBeeps > {beeps}")
    page.wait_for_selector("#sound.attention >> text=Silence")


def test_a_cause_gets_a_name_and_the_next_alarm_looks_like_it(page: Any, served: Served) -> None:
    served.activate()
    served.send(20, out=(18, 19))
    page.goto("/alarms")
    page.wait_for_selector("#alarms-list [data-answer]")
    stay(page)
    page.locator("#alarms-list [data-answer]").first.click()
    page.wait_for_selector("#answer:not([hidden]) #answer-facts h2")
    page.fill("#answer-by", "Ann")
    page.fill("#answer-cause-name", "wrong panel lot")
    page.fill("#answer-done", "lot sent back")
    page.click("#answer-cause")
    page.wait_for_selector("text=Cause recorded by Ann: wrong panel lot.")
    page.click("#answer-acknowledge")
    page.wait_for_selector("text=Acknowledged by Ann.")
    served.send(20, out=(18, 19))
    page.wait_for_selector("#banner >> text=Looks like wrong panel lot")
    page.goto("/alarms?line=mixer")
    page.click("summary:has-text('Known causes')")
    page.wait_for_selector("#known-list >> text=lot sent back")
