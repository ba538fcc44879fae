"""A file of the archive: rows of a line that follow each other and what was found of them, as Parquet that other programs read, too.

A column for each variable under its own name, float64 bit for bit; seq, at, received_at, part, quality, subgroup, product, raw, source;
for each chart value, limit (`t2_ucl`) and whether it was out (`t2_out`); activation_id and note. Which rows came with which columns, and
which were judged together, stands in the file's footer, so that what is read is what was written. pyarrow is an extra.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np

from spc.errors import LedgerError
from spc.ledger.clock import NONE
from spc.ledger.unread import Unread
from spc.ledger.windows import LABELS, Judged, Window
from spc.nouns import Bools, Floats, Ints, Rows
from spc.scatter import kernel

_FOOTER: Final = b"spc"
_OWN: Final = ("seq", "at", "received_at", "part", "quality", "subgroup", "product", "raw", "source", "activation_id", "note")
_COUNTED: Final = ("seq", "at", "received_at")  # numbers that follow each other: what is written is the steps between them
_FEW: Final = ("source", "quality", "subgroup", "product", "raw", "note")  # texts that recur: read as the few that they are
_STRIP: Final = 2048  # rows turned at a time from columns into rows: they stay in the cache


def arrow() -> tuple[Any, Any]:
    """pyarrow and pyarrow.parquet; LedgerError with the cure when they are not installed."""
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
        import pyarrow.parquet  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError:
        raise LedgerError('The archive is kept as Parquet and pyarrow is not installed. Cure: pip install "spc[archive]".') from None
    return pyarrow, pyarrow.parquet


def joined(windows: Sequence[Window]) -> list[Window]:
    """Rows that follow each other, one window for as long as they came with the same columns, codes and labels."""
    return [_one(list(some)) for _, some in groupby(windows, key=_kind)]


def _kind(one: Window) -> tuple[Any, ...]:
    rows = one.rows
    return rows.names, rows.codes is None, *(bool(getattr(rows, label)) for label in LABELS if label != "part")


def _one(some: list[Window]) -> Window:
    if len(some) == 1:
        return some[0]
    seq, received = np.concatenate([one.seq for one in some]), np.concatenate([one.received for one in some])
    rows = [one.rows for one in some]
    codes = None if rows[0].codes is None else np.concatenate([one.codes for one in rows if one.codes is not None])
    ids = tuple(id for one in rows for id in one.ids)
    quality, subgroup, product, raw = (
        tuple(each for one in rows for each in getattr(one, label)) for label in ("quality", "subgroup", "product", "raw")
    )
    x, at = np.concatenate([one.x for one in rows]), np.concatenate([one.at for one in rows])
    made = Rows(rows[0].names, x, at, ids, quality, subgroup, product, codes, raw)
    return Window(seq, made, received, tuple(each for one in some for each in one.source))


def together(found: Sequence[Judged]) -> list[Judged]:
    """The same for what was found: one for as long as rows without a gap between them were judged on the same charts by one model."""
    groups: list[list[Judged]] = []
    for one in found:
        last = groups[-1][-1] if groups else None
        if last is not None and (last.charts, last.activation, int(last.seq[-1]) + 1) == (one.charts, one.activation, int(one.seq[0])):
            groups[-1].append(one)
        else:
            groups.append([one])
    return [_found(some) for some in groups]


def _found(some: list[Judged]) -> Judged:
    seq, value, ucl, out = (np.concatenate([getattr(one, name) for one in some]) for name in ("seq", "value", "ucl", "out"))
    return Judged(seq, some[0].charts, value, ucl, out, {i: note for one in some for i, note in one.notes.items()}, some[0].activation)


def write(file: Path, line: str, windows: Sequence[Window], found: Sequence[Judged], *, plainly: bool = False) -> None:
    """Writes a file; `windows` and `found` as `joined` and `together` make them.

    Measured values have few digits and recur: a column of such is written as a dictionary, a quarter of the size, unless `plainly` is
    asked for, because the dictionary took one kind of NaN for another. Values that do not recur are mostly noise: they get a
    compression that costs little to undo, and none where it would not make them smaller by a tenth.
    """
    arrow_, parquet = arrow()
    names = tuple(dict.fromkeys(name for one in windows for name in one.rows.names))
    charts = tuple(dict.fromkeys(name for one in found for name in one.charts))
    place = _columns(names, charts)
    columns, floats, plain = _row_columns(arrow_, windows, names, place)
    more, numbers = _point_columns(arrow_, windows, found, charts, place)
    columns |= more
    footer = {
        "version": 1,
        "line": line,
        "names": names,
        "charts": charts,
        "columns": place,
        "ids": any(id is not None for one in windows for id in one.rows.ids),
        "source": _only({word for one in windows for word in one.source}),
        "rows": [[int(w.seq[0]), int(w.seq[-1]), w.rows.names, w.rows.codes is not None, _labelled(w)] for w in windows],
        "judged": [[int(j.seq[0]), int(j.seq[-1]), j.charts, j.activation] for j in found],
    }
    body = json.dumps(footer, ensure_ascii=False).encode()
    table = arrow_.table(columns).replace_schema_metadata({_FOOTER: f"{zlib.crc32(body):08x}".encode() + body})
    recurring = [] if plainly else [name for name in (*floats, *numbers) if _recurs(columns[name])]
    once = [name for name in (*floats, *numbers) if name not in recurring]
    smaller = {name for name in once if _shrinks(arrow_, columns[name])}
    own = dict.fromkeys(smaller, "BYTE_STREAM_SPLIT") | dict.fromkeys(_COUNTED, "DELTA_BINARY_PACKED")
    words = [name for name in columns if name not in (*floats, *numbers, *plain) and (name != "part" or _says_again(table["part"]))]
    parquet.write_table(
        table,
        file,
        row_group_size=len(table),
        compression={name: ("lz4" if name in smaller else "none") if name in once else "zstd" for name in columns},
        use_dictionary=[*words, *recurring],
        column_encoding=own,
        dictionary_pagesize_limit=8 * len(table) + 1024,
        write_page_checksum=True,
    )


def _recurs(x: Floats) -> bool:
    return len(np.unique(_bits(x))) * 3 <= len(x)


def _shrinks(arrow_: Any, x: Floats) -> bool:
    """Whether the first, second … eighth bytes of the values, put together, can be told in nine tenths of the room."""
    apart = np.ascontiguousarray(x).view(np.uint8).reshape(-1, 8).T.tobytes()
    return len(arrow_.compress(apart, codec="lz4_raw")) * 10 <= len(apart) * 9


def _says_again(words: Any) -> bool:
    return len(words.unique()) * 3 <= len(words)


def _only(words: set[str]) -> str | None:
    return next(iter(words)) if len(words) == 1 else None


def _labelled(window: Window) -> list[str]:
    return [label for label in LABELS if label != "part" and getattr(window.rows, label)]


def _columns(names: Sequence[str], charts: Sequence[str]) -> dict[str, list[str]]:
    """The column of each variable and those of each chart; where a name is taken, an underscore is put behind it."""
    taken = set(_OWN)

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    x = [free(name) for name in names]
    return {
        "x": x,
        "codes": [free(f"{name}_code") for name in names],
        **{kind: [free(f"{name}{end}") for name in charts] for kind, end in (("value", ""), ("ucl", "_ucl"), ("out", "_out"))},
    }


def _row_columns(
    arrow_: Any, windows: Sequence[Window], names: Sequence[str], place: dict[str, list[str]]
) -> tuple[dict[str, Any], list[str], list[str]]:
    """The columns of the rows, which of them are float64, and which others are numbers."""
    time = arrow_.timestamp("us", tz="UTC")
    at = np.concatenate([one.rows.at for one in windows]).astype("datetime64[us]").view(np.int64)
    ends = np.cumsum([len(one) for one in windows])
    columns: dict[str, Any] = {
        "seq": np.concatenate([one.seq for one in windows]),
        "at": arrow_.array(at, mask=at == NONE).cast(time),
        "received_at": arrow_.array(np.concatenate([one.received for one in windows])).cast(time),
        "part": arrow_.array([id for one in windows for id in one.rows.ids], arrow_.string()),
        "source": arrow_.array([word for one in windows for word in one.source], arrow_.string()),
    }
    for label in ("quality", "subgroup", "product", "raw"):
        kept = ((getattr(one.rows, label) or (LABELS[label],) * len(one)) for one in windows)
        columns[label] = arrow_.array([word for some in kept for word in some], arrow_.string())
    coded = any(one.rows.codes is not None for one in windows)
    for j, name in enumerate(names):
        x, codes = np.full(len(at), np.nan), np.zeros(len(at), dtype=np.uint8)
        for one, end in zip(windows, ends.tolist(), strict=True):
            if name in one.rows.names:
                here, k = slice(end - len(one), end), one.rows.names.index(name)
                x[here] = one.rows.x[:, k]
                if one.rows.codes is not None:
                    codes[here] = one.rows.codes[:, k]
        columns[place["x"][j]] = x
        if coded:
            columns[place["codes"][j]] = codes
    return columns, place["x"], ["seq", "at", "received_at", *(place["codes"] if coded else ())]


def _point_columns(
    arrow_: Any, windows: Sequence[Window], found: Sequence[Judged], charts: Sequence[str], place: dict[str, list[str]]
) -> tuple[dict[str, Any], list[str]]:
    """The columns of the points, and which of them are float64."""
    first, n = int(windows[0].seq[0]), sum(map(len, windows))
    activation, notes = np.zeros(n, dtype=np.int32), [""] * n
    columns: dict[str, Any] = {}
    for name, v, u, o in zip(charts, place["value"], place["ucl"], place["out"], strict=True):
        value, ucl, out = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.bool_)
        for one in found:
            if name in one.charts:
                here, k = slice(int(one.seq[0]) - first, int(one.seq[-1]) - first + 1), one.charts.index(name)
                value[here], ucl[here], out[here] = one.value[:, k], one.ucl[:, k], one.out[:, k]
        columns[v], columns[u], columns[o] = value, ucl, out
    for one in found:
        activation[int(one.seq[0]) - first : int(one.seq[-1]) - first + 1] = one.activation
        for seq, note in one.notes.items():
            notes[seq - first] = note
    columns["activation_id"] = arrow_.array(activation, mask=activation == 0)
    columns["note"] = arrow_.array(notes, arrow_.string())
    return columns, [*place["value"], *place["ucl"]]


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Whatever is wrong with a file of the archive is said with its name and the cure."""
    arrow_, _ = arrow()
    try:
        yield
    except FileNotFoundError:
        words = f"The archive's file {file} is not there."
        raise LedgerError(f"{words} Put it back from a backup, or name the archive's folder (archive in plant.toml).") from None
    except (OSError, ValueError, KeyError, TypeError, arrow_.ArrowException) as broken:
        said = " ".join(str(broken).split())
        raise LedgerError(
            f"The archive's file {file} is damaged ({said}). Put it back from a backup; spc verify finds all such files."
        ) from None


class File:
    """A file of the archive, read when asked for: `windows` are its rows, `judged` what was found of them. Raises LedgerError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _, parquet = arrow()
        with _told(path):
            self._file = parquet.ParquetFile(path, page_checksum_verification=True, read_dictionary=list(_FEW))
            body = (self._file.schema_arrow.metadata or {})[_FOOTER]
            if f"{zlib.crc32(body[8:]):08x}".encode() != body[:8]:
                raise ValueError("its footer's checksum differs")
            self._footer = json.loads(body[8:])
        self.line: str = self._footer["line"]
        self.first, self.last = int(self._footer["rows"][0][0]), int(self._footer["rows"][-1][1])

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Its rows."""
        with _told(self.path):
            return tuple(self._windows())

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """What was found of them."""
        with _told(self.path):
            return tuple(self._judged())

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """The first and the last row of each stretch that was judged, without reading any."""
        return [(int(first), int(last)) for first, last, *_ in self._footer["judged"]]

    def activation_of(self, seq: int) -> int | None:
        """The number of the activation under which a row was judged; None when it was not."""
        return next((int(id) for first, last, _, id in self._footer["judged"] if first <= seq <= last), None)

    def _windows(self) -> Iterator[Window]:
        known, place = self._footer["names"], self._footer["columns"]
        runs = self._footer["rows"]
        labels = sorted({label for run in runs for label in run[4]})
        coded = any(run[3] for run in runs)
        # What is the same in all rows stands in the footer; files that were written before do not say it.
        every = {"part": None} if not self._footer.get("ids", True) else {}
        every |= {"source": word} if (word := self._footer.get("source")) is not None else {}
        texts = [label for label in ("part", "source", *labels) if label not in every]
        table = self._file.read(columns=["at", "received_at", *texts, *place["x"], *(place["codes"] if coded else ())])
        at, received, x = _times(table["at"]), _times(table["received_at"]), _numbers(table, place["x"], np.float64)
        codes = _numbers(table, place["codes"], np.uint8) if coded else None
        words = {label: _words(table[label]) for label in texts if label != "part"}
        words |= {label: (word,) * len(table) for label, word in every.items()}
        ids = words["part"] if "part" in every else Unread(cache(partial(_words, table["part"])), range(len(table)))
        for first, last, names, has_codes, has in runs:
            here = slice(first - self.first, last - self.first + 1)
            which = slice(None) if names == known else [known.index(name) for name in names]
            kept = {label: words[label][here] if label in has else () for label in ("quality", "subgroup", "product", "raw")}
            rows = Rows(
                tuple(names),
                np.ascontiguousarray(x[here, which]),
                at[here].view("datetime64[us]"),
                ids[here],
                kept["quality"],
                kept["subgroup"],
                kept["product"],
                np.ascontiguousarray(codes[here, which]) if has_codes and codes is not None else None,
                kept["raw"],
            )
            yield Window(np.arange(first, last + 1, dtype=np.int64), rows, received[here], words["source"][here])

    def _judged(self) -> Iterator[Judged]:
        known, place = self._footer["charts"], self._footer["columns"]
        table = self._file.read(columns=["note", *place["value"], *place["ucl"], *place["out"]])
        value, ucl = (_numbers(table, place[kind], np.float64) for kind in ("value", "ucl"))
        out = np.empty(value.shape, dtype=np.bool_)
        for k, name in enumerate(place["out"]):
            out[:, k] = table[name].to_numpy()
        notes = {i: note for i, note in enumerate(_words(table["note"]), self.first) if note}
        noted = sorted(notes)
        for first, last, charts, activation in self._footer["judged"]:
            here = slice(first - self.first, last - self.first + 1)
            which = [known.index(name) for name in charts]
            own = {i: notes[i] for i in noted[bisect_left(noted, first) : bisect_right(noted, last)]}
            seq = np.arange(first, last + 1, dtype=np.int64)
            yield Judged(seq, tuple(charts), value[here, which], ucl[here, which], out[here, which], own, activation)


def _times(column: Any) -> Ints:
    """Times as µs; a missing one as the ledger has it."""
    arrow_, _ = arrow()
    us = column.cast(arrow_.int64())
    return np.asarray((us.fill_null(NONE) if us.null_count else us).to_numpy())


def _words(column: Any) -> tuple[Any, ...]:
    """Texts; where few recur, each is made once."""
    if column.null_count == len(column):
        return (None,) * len(column)
    arrow_, _ = arrow()
    if not arrow_.types.is_dictionary(column.type):
        return tuple(column.to_numpy().tolist())
    column = column.unify_dictionaries().combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    kinds = np.array([*column.dictionary.to_pylist(), None], dtype=object)
    if len(kinds) == 2 and not column.null_count:
        return (kinds[0],) * len(column)
    return tuple(kinds[column.indices.fill_null(len(kinds) - 1).to_numpy()].tolist())


def _numbers(table: Any, names: Sequence[str], kind: Any) -> Any:
    """Columns as rows (n, p)."""
    columns = [table[name].to_numpy() for name in names]
    if kind is np.float64 and (turned := kernel.side_by_side(columns)) is not None:
        return turned
    x = np.empty((len(table), len(names)), dtype=kind)
    for start in range(0, len(x), _STRIP):
        here = slice(start, start + _STRIP)
        for j, column in enumerate(columns):
            x[here, j] = column[here]
    return x


def same(a: Window, b: Window) -> bool:
    """Whether two windows are the same to the last bit."""
    one, two = a.rows, b.rows
    words = all(getattr(one, name) == getattr(two, name) for name in ("names", "ids", "quality", "subgroup", "product", "raw"))
    codes = one.codes is None if two.codes is None else one.codes is not None and np.array_equal(one.codes, two.codes)
    arrays = ((a.seq, b.seq), (a.received, b.received), (one.at.view(np.int64), two.at.view(np.int64)), (_bits(one.x), _bits(two.x)))
    return words and codes and a.source == b.source and all(np.array_equal(left, right) for left, right in arrays)


def alike(a: Judged, b: Judged) -> bool:
    """The same for what was found."""
    words = (a.charts, a.activation, dict(a.notes)) == (b.charts, b.activation, dict(b.notes))
    arrays = ((a.seq, b.seq), (_bits(a.value), _bits(b.value)), (_bits(a.ucl), _bits(b.ucl)), (a.out, b.out))
    return words and all(np.array_equal(left, right) for left, right in arrays)


def _bits(x: Floats) -> Ints | Bools:
    return np.ascontiguousarray(x, dtype="<f8").view("<i8")
