from __future__ import annotations

from typing import Any

from tests.ui.served import Served


def test_the_manual_can_be_read_without_a_network(page: Any, served: Served) -> None:
    page.goto("/manual")
    page.wait_for_selector("h1 >> text=What T² is")
    page.click("text=Estimators and limits")
    page.wait_for_selector("h1 >> text=Estimators and limits")
    assert "minimum covariance determinant" in page.locator(".manual-body").inner_text()
    assert page.locator(".chapter.here").inner_text() == "Estimators and limits"
