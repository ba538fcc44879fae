from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadSettings, BadTable
from spc.reference import read
from spc.reference.stamps import looks_like_time
from spc.reference.times import from_numbers, parse

AT = np.datetime64("2025-03-14T14:05:09", "us")


@pytest.mark.parametrize(
    "cell",
    [
        "2025-03-14 14:05:09",
        "2025-03-14T14:05:09",
        "2025-03-14T14:05:09Z",
        "2025-03-14T15:05:09+01:00",
        "2025-03-14 09:05:09-0500",
        "2025-03-14 14:05:09.000",
        "2025-03-14 14:05:09,000",
        "2025/03/14 14:05:09",
        "2025.03.14.14.05.09",
        "14.03.2025 14:05:09",
        "14.3.25 14:05:09",
        "14/03/2025 14:05:09",
        "14-03-2025 14:05:09",
        "3/14/2025 2:05:09 PM",
        "03/14/25 02:05:09 pm",
        "14-Mar-2025 14:05:09",
        "14 Mar 2025 14:05:09",
        "14-Mar-25 14:05:09",
        "Mar 14, 2025 2:05:09 PM",
        "14. März 2025 14:05:09",
        "Fri, 14 Mar 2025 14:05:09 GMT",
        "20250314T140509",
        "20250314 140509",
    ],
)
@pytest.mark.parametrize("copies", [1, 100])
def test_one_moment_in_many_hands(cell: str, copies: int) -> None:
    assert looks_like_time(cell)
    clock = parse([cell] * copies)
    assert (clock.at == AT).all()
    assert not clock.unread


@pytest.mark.parametrize("text", ["160.017", "1.2.3", "B00017", "12", "", "2025-13-41", "31/31/2025", "ok 12", "10.0.0.1"])
def test_what_is_no_time(text: str) -> None:
    assert not looks_like_time(text)


def test_microseconds_are_kept() -> None:
    assert parse(["2025-03-14 14:05:09.123456"]).at[0] == AT + np.timedelta64(123456, "us")
    assert parse(["2025-03-14 14:05:09.123456"] * 100).at[50] == AT + np.timedelta64(123456, "us")


def test_a_time_without_a_zone_is_the_plants() -> None:
    assert parse(["2025-07-01 08:00"], "Europe/Berlin").at[0] == np.datetime64("2025-07-01T06:00", "us")
    with pytest.raises(BadSettings, match="Europe/Berlyn"):
        parse(["2025-07-01 08:00"], "Europe/Berlyn")


def test_the_hour_that_summer_time_repeats() -> None:
    night = [f"2025-10-26 0{h}:{m:02d}" for h, m in [(1, 30), (2, 0), (2, 30), (2, 0), (2, 30), (3, 0)]]
    clock = parse(night, "Europe/Berlin")
    assert clock.shifted == 4
    assert np.all(np.diff(clock.at).astype(np.int64) == 30 * 60 * 1_000_000)


def test_day_and_month_are_told_apart_on_the_whole_column() -> None:
    days = [f"{d:02d}/03/2025 06:00" for d in range(1, 29)]
    assert parse(days).at[-1] == np.datetime64("2025-03-28T06:00", "us")
    months = [f"03/{d:02d}/2025 06:00" for d in range(1, 29)]
    assert parse(months).at[-1] == np.datetime64("2025-03-28T06:00", "us")
    assert not parse(days).doubt
    unclear = parse(["01/02/2025", "02/02/2025", "03/02/2025"])
    assert unclear.doubt
    assert unclear.at[-1] == np.datetime64("2025-02-03", "us")  # a day apart is likelier than a month apart


def test_doubt_is_told() -> None:
    table = "date,a,b\n" + "".join(f"0{d}/02/2025,{d}.5,{d * d}.25\n" for d in range(1, 8))
    found = next(f for f in read(table.encode()).findings if f.kind == "time_doubt")
    assert "day before month" in found.text


@pytest.mark.parametrize(
    "value, told",
    [
        (1741961109.0, "seconds since 1970"),
        (1741961109000.0, "milliseconds since 1970"),
        (1741961109e6, "microseconds since 1970"),
        (20250314140509.0, "%Y-%m-%d %H%M%S"),
    ],
)
def test_times_as_numbers(value: float, told: str) -> None:
    clock = from_numbers(np.array([value, np.nan]))
    assert clock is not None
    assert clock.at[0] == AT
    assert np.isnat(clock.at[1])
    assert clock.format == told


def test_a_quantity_that_is_a_time_is_a_measurement() -> None:
    rows = "".join(f"2025-03-03 06:{i:02d},{30000 + 37 * i % 11},{i * 7 % 13}.5\n" for i in range(20))
    reference = read(f"timestamp,cycle_time_ms,b\n{rows}".encode())
    assert reference.names == ("cycle_time_ms", "b")


def test_times_of_day_without_a_date_are_said() -> None:
    rows = "".join(f"06:{i:02d}:00,{i * 7 % 13}.5,{i * 5 % 17}.25\n" for i in range(20))
    reference = read(f"time,a,b\n{rows}".encode())
    assert np.isnat(reference.rows.at).all()
    assert any("without a date" in f.text for f in reference.findings)


def test_cells_that_are_no_time_are_told_and_a_column_of_them_is_refused() -> None:
    rows = [f"2025-03-03 06:{i:02d},{i * 7 % 13}.5,{i}.25" for i in range(20)]
    rows[4] = "yesterday,1.5,2.5"
    reference = read(("time,a,b\n" + "\n".join(rows)).encode())
    assert next(f for f in reference.findings if f.kind == "time_unread").rows == (5,)
    with pytest.raises(BadTable) as refused:
        read(b"time,a\nx,1\ny,2\n", roles={"time": "time"})
    assert refused.value.column == "time"
