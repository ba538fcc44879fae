"""Publishes a burst from a process of its own: `python burst.py PORT LINES N A_SECOND`, LINES with commas between them.

The rows of `tests.small` go to the topic rows/LINE of every line in turn, QoS 1. It says "half" when half is sent, then how many messages
were acknowledged by the broker and in how many seconds they were sent.
"""

from __future__ import annotations

import json
import sys
import time

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from spc.nouns import Rows
from tests.small import rows

OUT = 400  # each so many rows two of them are out


def stream(k: int, n: int) -> Rows:
    """The rows of line number k: others than those of the other lines, with a short excursion now and then."""
    return rows(n, out=tuple(i + j for i in range(100 + 30 * k, n, OUT) for j in (0, 1)), seed=k)


def messages(k: int, n: int) -> list[bytes]:
    one = stream(k, n)
    return [
        json.dumps({"time": f"{at}Z", "id": id, "values": dict(zip(one.names, x, strict=True))}).encode()
        for at, id, x in zip(one.at, one.ids, one.x.tolist(), strict=True)
    ]


def main(port: int, lines: list[str], n: int, a_second: float) -> None:
    acknowledged: list[int] = []
    client = Client(CallbackAPIVersion.VERSION2, "", protocol=MQTTv5)
    client.on_publish = lambda *told: acknowledged.append(told[2])
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    all_of_them = list(zip(*(messages(k, n) for k in range(len(lines))), strict=True))
    start = time.monotonic()
    for i, together in enumerate(all_of_them):
        for line, payload in zip(lines, together, strict=True):
            client.publish(f"rows/{line}", payload, qos=1)
        if i == n // 2:
            print("half", flush=True)
        if i % 10 == 0:
            time.sleep(max(0.0, start + (i + 10) * len(lines) / a_second - time.monotonic()))
    seconds = time.monotonic() - start
    while len(acknowledged) < n * len(lines) and time.monotonic() < start + 40.0:
        time.sleep(0.01)
    print(json.dumps({"acknowledged": len(set(acknowledged)), "seconds": seconds}), flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    port, lines, n, a_second = sys.argv[1:]
    main(int(port), lines.split(","), int(n), float(a_second))
