"""Sparkplug B payloads: the protobuf message, made at runtime from its field numbers, and a metric's value as float64."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from spc.errors import BadTable

# The wire format, proto2: name, number, type; a type with a * is a list. What nothing here reads is left out or kept as bytes: a DataSet
# and a Template are skipped unread.
_PAYLOAD = (("timestamp", 1, "uint64"), ("metrics", 2, "Metric*"), ("seq", 3, "uint64"), ("uuid", 4, "string"), ("body", 5, "bytes"))
_PROPERTIES = (("keys", 1, "string*"), ("values", 2, "Property*"))
_PROPERTY = (("type", 1, "uint32"), ("is_null", 2, "bool"), ("int_value", 3, "uint32"), ("long_value", 4, "uint64"))
_METRIC = (
    ("name", 1, "string"), ("alias", 2, "uint64"), ("timestamp", 3, "uint64"), ("datatype", 4, "uint32"), ("is_historical", 5, "bool"),
    ("is_transient", 6, "bool"), ("is_null", 7, "bool"), ("properties", 9, "Properties"),
    ("int_value", 10, "uint32"), ("long_value", 11, "uint64"), ("float_value", 12, "float"), ("double_value", 13, "double"),
    ("boolean_value", 14, "bool"), ("string_value", 15, "string"), ("bytes_value", 16, "bytes"), ("dataset_value", 17, "bytes"),
    ("template_value", 18, "bytes"),
)  # fmt: skip
_FIRST_VALUE = 10  # of a metric's fields those from here on are its value: one of them

DATATYPES = dict(
    enumerate(
        "Unknown Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float Double Boolean String DateTime Text UUID DataSet Bytes File "
        "Template PropertySet PropertySetList Int8Array Int16Array Int32Array Int64Array UInt8Array UInt16Array UInt32Array UInt64Array "
        "FloatArray DoubleArray BooleanArray StringArray DateTimeArray".split()
    )
)
_BITS = {"Int8": 8, "Int16": 16, "Int32": 32, "Int64": 64, "UInt8": 8, "UInt16": 16, "UInt32": 32, "UInt64": 64}
NUMBERS = frozenset({*_BITS, "Float", "Double", "Boolean", "DateTime"})
_INT32, BOOLEAN = 3, 11
REBIRTH = "Node Control/Rebirth"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a message: `value` is None when it is null or not there, `at` in ms since 1970, `kind` its datatype's number or 0.

    `quality` is that of its properties: 192 good, 0 bad, 500 stale, None when it has none.
    """

    name: str
    alias: int | None
    at: int | None
    kind: int
    historical: bool
    value: float | int | bool | str | bytes | None
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A message: `at` in ms since 1970, `seq` 0 to 255; None where it has none."""

    at: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


@functools.cache
def _message() -> Any:
    """The class of the message; protobuf is an extra, so it is loaded when the first source is built."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra

    file = descriptor_pb2.FileDescriptorProto(name="spc/sparkplug_b", package="spc.sparkplug", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for title, fields in (("Payload", _PAYLOAD), ("Metric", _METRIC), ("Properties", _PROPERTIES), ("Property", _PROPERTY)):
        made = file.message_type.add(name=title)
        if title == "Metric":
            made.oneof_decl.add(name="value")
        for name, number, kind in fields:
            one = made.field.add(name=name, number=number, label=kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL)
            kind = kind.rstrip("*")
            if kind[0].isupper():
                one.type, one.type_name = kinds.TYPE_MESSAGE, f".spc.sparkplug.{kind}"
            else:
                one.type = kinds.Type.Value(f"TYPE_{kind.upper()}")
            if title == "Metric" and number >= _FIRST_VALUE:
                one.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("spc.sparkplug.Payload"))


def decode(payload: bytes) -> Payload:
    """A message from its bytes. Raises BadTable when they are none."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra

    try:
        found = _message().FromString(payload)
        return Payload(_of(found, "timestamp"), _of(found, "seq"), tuple(_metric(one) for one in found.metrics))
    except (DecodeError, UnicodeDecodeError, ValueError) as wrong:
        raise BadTable(f"It is no Sparkplug B payload: {str(wrong)[:100] or 'it cannot be decoded'}.") from None


def encode(given: Payload) -> bytes:
    """The bytes of a message; each value must fit its datatype.

    >>> decode(encode(Payload(1, 0, (Metric("warp", None, None, 10, False, 0.25),)))).metrics[0].value
    0.25
    """
    made = _message()()
    _put(made, timestamp=given.at, seq=given.seq)
    for one in given.metrics:
        target = made.metrics.add()
        _put(target, name=one.name or None, alias=one.alias, timestamp=one.at, datatype=one.kind or None)
        _put(target, is_historical=one.historical or None, is_null=one.value is None or None)
        if one.value is not None:
            setattr(target, *_wire(DATATYPES.get(one.kind, "Unknown"), one.value))
        if one.quality is not None:
            target.properties.keys.append("Quality")
            target.properties.values.add(type=_INT32, int_value=one.quality)
    return bytes(made.SerializeToString())


def rebirth(now_ms: int) -> bytes:
    """The payload of an NCMD that asks an edge node to say everything from the beginning."""
    return encode(Payload(now_ms, None, (Metric(REBIRTH, None, now_ms, BOOLEAN, False, True),)))


def number(metric: Metric, kind: int) -> float:
    """A metric's value as float64, NaN for null; `kind` is its datatype as its birth said. Raises BadTable with what it is instead.

    Whole numbers below zero are sent as their two's complement, in 32 or 64 bits.

    >>> number(Metric("a", None, None, 0, False, 4294967295), 3), number(Metric("a", None, None, 0, False, 255), 1)
    (-1.0, -1.0)
    """
    word = DATATYPES.get(kind, f"datatype {kind}")
    value = metric.value
    if value is None:
        return math.nan
    if word not in NUMBERS:
        raise BadTable(f"It is a {word}, not a number.", cure="Leave it out of the columns.", column=metric.name)
    if isinstance(value, str | bytes):
        raise BadTable(f"It should be a {word} and has another type.", cure="Correct the edge node.", column=metric.name)
    if word in _BITS:
        found = _whole(int(value), word) if isinstance(value, int) else math.inf
    else:
        found = float(value)
    if not math.isfinite(found):
        raise BadTable(f"It is no finite {word}.", cure="Send null where a value is missing.", column=metric.name)
    return found


def _whole(value: int, word: str) -> float:
    """A whole number as its datatype says, infinite when it does not fit in. Int8 and Int16 come with or without their sign extended."""
    bits = _BITS[word]
    if word.startswith("U"):
        return float(value) if 0 <= value < 1 << bits else math.inf
    wide = 64 if value >> 32 else max(bits, 32)
    signed = value - (1 << wide) if value >> (wide - 1) else value
    if bits < 32 and 0 <= signed < 1 << bits:
        signed = signed - (1 << bits) if signed >> (bits - 1) else signed
    return float(signed) if -(1 << (bits - 1)) <= signed < 1 << (bits - 1) else math.inf


def _wire(word: str, value: Any) -> tuple[str, Any]:
    """The field that holds a value of a datatype, and the value in it."""
    if word in _BITS:
        wide = _BITS[word] == 64
        return ("long_value", value & (1 << 64) - 1) if wide else ("int_value", value & (1 << 32) - 1)
    named = {"DateTime": "long_value", "Float": "float_value", "Double": "double_value", "Boolean": "boolean_value", "Bytes": "bytes_value"}
    return named.get(word, "string_value"), value


def _metric(one: Any) -> Metric:
    which = one.WhichOneof("value")
    value = None if which is None or one.is_null else getattr(one, which)
    return Metric(one.name, _of(one, "alias"), _of(one, "timestamp"), one.datatype, one.is_historical, value, _quality(one))


def _quality(one: Any) -> int | None:
    for key, value in zip(one.properties.keys, one.properties.values, strict=False):
        if key == "Quality" and not value.is_null:
            return int(value.int_value or value.long_value)
    return None


def _of(message: Any, name: str) -> int | None:
    return int(getattr(message, name)) if message.HasField(name) else None


def _put(message: Any, **values: Any) -> None:
    for name, value in values.items():
        if value is not None:
            setattr(message, name, value)
