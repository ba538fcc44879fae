"""The files with which the program is installed: units of systemd, the composition of containers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from spc.settings import load

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "config" / "systemd"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "config" / "compose.yaml").read_text(encoding="utf-8"))


def words(environment: list[str]) -> dict[str, str]:
    return dict(one.split("=", 1) for one in environment)


@pytest.mark.parametrize("name, as_", [("spc.service", "spc.service"), ("spc-line@.service", "spc-line@smt-2.service")])
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path, name: str, as_: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    here = Path(sys.executable).parent
    if not (here / "spc").exists():
        pytest.skip("spc is not installed beside this Python")
    text = (UNITS / name).read_text(encoding="utf-8").replace("/opt/spc/.venv/bin", str(here)).replace("/opt/spc", str(ROOT))
    (tmp_path / as_).write_text(text)
    found = subprocess.run([analyze, "verify", "--man=no", str(tmp_path / as_)], capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in found.stderr.splitlines() if as_ in line]
    assert (found.returncode, said) == (0, [])


@pytest.mark.parametrize("name", ["spc.service", "spc-line@.service"])
def test_a_unit_is_hardened_and_its_environment_is_known(tmp_path: Path, name: str) -> None:
    text = (UNITS / name).read_text(encoding="utf-8")
    for word in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "StateDirectory=spc", "Restart=always"):
        assert word in text
    assert "WatchdogSec" not in text, "the program does not speak to systemd: it would be killed again and again"
    said = words([one for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE) for one in line.split()])
    settings = load(tmp_path, {name: value for name, value in said.items() if name.startswith("SPC_")})
    assert settings.ledger == "sqlite:////var/lib/spc/spc.db"
    stop = int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[0])
    assert stop > 10, "longer than the program takes"


def test_two_units_harden_alike() -> None:
    server, line = ((UNITS / name).read_text(encoding="utf-8") for name in ("spc.service", "spc-line@.service"))
    assert server.split("# What it cannot do")[1] == line.split("# What it cannot do")[1]


def test_the_composition_names_what_is_there() -> None:
    folder = ROOT / "config"
    build = COMPOSE["services"]["spc"]["build"]
    assert (folder / build["context"] / build["dockerfile"]).is_file()
    binds = [one.split(":")[0] for service in COMPOSE["services"].values() for one in service["volumes"] if one.startswith(".")]
    assert sorted(binds) == [".", "./mosquitto.conf"]
    assert all((folder / one).exists() for one in binds)
    named = {one.split(":")[0] for service in COMPOSE["services"].values() for one in service["volumes"] if not one.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    secrets = {one for service in COMPOSE["services"].values() for one in service.get("secrets", [])}
    assert secrets == set(COMPOSE["secrets"])
    assert "/config/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert "config/secrets" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


def test_the_composition_speaks_words_that_the_settings_know(tmp_path: Path) -> None:
    said = COMPOSE["services"]["spc"]["environment"]
    settings = load(tmp_path, said)
    assert (settings.host, settings.ledger, settings.demo) == ("0.0.0.0", "postgresql://spc@ledger/spc", False)  # noqa: S104 - in a container
    assert said["SPC_LEDGER_PASSWORD_FILE"] == "/run/secrets/ledger-password"  # noqa: S105 - the name of a file
    assert COMPOSE["services"]["ledger"]["environment"]["POSTGRES_PASSWORD_FILE"] == said["SPC_LEDGER_PASSWORD_FILE"]
    assert not any("password" in str(value).lower() and not name.endswith("_FILE") for name, value in said.items())


def test_every_service_is_watched_comes_back_and_has_time_to_stop() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped"
    assert int(COMPOSE["services"]["ledger"]["image"].split(":")[1]) >= 15
    assert COMPOSE["services"]["spc"]["depends_on"]["ledger"]["condition"] == "service_healthy"
    assert COMPOSE["services"]["spc"]["stop_grace_period"] == "20s"
    for service in ("spc",):
        assert COMPOSE["services"][service]["read_only"] is True


def test_the_broker_of_the_composition_is_the_one_that_keeps_its_promises() -> None:
    broker, conf = COMPOSE["services"]["broker"], (ROOT / "config" / "mosquitto.conf").read_text(encoding="utf-8")
    place = re.findall(r"^persistence_location (\S+)$", conf, re.MULTILINE)[0].rstrip("/")
    assert f"broker:{place}" in broker["volumes"]
    assert place in broker["entrypoint"][-1]
    services = COMPOSE["services"]
    assert "network_mode" not in broker, "who lives in another's network is cut off when that one restarts"
    assert [name for name in services if "rows" in services[name].get("networks", [])] == ["spc", "broker"]
    assert broker["networks"] == ["rows"], "nobody but the program reaches the listener without a password"
    assert services["spc"]["depends_on"]["broker"]["condition"] == "service_healthy"


def test_the_entry_of_the_broker_opens_its_listener_and_leaves_the_rest_of_its_configuration(tmp_path: Path) -> None:
    entry = COMPOSE["services"]["broker"]["entrypoint"][-1].replace("$$", "$")
    given = ROOT / "config" / "mosquitto.conf"
    sed = re.findall(r"sed .*? > /tmp/mosquitto\.conf", entry)[0]
    command = sed.replace("/mosquitto/config/mosquitto.conf", str(given)).replace("/tmp/mosquitto.conf", str(tmp_path / "made.conf"))
    subprocess.run(["sh", "-c", command], check=True)
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (given, tmp_path / "made.conf"))
    assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [("listener 1883 127.0.0.1", "listener 1883 0.0.0.0")]
    assert entry.endswith("exec mosquitto -c /tmp/mosquitto.conf")


def test_the_image_installs_a_lock_that_is_sent_to_it() -> None:
    text, sent = (ROOT / "Dockerfile").read_text(encoding="utf-8"), (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    default = re.findall(r"^ARG LOCK=(\S+)$", text, re.MULTILINE)
    assert default == ["requirements-site.lock"] * 2, "both stages are told the same"
    for name in re.findall(r"^COPY (requirements\S+) (requirements\S+) ", text, re.MULTILINE)[0]:
        assert f"!{name}" in sent
        assert (ROOT / name).is_file()
    assert "--require-hashes" in text
