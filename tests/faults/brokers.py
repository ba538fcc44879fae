"""A real MQTT broker that a test can start and kill, and a publisher that counts what the broker has acknowledged."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "config" / "mosquitto.conf"
DEFAULT = "allow_anonymous true\npersistence true\n"  # as it is installed: on disk every half hour


class Mosquitto:
    """A broker with its own port and directory; `config` is our file's text with both put in, or another text."""

    def __init__(self, folder: Path, config: str | None = None, more: str = "") -> None:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if program is None:
            pytest.skip("no mosquitto here: apt-get install mosquitto")
        self.folder, self.port = folder / "broker", free_port()
        self.folder.mkdir(exist_ok=True)
        text = OURS.read_text(encoding="utf-8") if config is None else f"{config}listener {self.port} 127.0.0.1\n"
        text = re.sub(r"^listener 1883", f"listener {self.port}", text, flags=re.MULTILINE)
        text = re.sub(r"^persistence_location .*\n", "", text, flags=re.MULTILINE)
        (self.folder / "mosquitto.conf").write_text(f"{text}{more}\npersistence_location {self.folder}/\nuser root\n", encoding="utf-8")
        self._command = [program, "-c", str(self.folder / "mosquitto.conf")]
        self._log = (self.folder / "log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        end = time.monotonic() + 60.0
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
            except OSError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end, "the broker did not come up"
                time.sleep(0.02)
            else:
                return self

    def kill(self, how: int = signal.SIGKILL) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(60)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._log.close()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()


class Publisher:
    """Sends messages of QoS 1 and remembers which of them the broker has acknowledged."""

    def __init__(self, port: int) -> None:
        self._sent: dict[int, str] = {}
        self._told: list[int] = []
        self.client = Client(CallbackAPIVersion.VERSION2, "", protocol=MQTTv5)
        self.client.on_publish = self._published
        self.client.max_inflight_messages_set(100)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _published(self, _: Client, __: Any, mid: int, ___: Any, ____: Any) -> None:
        self._told.append(mid)

    @property
    def acknowledged(self) -> set[str]:
        return {self._sent[mid] for mid in list(self._told) if mid in self._sent}

    def send(self, topic: str, payload: bytes | str, name: str = "", *, qos: int = 1, retain: bool = False) -> None:
        self._sent[self.client.publish(topic, payload, qos=qos, retain=retain).mid] = name

    def until(self, n: int, seconds: float = 60.0) -> None:
        """Waits until n messages were acknowledged (or sent, for those of QoS 0)."""
        end = time.monotonic() + seconds
        while len(self._told) < n:
            assert time.monotonic() < end, f"{len(self._told)} of {n} acknowledged"
            time.sleep(0.005)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
