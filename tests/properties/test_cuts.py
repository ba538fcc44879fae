"""A CSV file that is written in pieces, wherever they are cut, gives the rows and the scraps of the whole."""

from __future__ import annotations

import tempfile
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.nouns import Rows
from spc.sources import Batch, Tail
from tests.small import FakeClock

TABLES = {
    "points": b"timestamp,board_id,lot,product,length_mm,warp_mm\n",
    "commas": b"\xef\xbb\xbfDatum;Uhrzeit;board_id;lot;product;length_mm;warp_mm\r\n",
    "tabs": b"# line 3\n\ntimestamp\tboard_id\tlot\tproduct\tlength [mm]\twarp_mm\n",
}
WRONG = (b"a;line;with;far,too,many;cells;in;it;and;more;still\n", b"\n", b";;;\n", b"\xff\x81\n", b'B;"open\n')


def line(table: str, k: int, length: str, warp: str) -> bytes:
    clock, lot = f"06:{k // 60:02d}:{k % 60:02d}", f"L{k // 4}"
    if table == "points":
        return f'2025-03-04T{clock}Z,B{k:05d},{lot},"PCB 7",{length},{warp}\n'.encode()
    if table == "tabs":
        return f"31.03.2025 {clock}\tB{k:05d}\t{lot}\tPCB-{k // 40}\t{length}\t{warp}\n".encode()
    commas = (one.replace(".", ",") for one in (length, warp))
    return f"31.03.2025;{clock};B{k:05d};{lot};Platte;{';'.join(commas)}\r\n".encode()


@st.composite
def texts(draw: Any) -> tuple[str, bytes, list[int]]:
    table = draw(st.sampled_from(sorted(TABLES)))
    word = st.sampled_from(["", "Bad Input", "#N/A", "0.25", "1200.5", "-1e-3"])
    lines = []
    for k in range(draw(st.integers(5, 40))):
        usual = k == 0 or draw(st.integers(0, 5))
        lines.append(line(table, k, f"{160 + k / 64:.4f}", f"{0.3 + k / 128:.4f}" if usual else draw(word)))
        if k and not draw(st.integers(0, 9)):
            lines.append(draw(st.sampled_from(WRONG)))
    text = TABLES[table] + b"".join(lines)
    cuts = draw(st.lists(st.integers(1, len(text) - 1), max_size=12, unique=True))
    return table, text, sorted(cuts)


class Writing(threading.Event):
    """Writes the next piece whenever the reader waits, and stops it when it has waited once more behind the last one."""

    def __init__(self, file: Path, pieces: list[bytes]) -> None:
        super().__init__()
        self._file, self._pieces = file, pieces

    def wait(self, timeout: float | None = None) -> bool:
        if not self._pieces:
            self.set()
            return True
        with self._file.open("ab") as out:
            out.write(self._pieces.pop(0))
        return self.is_set()


def told(table: str, pieces: list[bytes], *, restart: bool = False) -> tuple[list[tuple[Any, ...]], list[bytes], Any]:
    """The rows one by one, the lines of the scraps with their reasons, and the last position."""
    rows: list[tuple[Any, ...]] = []
    scraps: list[bytes] = []
    after: Any = None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        stop = Writing(file, [*pieces, b""])
        source = Tail(file, subgroup="lot", timezone="Europe/Berlin")
        while not stop.is_set():
            for one in source.read(after, stop, FakeClock()):
                batch = Batch.of(one)
                rows += _each(batch.rows)
                for scrap in batch.scraps:
                    header = TABLES[table].splitlines()
                    scraps += [each + b" | " + scrap.reason.encode() for each in scrap.payload.splitlines() if each not in header]
                after = batch.position
                if restart:
                    break
        kept = {key: after[key] for key in ("offset", "refused")}
    return rows, scraps, kept


def _each(rows: Rows) -> list[tuple[Any, ...]]:
    x = np.ascontiguousarray(rows.x)
    labels = (rows.subgroup or ("",) * len(rows), rows.product or ("",) * len(rows))
    return [(rows.names, x[i].tobytes(), str(rows.at[i]), rows.ids[i], labels[0][i], labels[1][i]) for i in range(len(rows))]


@settings(max_examples=15, deadline=None)
@given(texts(), st.booleans())
def test_pieces_give_what_the_whole_gives(text: tuple[str, bytes, list[int]], restart: bool) -> None:
    table, whole, cuts = text
    ends = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(ends)]
    assert told(table, pieces, restart=restart) == told(table, [whole])


def test_a_column_that_is_empty_in_the_first_row_is_read_when_it_has_values() -> None:
    header, lines = TABLES["points"], [line("points", k, f"{160 + k / 64:.4f}", f"0.{k + 11}") for k in range(8)]
    first = lines[0].replace(b"0.11", b"")
    rows, _, _ = told("points", [header + first, *lines[1:]])
    assert {names for names, *_ in rows[2:]} == {("length_mm", "warp_mm")}
    assert np.frombuffer(rows[3][1]).tolist() == [160.0469, 0.14]
