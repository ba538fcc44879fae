"""An edge node of another make (pysparkplug), in an environment of its own; it is told what to do in lines of text.

data METRIC=VALUE …   sends them as one message of the device      skip        leaves a sequence number out
node METRIC=VALUE …   … of the node itself                         leave       the device goes
"""

from __future__ import annotations

import sys
import time

import pysparkplug as psp  # type: ignore[import-not-found,unused-ignore]


def metrics(words: list[str]) -> list[psp.Metric]:
    kinds = {"Force": psp.DataType.DOUBLE, "Depth": psp.DataType.FLOAT, "Offset": psp.DataType.INT16, "Serial": psp.DataType.STRING}
    made = []
    for word in words:
        name, _, text = word.partition("=")
        kind = kinds.get(name, psp.DataType.INT32)
        value = None if text == "null" else text if name == "Serial" else int(text) if kind.name.startswith("INT") else float(text)
        made.append(psp.Metric(timestamp=psp.get_current_timestamp(), name=name, datatype=kind, value=value))
    return made


def born_again(edge: psp.EdgeNode, device: psp.Device) -> None:
    """pysparkplug leaves it to its user to answer a request for a rebirth."""
    now = psp.get_current_timestamp()
    own = (*edge.metrics.values(), psp.Metric(timestamp=now, name="bdSeq", datatype=psp.DataType.INT64, value=0))
    send = (
        (psp.MessageType.NBIRTH, None, psp.NBirth(timestamp=now, seq=0, metrics=own)),
        (psp.MessageType.DBIRTH, "Press", psp.DBirth(timestamp=now, seq=1, metrics=tuple(device.metrics.values()))),
    )
    while edge._seq != 1:  # the next message has number 2
        pass
    for kind, name, payload in send:
        topic = psp.Topic(message_type=kind, group_id="plant", edge_node_id="n1", device_id=name)
        edge._client.publish(psp.Message(topic=topic, payload=payload, qos=psp.QoS.AT_MOST_ONCE, retain=False), include_dtypes=True)
    print("rebirth", flush=True)


def main(port: int) -> None:
    device = psp.Device("Press", metrics(["Force=1.0", "Depth=2.0", "Offset=0", "Serial=B0"]))
    edge = psp.EdgeNode("plant", "n1", metrics(["Mode=1"]), cmd_callback=lambda edge, _: born_again(edge, device))
    edge.register(device)
    edge.connect("127.0.0.1", port=port)
    while not edge._connected:
        time.sleep(0.01)
    time.sleep(0.2)  # for its births, which it sends after that
    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "data":
            edge.update_device("Press", metrics(rest))
        elif word == "node":
            edge.update(metrics(rest))
        elif word == "skip":
            edge._seq  # noqa: B018 - reading it takes it
        elif word == "leave":
            edge.deregister("Press")


if __name__ == "__main__":
    main(int(sys.argv[1]))
