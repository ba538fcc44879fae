"""What a site decides: config/plant.toml, one file per line in config/lines/, and the environment. An unknown word is refused.

A word in the environment wins over the files: SPC_HOST, SPC_PORT, SPC_LEDGER, SPC_ARCHIVE, SPC_TIMEZONE, SPC_LANGUAGE, SPC_URL, SPC_DEMO.
Secrets are never written in these files: `password_file` of a source or a notifier names a file that holds it, or the environment has it:
SPC_SOURCE_<LINE>_PASSWORD, SPC_NOTIFY_<NAME>_PASSWORD. There, too, the environment wins.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, Union
from zoneinfo import ZoneInfo

from spc.errors import BadSettings
from spc.language import LANGUAGES
from spc.logs import LEVELS

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_NOT_A_WORD = {"word": False}  # a field that is found, not written in the file
SECRETS = ("password", "token", "secret")
OTHERS = ("SPC_CONFIG", "SPC_LEDGER_PASSWORD_FILE", "SPC_SHARED", "SPC_CHROMIUM")  # read elsewhere: the last two by the tests


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """A signal when `k` of the last `n` rows are out; in again after `back` rows in a row that are in."""

    k: int = 1
    n: int = 1
    back: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n or self.back < 1:
            raise BadSettings(f"watch: {self.k} of {self.n} out, {self.back} back is no rule.", cure="1 <= k <= n and back >= 1.")


@dataclass(frozen=True, slots=True)
class PartSettings:
    """A source or a notifier: its name, its kind (a word of the registry, or "module:Class"), and the options of that kind."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold a secret: never shown


@dataclass(frozen=True, slots=True)
class VariableSettings:
    """A column as people call it: its name in sentences and its unit; what is empty is as the reference has it."""

    name: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """A line. `interval_s` is the time expected between two rows; `advice` says per variable what to do when it is the culprit.

    `part` is what one row is called in an alert: "Board" gives "Board B00321". An advice for the variable "*" is for all others.
    `variables` says per column how people call it. `language` is that of the line's sentences, the plant's when it is empty. A row whose
    time is more than `late_s` behind the newest is late (three intervals, at least a minute, when it is not given): no chart with memory
    takes it in and it raises no alarm. A value that came `stuck_rows` times in a row, to the last digit, is an alarm of its own; 0 says
    never. Rows that live arrive more than `skew_s` from their own time are told as a clock that is off; 0 says never. With `own_process`
    the line's source is read by `spc run` and not by the server; there numbers for Prometheus are given on `metrics_port`, 0 for none.
    """

    name: str
    title: str = ""
    watch: WatchSettings = WatchSettings()
    interval_s: float | None = None
    source: PartSettings | None = None
    advice: Mapping[str, str] = field(default_factory=dict)
    priority: Literal["critical", "high", "medium", "low"] = "high"
    part: str = "Part"
    language: str = ""
    late_s: float | None = None
    stuck_rows: int = 120
    skew_s: float = 60.0
    own_process: bool = False
    metrics_port: int = 0
    variables: Mapping[str, VariableSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.language not in ("", *LANGUAGES):
            raise _unknown("language", self.language, LANGUAGES, f"line {self.name}")
        self._told_apart()
        if not _NAME.fullmatch(self.name):
            raise BadSettings(f"{self.name!r} is no name for a line.", cure="Use small letters, digits, - and _ (at most 80).")
        if not self.title:
            object.__setattr__(self, "title", self.name)
        if self.priority not in ("critical", "high", "medium", "low"):
            raise _unknown("priority", self.priority, ("critical", "high", "medium", "low"), f"line {self.name}")
        if self.stuck_rows < 0 or not self.skew_s >= 0 or (self.late_s is not None and not self.late_s > 0):
            raise BadSettings(
                f"line {self.name}: late_s is more than 0, stuck_rows and skew_s are not negative.", cure="Correct the value."
            )
        if not 0 <= self.metrics_port <= 65535 or (self.metrics_port and not self.own_process):
            raise BadSettings(
                f"line {self.name}: metrics_port is {self.metrics_port}, own_process is {str(self.own_process).lower()}.",
                cure="A port (1 to 65535) is for a line with own_process = true; the server gives its numbers at /metrics.",
            )
        if self.interval_s is not None and not self.interval_s > 0:
            raise BadSettings(f"line {self.name}: interval_s is {self.interval_s}.", cure="Give seconds, more than 0.")

    def _told_apart(self) -> None:
        """Two columns with one name would make a sentence that nobody can act on."""
        by_name: dict[str, str] = {}
        for column, one in self.variables.items():
            if one.name and by_name.setdefault(one.name, column) != column:
                raise BadSettings(
                    f"line {self.name}: {by_name[one.name]} and {column} are both called {one.name!r}.", cure="Give each its own name."
                )

    @property
    def called(self) -> dict[str, tuple[str, str]]:
        """What people call each column, and its unit."""
        return {column: (one.name, one.unit) for column, one in self.variables.items()}

    @property
    def late_us(self) -> int:
        """How far behind the newest row, in µs, a row may be without being late."""
        return int(1e6 * (self.late_s or max(60.0, 3.0 * (self.interval_s or 0.0))))

    @property
    def stale_s(self) -> float | None:
        """After this many seconds without a row the line has no data: three intervals, at least ten seconds."""
        return None if self.interval_s is None else max(10.0, 3.0 * self.interval_s)


@dataclass(frozen=True, slots=True)
class Settings:
    """The plant: where to serve, where the ledger is, who is told, and its lines. `root` is what relative paths are relative to.

    `demo` fills an empty ledger with the demo reference and its model, so that the first start shows a line that runs. `reserve_mb` lie
    idle beside an SQLite ledger for the day on which its disk is full. Days older than `keep_days` go to files in the folder `archive`;
    with 0 all stay in the database. `log` lines are JSON, or text for people; "auto" is text at a
    terminal.
    """

    host: str = "127.0.0.1"
    port: int = 8050
    ledger: str = "sqlite:///var/spc.db"
    archive: str = ""
    keep_days: int = 0
    timezone: str = "UTC"
    url: str = ""
    demo: bool = False
    reserve_mb: int = 64
    log: Literal["auto", "json", "text"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    language: str = "en"
    notify: tuple[PartSettings, ...] = ()
    lines: tuple[LineSettings, ...] = field(default=(), metadata=_NOT_A_WORD)  # a file each
    root: Path = field(default=Path(), metadata=_NOT_A_WORD)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise _unknown("language", self.language, LANGUAGES, "settings")
        for word, said, known in (("log", self.log, ("auto", "json", "text")), ("log_level", self.log_level, tuple(LEVELS))):
            if said not in known:
                raise _unknown(word, said, known, "settings")
        if self.keep_days < 0:
            raise BadSettings(f"settings: keep_days is {self.keep_days}.", cure="Use 0 to keep all in the database, or some days.")
        if self.reserve_mb < 0:
            raise BadSettings(f"settings: reserve_mb is {self.reserve_mb}.", cure="Use 0 for no reserve, or some megabytes.")
        if not self.url:
            object.__setattr__(self, "url", f"http://{self.host}:{self.port}")
        if not 0 <= self.port <= 65535:
            raise BadSettings(f"port is {self.port}.", cure="Ports are 1 to 65535; 8050 is the usual one.")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise BadSettings(f"There is no time zone {self.timezone!r}.", cure='Use a name such as "Europe/Berlin" or "UTC".') from None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def archive_folder(self) -> Path | None:
        """The folder of the archive, as said; none: `archive` beside the file of an SQLite ledger."""
        if not self.archive and self.ledger.startswith("sqlite:"):
            return None
        return self.root / (self.archive or "var/archive")

    def line(self, name: str) -> LineSettings:
        """The settings of one line; raises BadSettings."""
        for one in self.lines:
            if one.name == name:
                return one
        raise _unknown("line", name, [one.name for one in self.lines], "settings")


def load(folder: Path | str = "config", env: Mapping[str, str] | None = None) -> Settings:
    """Reads plant.toml and lines/*.toml of a folder, then the environment. Paths are relative to the folder's parent.

    Raises BadSettings, which names the file and the nearest word that is known.
    """
    folder, env = Path(folder), os.environ if env is None else env
    root = folder.resolve().parent
    plant = _toml(folder / "plant.toml") if (folder / "plant.toml").exists() else {}
    where = str(folder / "plant.toml")
    words = {**plant, **_environment(env)}
    notify = words.pop("notify", {})
    if not isinstance(notify, Mapping):
        raise BadSettings(f"{where}: notify is a table per notifier.", cure="Write [notify.NAME] and below it kind = …")
    lines = tuple(_line(file, root, env) for file in sorted((folder / "lines").glob("*.toml")))
    if len({one.name for one in lines}) < len(lines):
        raise BadSettings(f"{folder / 'lines'}: two lines have the same name.", cure="Give each line its own name.")
    _owned("SPC_SOURCE_", [one.name for one in lines if one.source is not None], env)
    _owned("SPC_NOTIFY_", list(notify), env)
    parts = tuple(_part(name, one, f"{where}, notify.{name}", root, env, f"SPC_NOTIFY_{_upper(name)}") for name, one in notify.items())
    settings = answer(Settings, words, where)
    ledger = settings.ledger
    if ledger.startswith("sqlite:///") and not ledger.startswith("sqlite:////"):
        ledger = f"sqlite:///{root / ledger.removeprefix('sqlite:///')}"
    lines = tuple(dataclasses.replace(one, language=one.language or settings.language) for one in lines)
    return dataclasses.replace(settings, ledger=ledger, notify=parts, lines=lines, root=root)


def answer(cls: type[T], words: Mapping[str, Any], where: str) -> T:
    """A frozen dataclass made of words and values; raises BadSettings for an unknown word, a missing one, or a value of another type.

    >>> answer(WatchSettings, {"k": 2, "n": 3}, "line smt-2, watch")
    WatchSettings(k=2, n=3, back=3)
    >>> answer(WatchSettings, {"bakc": 2}, "line smt-2, watch")
    Traceback (most recent call last):
    spc.errors.BadSettings: line smt-2, watch: nobody knows the word 'bakc'. Did you mean 'back'? Words: back, k, n.
    """
    fields = {one.name: one for one in dataclasses.fields(cls) if one.metadata.get("word", True)}  # type: ignore[arg-type]
    kinds = typing.get_type_hints(cls)
    for word, value in words.items():
        if word not in fields:
            raise _unknown("word", word, fields, where)
        if not _fits(value, kinds[word]):
            raise BadSettings(f"{where}: {word} = {value!r} is not {_called(kinds[word])}.", cure="Correct the value.")
    try:
        return cls(**{word: tuple(value) if isinstance(value, list) else value for word, value in words.items()})
    except TypeError:
        none = dataclasses.MISSING
        missing = [k for k, one in fields.items() if one.default is none and one.default_factory is none and k not in words]
        raise BadSettings(f"{where}: {', '.join(missing)} is missing.", cure="Add it.") from None


def plugin(registry: Mapping[str, type], part: PartSettings, where: str) -> Any:
    """The thing that a part of the settings asks for: a word of the registry, or a class anywhere, named "module:Class"."""
    where = f"{where} {part.name} ({part.kind})"
    found: Any = registry.get(part.kind)
    if found is None and ":" in part.kind:
        module, _, name = part.kind.partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as broken:
            raise BadSettings(f"{where}: {part.kind} cannot be found ({broken}).", cure="Install it, or correct the name.") from broken
    if found is None:
        raise _unknown("kind", part.kind, registry, where)
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise BadSettings(f"{where}: {part.kind} is not a dataclass.", cure="Its fields are its options.")
    return answer(found, part.options, where)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise BadSettings(f"{file} is not TOML: {broken}.", cure="Correct that line.") from None
    except OSError as broken:
        raise BadSettings(f"{file} cannot be read: {broken.strerror}.", cure="Check its name and rights.") from None


def _environment(env: Mapping[str, str]) -> dict[str, Any]:
    texts = ("SPC_HOST", "SPC_LEDGER", "SPC_ARCHIVE", "SPC_TIMEZONE", "SPC_URL", "SPC_LANGUAGE")
    kinds = {**dict.fromkeys(texts, str), "SPC_PORT": int, "SPC_DEMO": bool}
    words: dict[str, Any] = {}
    for name, text in env.items():
        if not name.startswith("SPC_") or name in OTHERS or name.startswith(("SPC_NOTIFY_", "SPC_SOURCE_")):
            continue
        if name not in kinds:
            raise _unknown("word", name, (*kinds, *OTHERS), "environment")
        words[name.removeprefix("SPC_").lower()] = _from_text(name, text, kinds[name])
    return words


def _from_text(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
            raise BadSettings(f"environment: {name} = {text!r} is neither yes nor no.", cure="Write true or false.")
        return text.lower() in ("1", "true", "yes")
    if kind is int and not text.isdigit():
        raise BadSettings(f"environment: {name} = {text!r} is not a whole number.", cure="Correct the value.")
    return kind(text)


def _upper(name: str) -> str:
    """The name of a line or a notifier as words of the environment have it."""
    return name.upper().replace("-", "_")


def _owned(prefix: str, names: Iterable[str], env: Mapping[str, str]) -> None:
    """Every secret of the environment belongs to one part: one that is misspelt would be missed at the door of a broker only."""
    known: dict[str, str] = {}
    for one in names:
        for word in SECRETS:
            other = known.setdefault(name := f"{prefix}{_upper(one)}_{word.upper()}", one)
            if other != one and name in env:
                raise BadSettings(f"environment: {name} could be of {other} and of {one}.", cure=f"Name a file for each: {word}_file = …")
    for name in env:
        if name.startswith(prefix) and name not in known:
            raise _unknown("word", name, known, "environment")


def _line(file: Path, root: Path, env: Mapping[str, str]) -> LineSettings:
    words = _toml(file)
    where = str(file)
    watch, source, variables = words.pop("watch", {}), words.pop("source", None), words.pop("variables", {})
    made = answer(LineSettings, {"name": file.stem, **words}, where)
    rule = answer(WatchSettings, watch, f"{where}, watch")
    columns = _variables(variables, f"{where}, variables")
    if source is not None:
        source = _part("source", source, f"{where}, source", root, env, f"SPC_SOURCE_{_upper(made.name)}")
    return dataclasses.replace(made, watch=rule, variables=columns, source=source)


def _variables(words: Any, where: str) -> dict[str, VariableSettings]:
    """What people call the columns."""
    if not isinstance(words, Mapping):
        raise BadSettings(f"{where} is a table per column.", cure='Write [variables.warp_mm] and below it name = "warp".')
    found = {}
    for column, one in words.items():
        if not isinstance(one, Mapping):
            raise BadSettings(f"{where}.{column} is no table.", cure=f'Write {column} = {{name = "…", unit = "…"}}.')
        found[column] = answer(VariableSettings, one, f"{where}.{column}")
    return found


def _part(name: str, words: Any, where: str, root: Path, env: Mapping[str, str], secrets: str) -> PartSettings:
    """A source or a notifier; the environment's words for its secrets begin with `secrets`, and win over a file, which is not read then."""
    if not isinstance(words, Mapping) or not isinstance(words.get("kind"), str):
        raise BadSettings(f"{where}: kind is missing.", cure='For example kind = "replay" for a source, kind = "webhook" for a notifier.')
    options = {k: _rooted(k, v, root) for k, v in words.items() if k != "kind"}
    for word in SECRETS:
        if word in options:
            raise BadSettings(
                f"{where}: a {word} must not stand in a settings file.", cure=f"Put it in a file and name that: {word}_file = …"
            )
        file = options.pop(f"{word}_file", None)
        secret = env.get(f"{secrets}_{word.upper()}")
        if secret is None and file is not None:
            secret = _secret(Path(file), where)
        if secret is not None:
            options[word] = secret
    return PartSettings(name, words["kind"], options)


def _rooted(word: str, value: Any, root: Path) -> Any:
    is_path = word == "path" or word.endswith("_file")
    return str(root / value) if is_path and isinstance(value, str) else value


def _secret(file: Path, where: str) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as broken:
        raise BadSettings(
            f"{where}: the secret's file {file} cannot be read ({type(broken).__name__}).", cure="Check its name and rights."
        ) from None


def _unknown(what: str, word: str, known: Iterable[str], where: str) -> BadSettings:
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return BadSettings(f"{where}: nobody knows the {what} {word!r}.", cure=f"{hint}Words: {', '.join(known)}.")


def _fits(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if typing.get_origin(kind) in (Union, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(kind))
    origin = typing.get_origin(kind) or kind
    if origin is Literal:
        return isinstance(value, str)  # which of the words is for the dataclass to say
    if origin is tuple:
        inner = typing.get_args(kind)[0]
        return isinstance(value, (list, tuple)) and all(_fits(one, inner) for one in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(one, typing.get_args(kind)[1]) for one in value.values())
    if origin is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is Path:
        return isinstance(value, (str, Path))
    return isinstance(value, origin)


def _called(kind: Any) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    if typing.get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_called(one) for one in typing.get_args(kind) if one is not type(None))
    if (typing.get_origin(kind) or kind) is tuple:
        return "a list"
    return names.get(kind, "a table")
