"""What the names of columns say about their role, in the languages in which engineers name them."""

from __future__ import annotations

import re

_UNIT = r"(\s*[\[({].*)?"


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern}){_UNIT}", re.IGNORECASE)


TIME_NAME = _whole(
    r"(.*[_ .-])?(time|date|datetime|date[_ -]?time|time[_ -]?stamp|zeit|datum|uhrzeit|zeitstempel|zeitpunkt|ts|epoch|unix(time)?|heure|horodatage"
    r"|fecha|hora|data|ora|clock|utc)([_ -]?(utc|ms|us|ns|s|local|stamp))?|.*(timestamp|zeitstempel|_at)"
)
# Plain numbers are a time only when the name can mean nothing else: "cycle_time_ms" is a measurement.
STAMP_NAME = _whole(
    r"time|date|datetime|date[_ -]?time|time[_ -]?stamp([_ ](utc|ms|us|ns|s))?|zeit|datum|zeitstempel|zeitpunkt|ts|(unix|epoch)([_ ]?(time|s|ms|us|ns|seconds))?"
    r"|utc|fecha|horodatage|.*[_ ]timestamp|.*_at|time[_ ](utc|ms|us|ns|s)|t"
)
# A quantity that is a time ("cycle_time_s") is a measurement: only a name that means nothing else is the time of the row.
ELAPSED_NAME = _whole(r"time|t|zeit|elapsed.*|seconds|minutes|hours|time_s|time_ms|time_min|clock_?time|laufzeit")
ID_NAME = _whole(
    r"id|#|no\.?|nr\.?|num|number|nummer|index|idx|row|row[_ ]?(no|nr|number)|obs|observation|case|lfd\.?[_ ]?nr\.?|serial|serial[_ ]?(no|nr|number)?|sn|s/n"
    r"|seriennummer|barcode|dmc|uuid|guid|record|part|part[_ ]?(no|nr|id|number)|teil|teilenummer|board|board[_ ]?(no|nr|id)|piece|wafer"
    r"|tablet|specimen|unit[_ ]?(no|nr|id)|sample[_ ]?(no|nr|id)|wafer[_ ]?(no|nr|id)|.*[_ ]id|udi|.*(_serial|serial_no|serial_number)|column_1"
)
GROUP_NAME = _whole(
    r"(sub)?[_ ]?group([_ ]?(no|nr|id))?|sample([_ ]?(no|nr|id))?|lot([_ ]?(no|nr|id))?|batch([_ ]?(no|nr|id))?|charge(nnummer)?|los|losnummer|run|run[_ ]?(no|nr|id)"
    r"|experiment|unit|wafer[_ ]?lot|heat|melt|cassette|stichprobe|untergruppe"
)
PRODUCT_NAME = _whole(
    r"(.*[_ ])?(product|produkt|recipe|rezept|material|variant|variante|grade|sku|article|artikel|sorte|type|typ|species|part[_ ]?type|model)([_ ]?(id|no|nr|code|name))?"
)
LABEL_NAME = _whole(
    r"(.*[_ .-])?(label|anomaly|anomalies|change[_ -]?point|fault|faults|class|klasse|target|outcome|failure|fail|failed|defect|defects|contaminated"
    r"|pass|passed|nok|verdict|quality|qualitaet|qualität|worn|good|bad|outlier|is[_ ].*|truth|attack|status|state)([_ .-]?(flag|code|id|no))?"
)
FORMULA = re.compile(r"\s*(=|@[A-Za-z]|[+-](?=[A-Za-z@=(]))")
