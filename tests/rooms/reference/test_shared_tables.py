"""Tables that do not ship with the program: looked at once, held to it here. Skipped where they are not at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spc.errors import TooFewRows
from spc.nouns import Reference
from spc.reference import read

pytestmark = pytest.mark.oracle


def roles(reference: Reference) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for c in reference.columns:
        found.setdefault(c.role, []).append(c.name)
    return found


def kinds(reference: Reference) -> set[str]:
    return {f.kind for f in reference.findings}


def test_dirty_csv(shared: Path) -> None:
    folder = shared / "data" / "dirty_csv"
    demo = read(shared / "data" / "demo_circuit_boards" / "phase1_reference.csv")
    assert np.array_equal(read(folder / "01_semicolon_decimal_comma.csv").x, demo.x)
    assert read(folder / "02_utf8_bom.csv").columns[0].name == "timestamp"
    units = read(folder / "03_units_row.csv")
    assert len(units) == 200
    assert np.array_equal(units.x, demo.x)
    missing = read(folder / "04_missing_markers.csv")
    assert next(f.rows for f in missing.findings if f.kind == "missing") == (6, 10, 18, 31, 45, 61, 62)
    assert missing.names == demo.names
    constant = read(folder / "05_constant_column.csv")
    assert roles(constant)["guard"] == ["fixture_temp_C"]
    assert "constant" in kinds(constant)
    copy = next(f for f in read(folder / "06_collinear_column.csv").findings if f.kind == "copy")
    assert copy.columns == ("length_inch", "length_mm")
    assert copy.text.startswith("length_inch = 0.0393701·length_mm in all 200 rows")
    few = next(f for f in read(folder / "07_too_few_rows.csv").findings if f.kind == "too_few_rows")
    assert few.severity == "red"
    assert "13" in few.cure
    with pytest.raises(TooFewRows):
        read(folder / "08_header_only.csv")


@pytest.mark.parametrize(
    "name, n, p, at_least",
    [
        ("philips_diaphragm/philips677x9.csv", 677, 9, {"id": ["part"]}),
        ("skab/valve1_0.csv", 1147, 8, {"time": ["datetime"], "ignore": ["anomaly", "changepoint"]}),
        ("skab/anomaly-free_anomaly-free.csv", 9405, 8, {"time": ["datetime"]}),
        ("petrobras_real_process/real_process_data.csv", 3169, 108, {"time": ["time"]}),
        ("tep_braatz/d00.csv", 500, 52, {"id": ["sample"], "ignore": ["fault"]}),
        ("uci_ai4i2020/ai4i2020.csv", 10000, 5, {"id": ["UDI"], "product": ["Type"]}),
        ("openmv/batch_nylon.csv", 6641, 10, {"subgroup": ["batch_id"]}),
        ("textbook_msqc/carbon_phase1.csv", 240, 3, {"subgroup": ["sample"], "ignore": ["rep"]}),
        ("ims_bearing/test2_mean_abs_vibration.csv", 984, 4, {"time": ["time"]}),
        ("injection_moulding/parts_open.csv", 968, 13, {"id": ["part"], "ignore": ["quality"]}),
        ("cmapss_fd001/units_001_060.csv", 11942, 23, {"subgroup": ["unit"]}),
        ("openmv/rubber_colour.csv", 100, 1, {}),
    ],
)
def test_real_tables(shared: Path, name: str, n: int, p: int, at_least: dict[str, list[str]]) -> None:
    reference = read(shared / "data" / name)
    assert reference.x.shape == (n, p)
    for role, names in at_least.items():
        assert roles(reference)[role] == names
    assert len(reference.findings) <= 10 + (p > 100)


def test_a_historians_words(shared: Path) -> None:
    reference = read(shared / "data" / "petrobras_real_process" / "real_process_data.csv")
    text = next(f.text for f in reference.findings if f.kind == "missing_words")
    assert "'Inp OutRange' (156 times, tag2" in text
    assert "'Scan Timeout'" in text


@pytest.mark.parametrize(
    "name", ["philips_diaphragm/philips677x9.csv", "skab/valve1_0.csv", "tep_braatz/d00.csv", "swiss_banknotes/banknotes.csv"]
)
def test_findings_are_few(shared: Path, name: str) -> None:
    assert len([f for f in read(shared / "data" / name).findings if f.severity != "note"]) <= 3
