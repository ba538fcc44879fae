"""The recommendation on the reference page: its reasons beside the form, and a button that does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests import drifting
from tests.ui.served import Served, until
from tests.ui.test_reference_flow import upload


def test_the_reasons_are_read_and_one_button_fits_so(page: Any, served: Served, tmp_path: Path) -> None:
    file = tmp_path / "mixer.csv"
    file.write_text(drifting.csv(), encoding="utf-8")
    upload(page, file)
    page.wait_for_selector(".recommended")
    text = page.inner_text(".recommended")
    assert "left out of T²" in text
    assert "oil only drifts" in text
    until(page, "!document.getElementById('reference-fit').disabled")
    page.click("#reference-recommended")
    page.wait_for_selector("#reference-t2 .main-svg")
    model = httpx.get(f"{served.base}/api/v1/models/{page.url.split('model=')[1]}", timeout=60).json()
    assert model["names"] == ["flow", "speed"]
    assert set(model["charts"]) == {"t2", "ewma_log_t2"}
    assert page.locator(".recommended").is_hidden(), "the model is what was recommended"
