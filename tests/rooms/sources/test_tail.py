from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spc.errors import BadTable, Complaint
from spc.nouns import Rows
from spc.sources import Scrap, Tail
from tests.small import FakeClock

HEADER = "timestamp;board_id;length_mm;warp_mm\n"


def line(k: int) -> str:
    return f"04.03.2025 06:{k // 60:02d}:{k % 60:02d};B{k:05d};{160 + k / 1000:.3f};0,{300 + k}\n".replace("160.", "160,")


class Follower:
    """A Tail read in a thread, and what it gave so far."""

    def __init__(self, source: Tail, after: object = None) -> None:
        self.given: list[tuple[Rows, dict[str, object]]] = []
        self.scraps: list[Scrap] = []
        self.failed: Exception | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._work, args=(source, after), daemon=True)
        self.thread.start()

    def _work(self, source: Tail, after: object) -> None:
        try:
            for one in source.read(after, self.stop, FakeClock()):
                self.given.append((one.rows, one.position))
                self.scraps += one.scraps
        except Exception as broken:  # noqa: BLE001 - looked at by the test
            self.failed = broken

    @property
    def ids(self) -> list[str | None]:
        return [id for rows, _ in self.given for id in rows.ids]

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60.0
        while not true():
            assert time.monotonic() < end, f"it did not happen: {self.ids}, {self.failed}"
            time.sleep(0.005)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(60.0)
        assert not self.thread.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


@pytest.fixture
def follow(file: Path) -> Iterator[Callable[..., Follower]]:
    followers: list[Follower] = []

    def start(after: object = None) -> Follower:
        followers.append(Follower(Tail(file, every_s=0.01), after))
        return followers[-1]

    yield start
    for one in followers:
        one.close()


def boards(first: int, last: int) -> list[str]:
    return [f"B{k:05d}" for k in range(first, last + 1)]


def add(file: Path, text: str) -> None:
    with file.open("a") as out:
        out.write(text)


def test_it_waits_for_the_file_and_reads_each_complete_line_once(file: Path, follow: Callable[..., Follower]) -> None:
    one = follow()
    time.sleep(0.05)
    file.write_text(HEADER + line(1) + line(2))
    one.until(lambda: one.ids == boards(1, 2))
    add(file, line(3)[:20])
    time.sleep(0.1)
    assert one.ids == boards(1, 2)
    add(file, line(3)[20:] + line(4))
    one.until(lambda: one.ids == boards(1, 4))
    rows = one.given[-1][0]
    assert rows.names == ("length_mm", "warp_mm")
    assert rows.x[-1].tolist() == [160.004, 0.304]
    assert str(rows.at[-1]) == "2025-03-04T06:00:04.000000"


def test_a_restart_goes_on_where_it_stopped(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 101))))
    one = follow()
    one.until(lambda: len(one.ids) == 100)
    one.close()
    add(file, line(101))
    two = follow(one.given[-1][1])
    two.until(lambda: two.ids == ["B00101"])


def test_a_file_renamed_away_is_read_to_its_end_then_the_new_one(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 11))))
    one = follow()
    one.until(lambda: len(one.ids) == 10)
    file.rename(file.with_suffix(".csv.1"))
    add(file.with_suffix(".csv.1"), line(11))
    one.until(lambda: len(one.ids) == 11)
    file.write_text(HEADER + line(12) + line(13))
    one.until(lambda: one.ids == boards(1, 13))


def test_a_file_renamed_while_nobody_read_is_found_and_finished(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 11))))
    one = follow()
    one.until(lambda: len(one.ids) == 10)
    one.close()
    add(file, line(11))
    file.rename(file.with_suffix(".csv.1"))
    file.write_text(HEADER + line(12))
    two = follow(one.given[-1][1])
    two.until(lambda: two.ids == boards(11, 12))


def test_a_file_that_was_cut_and_begun_again_is_read_from_its_beginning(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 51))))
    one = follow()
    one.until(lambda: len(one.ids) == 50)
    file.write_text(HEADER + line(51))
    one.until(lambda: one.ids == boards(1, 51))


def test_another_file_of_the_same_length_under_the_name_is_seen_after_a_restart(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + line(1) + line(2))
    one = follow()
    one.until(lambda: len(one.ids) == 2)
    one.close()
    file.write_text(HEADER + line(3) + line(4))
    two = follow(one.given[-1][1])
    two.until(lambda: two.ids == boards(3, 4))


def test_one_bad_line_is_refused_and_counted_and_the_others_are_read(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 31))))
    one = follow()
    one.until(lambda: len(one.ids) == 30)
    add(file, line(31) + "a;line;with;too;many;cells;in;it\n" + line(32))
    one.until(lambda: one.ids == boards(1, 32))
    assert one.given[-1][1]["refused"] == 1


def test_a_single_new_line_is_read_like_the_rest(file: Path, follow: Callable[..., Follower]) -> None:
    """One row alone could be 1.234 or 1234, the 3rd of April or the 4th of March: the file's first rows decide."""
    file.write_text(HEADER + "31.03.2025 06:00:00;B00001;1.159,25;0,31\n31.03.2025 06:00:45;B00002;1.160,25;0,32\n")
    one = follow()
    one.until(lambda: len(one.ids) == 2)
    add(file, "01.04.2025 06:00:00;B00003;1.161;0,33\n")
    one.until(lambda: len(one.ids) == 3)
    rows = one.given[-1][0]
    assert rows.x[0].tolist() == [1161.0, 0.33]
    assert str(rows.at[0]).startswith("2025-04-01")


def test_utf_16_is_refused_in_words(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + line(1), encoding="utf-16")
    one = follow()
    one.until(lambda: one.failed is not None)
    assert isinstance(one.failed, Complaint)
    assert "UTF-16" in str(one.failed)


def test_what_is_no_row_becomes_a_scrap_with_its_bytes_and_the_reason(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 6))))
    one = follow()
    one.until(lambda: len(one.ids) == 5)
    add(file, "a;line;with;too;many;cells\n")
    one.until(lambda: len(one.scraps) == 1)
    assert one.scraps[0].payload == HEADER.encode() + b"a;line;with;too;many;cells\n"
    assert one.scraps[0].reason.startswith("It has 6 cells, the table has 4 columns.")
    half = line(6)[:25]  # the writer died here, and began again with a line of its own
    add(file, half + "\n" + line(7))
    one.until(lambda: one.ids == [*boards(1, 5), "B00007"])
    assert [one.payload.decode() for one in one.scraps[1:]] == [HEADER + half + "\n"]


def test_a_damaged_beginning_does_not_stop_it(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "x;y;z;too;many\n" + line(1) + 'B;"open\n' + line(2))
    one = follow()
    one.until(lambda: one.ids == boards(1, 2))
    assert b"".join(one.payload for one in one.scraps) == HEADER.encode() + b"x;y;z;too;many\n" + HEADER.encode() + b'B;"open\n'


def test_a_line_without_end_is_passed_over_and_a_restart_knows_it(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + line(1) + line(2))
    one = follow()
    one.until(lambda: len(one.ids) == 2)
    add(file, "9" * 2_500_000)
    one.until(lambda: len(one.scraps) == 1)
    assert len(one.scraps[0].payload) == 1 << 20
    assert "longer than a megabyte" in one.scraps[0].reason
    one.close()
    assert one.given[-1][1]["skip"]
    two = follow(one.given[-1][1])
    add(file, "9" * 1_200_000 + "\n" + line(3))
    two.until(lambda: two.ids == ["B00003"])
    assert two.scraps == []


def test_bytes_that_are_no_utf_8_stop_nothing(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + line(1) + line(2))
    with file.open("ab") as out:
        out.write(line(3).encode().replace(b"B00003", b"B\xfc3") + b"\xff\xfe\x81;\n" + line(4).encode())
    one = follow()
    one.until(lambda: len(one.ids) == 4)
    assert one.ids == ["B00001", "B00002", "Bü3", "B00004"]
    assert [scrap.payload for scrap in one.scraps] == [HEADER.encode() + b"\xff\xfe\x81;\n"]


def test_a_scrap_is_read_again_as_the_file_is_or_by_its_own_header(file: Path, follow: Callable[..., Follower]) -> None:
    file.write_text(HEADER + "".join(map(line, range(1, 6))))
    one = follow()
    add(file, line(6).strip() + ";much\n" + line(7))
    one.until(lambda: len(one.scraps) == 1)
    kept, source = one.scraps[0], Tail(file)
    with pytest.raises(BadTable, match="has 5 cells"):
        source.again(kept.payload, kept.reason)
    (rows,) = source.again(kept.payload.replace(b";much", b""), kept.reason)
    assert (rows.names, rows.ids, rows.x.tolist()) == (one.given[0][0].names, ("B00006",), one_line(6))
    assert source.again(line(6).encode())[0].ids == ("B00006",)  # a line alone is one of the file
    (json_row,) = source.again(b'{"time": "2025-03-04T06:00:06Z", "id": "B00006", "values": {"a_mm": 1.5}}')
    assert (json_row.names, json_row.ids) == (("a_mm",), ("B00006",))
    other = b"zeit;board;b_mm;a_mm\n04.03.2025 06:00:06;B00006;0,5;160,5\n"  # by hand, with its columns the other way round
    assert source.again(other)[0].names == ("b_mm", "a_mm")
    file.unlink()
    assert source.again(kept.payload.replace(b";much", b""))[0].x.tolist() == one_line(6)
    with pytest.raises(BadTable, match="names of the columns"):
        source.again(line(6).encode())
    with pytest.raises(BadTable, match="first megabyte"):
        source.again(b"9" * (1 << 20))


def one_line(k: int) -> list[list[float]]:
    *_, a, b = line(k).strip().replace(",", ".").split(";")
    return [[float(a), float(b)]]


def test_a_probe_says_what_is_there(file: Path) -> None:
    with pytest.raises(Complaint, match="There is no file"):
        Tail(file).probe(FakeClock())
    file.write_text(HEADER)
    assert "no complete row" in Tail(file).probe(FakeClock())
    add(file, line(1))
    said = Tail(file).probe(FakeClock())
    assert "length_mm, warp_mm; time in timestamp; part number in board_id" in said


def test_the_product_of_a_row_comes_with_it(file: Path) -> None:
    text = "time,board,recipe,a_mm\n" + "".join(f"2025-03-04T06:00:{k:02d},B{k},{'AB'[k % 2]}7,{k + 0.5}\n" for k in range(6))
    file.write_text(text)
    batch = next(iter(Tail(file, columns=("a_mm",), product="recipe").read(None, threading.Event(), FakeClock())))
    assert batch.rows.product == ("A7", "B7") * 3


def test_rows_that_are_a_little_late_are_put_in_order_and_none_is_lost_by_a_restart(file: Path) -> None:
    file.write_text(HEADER + "".join(map(line, (1, 2, 4, 3, 6, 5, 9))))
    source = Tail(file, every_s=0.01, reorder_s=2.0)
    stop = threading.Event()
    given: list[str | None] = []
    positions = []
    for batch in source.read(None, stop, FakeClock()):
        given += batch.rows.ids
        positions.append(batch.position)
        if len(given) == 7:
            stop.set()
    assert given == [f"B{k:05d}" for k in (1, 2, 3, 4, 5, 6, 9)]
    assert positions[0] is None  # a row of the block was still held back
    assert positions[-1] is not None
    again = next(iter(source.read(positions[0], threading.Event(), FakeClock())))
    assert again.rows.ids[0] == "B00001"
