"""Who was to blame over a period, and two periods side by side, in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np

from spc.line import cause
from spc.nouns import Rows
from tests.small import rows as some_rows
from tests.ui.served import Served, until

PARETO = "document.querySelector('#pareto-chart .js-plotly-plot')"
COMPARED = "document.querySelector('#compare-chart .js-plotly-plot')"


def test_the_pareto_of_a_period_for_a_line_and_over_all(page: Any, served: Served) -> None:
    served.activate()
    served.activate("press")
    served.send(30, out=(10, 11, 12))
    served.send(10, out=(4,), line="press")
    page.goto("/alarms")
    page.wait_for_selector("#pareto-answer >> text=2 alarms from")
    until(page, f"{PARETO}?.data?.[0]?.y?.length === 2")
    assert page.evaluate(f"{PARETO}.layout.yaxis.ticktext.toSorted()") == ["mixer: warp_mm", "press: warp_mm"]
    page.click("#pareto >> text=rows out")
    until(page, f"{PARETO}?.data?.[0]?.x?.join() === '1,3'")
    rows = [one.inner_text().split("\t") for one in page.locator("#pareto-answer tbody tr").all()]
    assert [(one[0], one[1], one[2], one[4]) for one in rows] == [
        ("mixer: warp_mm", "1", "3", "75 %"),
        ("press: warp_mm", "1", "1", "100 %"),
    ]
    page.select_option("select[data-into=alarms-line]", "mixer")
    page.wait_for_selector("#pareto-answer >> text=Worst variable: warp_mm, 100 %")
    id = next(one.id for one in served_alarms(served) if one.line == "mixer")
    cause(served.ledger, id, "Ada", "wrong panel lot", 1_800_000_000_000_000)
    page.click("#pareto >> text=recorded causes")
    page.wait_for_selector("#pareto-answer >> text=Worst recorded cause: wrong panel lot")


def served_alarms(served: Served) -> list[Any]:
    from spc.ledger.alarms import alarms

    with served.ledger.read() as connection:
        return alarms(connection)


def test_a_period_that_is_none_is_answered_in_words(page: Any, served: Served) -> None:
    served.activate()
    page.goto("/alarms")
    page.wait_for_selector("#pareto-answer >> text=There was no alarm")
    page.click("#pareto >> text=from – to")
    page.wait_for_selector("#pareto-answer >> text=Give a time such as")
    page.fill("#pareto-since", "last tuesday")
    page.wait_for_selector("#pareto-answer >> text='last tuesday' is not a time.")
    page.fill("#pareto-since", "2025-03-05")
    page.fill("#pareto-until", "2025-03-04")
    page.wait_for_selector("#pareto-answer >> text=before it begins")
    page.fill("#pareto-until", "2025-03-06")
    page.wait_for_selector("#pareto-answer >> text=There was no alarm from 2025-03-05 00:00 to 2025-03-06 23:59")


def test_two_periods_and_the_reference_in_words_picture_and_table(page: Any, served: Served) -> None:
    served.activate()
    served.send(60)
    block = some_rows(60, first=61)
    x = block.x + np.array([0.0, 0.06, 0.0])
    x[:, 2] = 35.0 + 2.0 * (x[:, 2] - 35.0)
    served.send(block=Rows(block.names, x, block.at, block.ids))
    page.goto("/line/mixer")
    page.locator("summary", has_text="Compare two periods").press("Enter")
    page.click("#compare-ask")
    page.wait_for_selector("#compare-answer >> text=It is not said from when.")
    page.fill("#compare-since", "2025-03-04 07:45:30")  # the plant's clock is an hour ahead
    page.fill("#compare-until", "2025-03-05")
    page.click("#compare-ask")
    page.wait_for_selector("#compare-answer >> text=60 rows against 200 of the reference: the levels have changed")
    page.click("#compare >> text=another period")
    page.fill("#compare-before-since", "2025-03-04 07:00")
    page.fill("#compare-before-until", "2025-03-04 07:45:20")
    page.click("#compare-ask")
    page.wait_for_selector("#compare-answer >> text=60 rows against 60 of the period before: the levels have changed")
    words = page.locator("#compare-answer").inner_text()
    assert "warp_mm is 1" in words
    assert "sd higher" in words
    assert "copper_um scatters" in words
    assert "The relation that changed most" in words
    first = page.locator("#compare-answer tbody tr").first.inner_text().split("\t")
    assert first[0] == "warp_mm"
    assert first[3].endswith("◆")
    old, new = some_rows(60).x[:, 1], x[:, 1]
    assert first[3].split(" ")[0] == f"{(new.mean() - old.mean()) / old.std(ddof=1):+.2f}"
    until(page, f"{COMPARED}?.data?.length === 2")
    assert page.evaluate(f"{COMPARED}.data[0].marker.symbol.at(-1)") == "diamond", "not told by colour alone"
    page.fill("#compare-since", "2030-01-01")
    page.fill("#compare-until", "2030-01-02")
    page.click("#compare-ask")
    page.wait_for_selector("#compare-answer >> text=There is no row in this period.")
