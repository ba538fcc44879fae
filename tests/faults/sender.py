"""Sends rows from wherever it is run: `python sender.py URL LINE N A_SECOND BROKER PORT`; says how many posts were acknowledged.

Each row goes to LINE by HTTP, in order, again and again until it is acknowledged, and to the topic rows/mq of the broker.
"""

from __future__ import annotations

import json
import sys
import time

import httpx
import numpy as np
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.small import rows


def wait_until_ready(url: str) -> None:
    """Until the server can be reached and its sources had a moment to find the broker."""
    end = time.monotonic() + 60.0
    with httpx.Client(base_url=url, timeout=1.5, trust_env=False) as client:
        while True:
            try:
                if client.get("/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.1)
    time.sleep(3.0)


def main(url: str, line: str, n: int, a_second: float, broker: str, port: int) -> None:
    wait_until_ready(url)
    whole, tries, start = rows(n), 0, time.monotonic()
    mqtt = Client(CallbackAPIVersion.VERSION2, "", protocol=MQTTv5)
    mqtt.connect(broker, port)
    mqtt.loop_start()
    sent = []
    with httpx.Client(base_url=url, timeout=1.5, trust_env=False) as client:
        for i in range(n):
            time.sleep(max(0.0, start + i / a_second - time.monotonic()))
            row = {
                "time": f"{np.datetime_as_string(whole.at[i])}Z",
                "id": whole.ids[i],
                "values": dict(zip(whole.names, whole.x[i].tolist(), strict=True)),
            }
            sent.append(mqtt.publish("rows/mq", json.dumps(row), qos=1))
            while True:
                tries += 1
                try:
                    client.post(f"/api/v1/lines/{line}/rows", json={"rows": [row]}).raise_for_status()
                except httpx.TransportError:
                    time.sleep(0.2)
                else:
                    break
    for one in sent:
        one.wait_for_publish(20.0)
    mqtt.disconnect()
    mqtt.loop_stop()
    sys.stdout.write(f"{n} {tries}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5], int(sys.argv[6]))
