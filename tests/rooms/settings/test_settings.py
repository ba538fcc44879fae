from __future__ import annotations

from pathlib import Path

import pytest

from spc.errors import BadSettings
from spc.settings import LineSettings, PartSettings, Settings, WatchSettings, load, plugin
from spc.sources import SOURCES

PLANT = """
port = 9000
timezone = "Europe/Berlin"
ledger = "sqlite:///var/x.db"

[notify.shift]
kind = "email"
host = "mail.example.com"
sender = "spc@example.com"
to = ["shift@example.com"]
"""
LINE = """
title = "Mixer 2"
interval_s = 45
[watch]
k = 2
n = 3
[source]
kind = "replay"
path = "data/rows.csv"
[advice]
warp_mm = "Do: look."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config" / "lines").mkdir(parents=True)
    (tmp_path / "config" / "plant.toml").write_text(PLANT)
    (tmp_path / "config" / "lines" / "mixer-2.toml").write_text(LINE)
    return tmp_path / "config"


def test_the_files_become_values(folder: Path) -> None:
    settings = load(folder, {})
    assert (settings.port, settings.host, settings.url) == (9000, "127.0.0.1", "http://127.0.0.1:9000")
    assert settings.ledger == f"sqlite:///{folder.parent}/var/x.db"
    assert str(settings.zone) == "Europe/Berlin"
    line = settings.line("mixer-2")
    assert (line.title, line.watch, line.interval_s, line.stale_s) == ("Mixer 2", WatchSettings(2, 3, 3), 45, 135.0)
    assert line.source is not None
    assert line.source.options["path"] == str(folder.parent / "data/rows.csv")
    assert line.advice == {"warp_mm": "Do: look."}
    assert settings.notify[0].options["to"] == ["shift@example.com"]


def test_the_environment_wins(folder: Path) -> None:
    settings = load(folder, {"SPC_PORT": "9001", "SPC_DEMO": "yes", "SPC_LEDGER": "sqlite:////tmp/y.db", "HOME": "/root"})
    assert (settings.port, settings.demo, settings.ledger) == (9001, True, "sqlite:////tmp/y.db")


def test_columns_are_called_what_the_line_calls_them_in_its_language_or_the_plants(folder: Path) -> None:
    file = folder / "lines" / "mixer-2.toml"
    file.write_text(LINE + '[variables]\nwarp_mm = {name = "Verzug", unit = "mm"}\n[variables.copper]\nunit = "µm"\n')
    (folder / "lines" / "mixer-3.toml").write_text('language = "en"')
    settings = load(folder, {"SPC_LANGUAGE": "de"})
    assert settings.line("mixer-2").called == {"warp_mm": ("Verzug", "mm"), "copper": ("", "µm")}
    assert [line.language for line in settings.lines] == ["de", "en"]
    assert load(folder, {}).line("mixer-2").language == "en"


def test_an_empty_folder_gives_the_usual_values(tmp_path: Path) -> None:
    assert load(tmp_path, {}) == Settings(ledger=f"sqlite:///{tmp_path.parent}/var/spc.db", root=tmp_path.parent)


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("plant.toml", "prot = 1", "nobody knows the word 'prot'. Did you mean 'port'?"),
        ("plant.toml", 'port = "8050"', "port = '8050' is not a whole number"),
        ("plant.toml", "port = true", "port = True is not a whole number"),
        ("plant.toml", "port = 70000", "port is 70000"),
        ("plant.toml", 'timezone = "Europe/Berlyn"', "no time zone 'Europe/Berlyn'"),
        ("plant.toml", "port = ", "is not TOML"),
        ("plant.toml", 'lines = ["a"]', "nobody knows the word 'lines'"),
        ("plant.toml", 'notify = "shift"', "notify is a table per notifier"),
        ("plant.toml", "[notify.shift]\nhost = 'x'", "notify.shift: kind is missing"),
        ("plant.toml", "[notify.shift]\nkind = 'email'\npassword = 'x'", "a password must not stand in a settings file"),
        ("plant.toml", "[notify.shift]\nkind = 'email'\npassword_file = 'no-such'", "secret's file"),
        ("lines/mixer-2.toml", "[watch]\nbakc = 2", "Did you mean 'back'?"),
        ("lines/mixer-2.toml", "[watch]\nk = 3\nn = 2", "3 of 2 out"),
        ("lines/mixer-2.toml", "intervall_s = 2", "Did you mean 'interval_s'?"),
        ("lines/mixer-2.toml", "interval_s = 0", "interval_s is 0"),
        ("lines/mixer-2.toml", 'priority = "hihg"', "Did you mean 'high'?"),
        ("lines/mixer-2.toml", "[source]\npath = 'x'", "kind is missing"),
        ("lines/mixer-2.toml", 'name = "Mixer 2"', "is no name for a line"),
        ("plant.toml", 'language = "fr"', "nobody knows the language 'fr'"),
        ("lines/mixer-2.toml", 'language = "deu"', "Did you mean 'de'?"),
        ("lines/mixer-2.toml", "variables = 3", "variables is a table per column"),
        ("lines/mixer-2.toml", "[variables]\nwarp_mm = 'warp'", "variables.warp_mm is no table"),
        (
            "lines/mixer-2.toml",
            "[variables.warp_mm]\nnmae = 'warp'",
            "nobody knows the word 'nmae'. Did you mean 'name'?",
        ),
        ("lines/mixer-2.toml", "[variables.warp_mm]\nunit = 3", "unit = 3 is not a text"),
        ("lines/mixer-2.toml", "[variables]\na = {name = 'x'}\nb = {name = 'x'}", "a and b are both called 'x'"),
        ("lines/mixer-2.toml", "[advice]\nwarp_mm = 3", "advice = {'warp_mm': 3} is not a table"),
    ],
)
def test_a_wrong_word_is_refused_in_words(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(BadSettings) as caught:
        load(folder, {})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "env, said",
    [
        ({"SPC_PROT": "1"}, "Did you mean 'SPC_PORT'?"),
        ({"SPC_PORT": "x"}, "not a whole number"),
        ({"SPC_DEMO": "si"}, "neither yes nor no"),
        ({"SPC_LANGUAGE": "deutsch"}, "nobody knows the language 'deutsch'"),
    ],
)
def test_a_wrong_word_in_the_environment_is_refused(folder: Path, env: dict[str, str], said: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load(folder, env)
    assert said in str(caught.value)


def test_a_secret_in_the_environment_that_belongs_to_nobody_is_refused(folder: Path) -> None:
    (folder / "lines" / "press-3.toml").write_text('[source]\nkind = "mqtt"\ntopic = "a"\n')
    for name, said in [
        ("SPC_SOURCE_PRES_3_PASSWORD", "Did you mean 'SPC_SOURCE_PRESS_3_PASSWORD'"),
        ("SPC_SOURCE_PRESS-3_PASSWORD", "Did you mean 'SPC_SOURCE_PRESS_3_PASSWORD'"),
        ("SPC_NOTIFY_SHFT_PASSWORD", "Did you mean 'SPC_NOTIFY_SHIFT_PASSWORD'"),
    ]:
        with pytest.raises(BadSettings) as caught:
            load(folder, {name: "lion"})
        assert said in str(caught.value)
        assert "lion" not in str(caught.value)


def test_two_lines_with_one_name_are_refused(folder: Path) -> None:
    (folder / "lines" / "other.toml").write_text('name = "mixer-2"')
    with pytest.raises(BadSettings, match="two lines have the same name"):
        load(folder, {})


def test_a_secret_comes_from_a_file_or_the_environment_and_is_never_shown(folder: Path) -> None:
    (folder.parent / "secret").write_text("tiger\n")
    (folder / "plant.toml").write_text(PLANT + 'password_file = "secret"\n')
    by_file = load(folder, {})
    assert "tiger" in by_file.notify[0].options.values()
    assert "password_file" not in by_file.notify[0].options
    assert "tiger" not in repr(by_file)
    (folder / "plant.toml").write_text(PLANT)
    assert "lion" in load(folder, {"SPC_NOTIFY_SHIFT_PASSWORD": "lion"}).notify[0].options.values()


def test_the_secret_of_a_source_comes_from_the_environment_under_its_lines_name(folder: Path) -> None:
    source = '[source]\nkind = "mqtt"\ntopic = "a"\nusername = "spc"\n'
    (folder / "lines" / "press-3.toml").write_text(source + 'password_file = "no-such"\n')
    (folder / "lines" / "other.toml").write_text(source)
    made = load(folder, {"SPC_SOURCE_PRESS_3_PASSWORD": "lion"})
    assert "lion" in made.line("press-3").source.options.values()  # and the file, which is not there, is not asked for
    assert "password_file" not in made.line("press-3").source.options
    assert "password" not in made.line("other").source.options
    assert "lion" not in repr(made)
    (folder / "lines" / "press_3.toml").write_text(source)
    with pytest.raises(BadSettings, match="could be of press-3 and of press_3"):
        load(folder, {"SPC_SOURCE_PRESS_3_PASSWORD": "lion"})
    (folder / "lines" / "press-3.toml").write_text(source)
    load(folder, {"SPC_SOURCE_OTHER_PASSWORD": "lion"})  # nobody asks for the one that would not be clear


def test_the_environment_wins_over_the_file_of_a_notifiers_secret(folder: Path) -> None:
    (folder.parent / "secret").write_text("tiger")
    (folder / "plant.toml").write_text(PLANT + 'password_file = "secret"\n')
    assert "lion" in load(folder, {"SPC_NOTIFY_SHIFT_PASSWORD": "lion"}).notify[0].options.values()


def test_the_settings_that_are_shipped_can_be_read_and_their_source_built() -> None:
    settings = load(Path(__file__).parents[3] / "config", {})
    line = settings.line("smt-2")
    assert settings.demo
    assert line.source is not None
    source = plugin(SOURCES, line.source, "source")
    assert Path(source.path).exists()
    with pytest.raises(BadSettings, match="Did you mean 'smt-2'"):
        settings.line("smt2")


def test_plugins_are_named_by_module_and_class() -> None:
    part = PartSettings("source", "spc.settings:LineSettings", {"name": "a"})
    assert plugin({}, part, "source") == LineSettings("a")
    for kind, said in [("spc.nowhere:X", "cannot be found"), ("spc.settings:load", "not a dataclass"), ("replya", "Did you mean 'replay'")]:
        with pytest.raises(BadSettings, match=said):
            plugin({"replay": LineSettings}, PartSettings("source", kind), "source")
    with pytest.raises(BadSettings, match="name is missing"):
        plugin({}, PartSettings("source", "spc.settings:LineSettings", {}), "source")
