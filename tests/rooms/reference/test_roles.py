"""What each column is for: guessed, with the reason, and changeable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spc.nouns import Role
from spc.reference import read

RNG = np.random.default_rng(5)
N = 60


def table(**columns: object) -> bytes:
    """Two measurements, and whatever else."""
    base = {"a": np.round(RNG.normal(10, 1, N), 3), "b": np.round(RNG.normal(5, 1, N), 3)}
    return pd.DataFrame({**columns, **base}).to_csv(index=False).encode()


def role(content: bytes, name: str, **roles: Role) -> str:
    return next(c.role for c in read(content, roles=roles).columns if c.name == name)


@pytest.mark.parametrize(
    "name, cells, expected",
    [
        ("part", [f"P{i}" for i in range(N)], "id"),
        ("anything", [f"P{i}" for i in range(N)], "id"),
        ("serial_no", [f"{i:05d}" for i in range(N)], "id"),
        ("part", [100 + 3 * i for i in range(N)], "id"),
        ("No.", range(1, N + 1), "id"),
        ("counter", range(1, N + 1), "id"),
        ("part", [f"P{i % 40}" for i in range(N)], "id"),
        ("sample", [1 + i // 5 for i in range(N)], "subgroup"),
        ("batch_id", [f"C{i // 12}" for i in range(N)], "subgroup"),
        ("rep", [1 + i % 5 for i in range(N)], "ignore"),
        ("product", ["A" if i < 30 else "B" for i in range(N)], "product"),
        ("operator", ["Ana", "Ben", "Cy"] * 20, "ignore"),
        ("anomaly", [0] * 50 + [1] * 10, "ignore"),
        ("changepoint", [0.0] * 59 + [1.0], "ignore"),
        ("machine_failure", [0] * N, "ignore"),
        ("quality", [1, 2, 3, 4] * 15, "ignore"),
        ("valve_open", [0] * 58 + [1] * 2, "ignore"),
        ("valve_open", [0, 1, 1] * 20, "measurement"),
        ("fixture_temp_C", [23.5] * N, "guard"),
        ("unused", [None] * N, "ignore"),
        ("elapsed_s", [0.1 * i for i in range(N)], "ignore"),
        ("fill_time_s", list(np.round(RNG.normal(7, 0.1, N), 3)), "measurement"),
        ("timestamp", [f"2025-03-03 06:{i:02d}:00" for i in range(N)], "time"),
        ("epoch", [1741000000 + 45 * i for i in range(N)], "time"),
    ],
)
def test_the_guess(name: str, cells: object, expected: str) -> None:
    assert role(table(**{name: cells}), name) == expected


def test_every_guess_has_a_reason() -> None:
    content = table(part=range(N), line=["SMT-2"] * N, anomaly=[0] * N, temp=[20.0] * N)
    assert all(c.why for c in read(content).columns)


def test_a_chosen_role_overrules_the_guess() -> None:
    content = table(anomaly=[0] * 40 + [1] * 20, part=[f"P{i}" for i in range(N)])
    assert role(content, "anomaly", anomaly="measurement") == "measurement"
    assert role(content, "a", a="ignore") == "ignore"
    assert role(content, "a", a="guard") == "guard"
    assert "a" not in read(content, roles={"a": "ignore"}).names
    assert read(content, roles={"part": "ignore"}).rows.ids[0] is None


def test_only_one_part_id() -> None:
    content = table(part=[f"P{i}" for i in range(N)], barcode=[f"X{7 * i}" for i in range(N)])
    roles = {c.name: c.role for c in read(content).columns}
    assert sorted(roles.values()).count("id") == 1
    assert {c.name: c.role for c in read(content, roles={"barcode": "id"}).columns}["part"] == "ignore"


def test_leading_zeros_of_part_numbers_are_kept() -> None:
    assert read(table(serial=[f"{i:05d}" for i in range(N)])).rows.ids[7] == "00007"
    assert read(table(part=range(1, N + 1))).rows.ids[:2] == ("1", "2")


def test_a_constant_column_cannot_be_a_measurement() -> None:
    assert role(table(temp=[20.0] * N), "temp", temp="measurement") == "guard"


def test_the_column_table() -> None:
    column = next(c for c in read(table(temp=[20.0, 21.0, None] * 20)).columns if c.name == "temp")
    assert (column.minimum, column.median, column.maximum, column.missing, column.distinct) == (20.0, 20.5, 21.0, 20, 2)


def test_a_frame_is_read_as_a_file_is() -> None:
    frame = pd.DataFrame(
        {
            "part": [f"P{i}" for i in range(N)],
            "a": RNG.normal(10, 1, N),
            "b": [str(v) if i != 3 else "Bad" for i, v in enumerate(RNG.normal(5, 1, N))],
            "c": pd.array([1, 2, None] * 20, dtype="Int64"),
            "d": [np.inf if i == 4 else float(i % 7) for i in range(N)],
        },
        index=pd.date_range("2025-03-03", periods=N, freq="45s", name="at"),
    )
    reference = read(frame)
    assert reference.names == ("a", "b", "c", "d")
    assert np.array_equal(reference.x[:, 0], frame["a"].to_numpy())
    assert np.isnan(reference.x[3, 1])
    assert np.isnan(reference.x[2, 2])
    assert np.isnan(reference.x[4, 3])
    assert reference.rows.at[1] - reference.rows.at[0] == np.timedelta64(45, "s")
    assert reference.rows.ids[5] == "P5"
    assert reference.digest == read(frame.copy()).digest
    assert reference.digest != read(frame.assign(a=0.5)).digest


def test_the_infinite_in_a_frame_is_told() -> None:
    found = read(pd.DataFrame({"a": [1.0, np.inf, 2.0, 4.0], "b": [1.0, 2.0, 5.0, 3.0]})).findings
    assert next(f for f in found if f.kind == "infinite").rows == (2,)
