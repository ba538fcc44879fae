"""What the names of columns say about their role, in the languages in which engineers name them."""

from __future__ import annotations

import re

_UNIT = r"(\s*[\[({].*)?"  # "time [s]"
_NUMBER = r"([_ .-]?(no|nr|id|number|nummer|code|name)\.?)?"  # "part_no", "batch id"


def _whole(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(words)}){_UNIT}", re.IGNORECASE)


_STAMP = (
    "time", "date", "datetime", "date[_ -]?time", r"time[_ -]?stamp([_ ](utc|ms|us|ns|s))?", "zeit", "datum", "uhrzeit", "zeitstempel",
    "zeitpunkt", "ts", r"(unix|epoch)([_ -]?(time|s|ms|us|ns|seconds))?", "utc", "heure", "horodatage", "fecha", "hora", "data", "ora",
    r".*[_ ]timestamp", r".*_at", r"time[_ ](utc|ms|us|ns|s|local)",
)  # fmt: skip
# Plain numbers are a time only when the name can mean nothing else: "cycle_time_ms" is a measurement.
STAMP_NAME = _whole(*_STAMP, "t")
TIME_NAME = _whole(r"(.*[_ .-])?(" + "|".join(_STAMP) + r")([_ -]?(utc|local|stamp))?", ".*timestamp")
ELAPSED_NAME = _whole("time", "t", "zeit", "elapsed.*", "seconds", "minutes", "hours", "time_(s|ms|min)", "clock_?time", "laufzeit")
ID_NAME = _whole(
    "id", "#", r"(no|nr|num|number|nummer|lfd\.?[_ ]?nr)\.?", "index", "idx", "udi", "uuid", "guid", "barcode", "dmc", "sn", "s/n",
    "record",
    "obs", "observation", "case", "piece", "specimen", "tablet", rf"row{_NUMBER}", rf"serial{_NUMBER}", "seriennummer", rf"part{_NUMBER}",
    rf"teil(e)?{_NUMBER}", rf"board{_NUMBER}", rf"wafer{_NUMBER}", r"unit[_ .-]?(no|nr|id)\.?", r"sample[_ .-]?(no|nr|id)\.?",
    r".*[_ ]id", r".*(_serial|serial_no|serial_number)",
)  # fmt: skip
GROUP_NAME = _whole(
    rf"(sub)?[_ ]?group{_NUMBER}", rf"sample{_NUMBER}", rf"lot{_NUMBER}", rf"batch{_NUMBER}", rf"charge(n)?{_NUMBER}", rf"los{_NUMBER}",
    rf"run{_NUMBER}", "experiment", "unit", "heat", "melt", "cassette", "stichprobe", "untergruppe",
)  # fmt: skip
PRODUCT_NAME = _whole(
    r"(.*[_ ])?(product|produkt|recipe|rezept|material|variante?|grade|sku|article|artikel|sorte|typ|type|species|part[_ ]?type|model)"
    + _NUMBER
)
LABEL_NAME = _whole(
    r"(.*[_ .-])?(label|anomaly|anomalies|change[_ -]?point|faults?|class|klasse|target|outcome|failure|fail|failed|defects?"
    r"|contaminated|pass|passed|nok|verdict|quality|qualitaet|qualität|worn|good|bad|outlier|is[_ ].*|truth"
    r"|attack|status|state)([_ .-]?(flag|code|id|no))?"
)
# A leading sign followed by a number is a number; a spreadsheet would run the rest.
FORMULA = re.compile(r"\s*(=|@[A-Za-z]|[+-](?=[A-Za-z@=(]))")
