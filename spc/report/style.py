"""How the report looks, on a screen and on A4: ink on white, nothing that needs colour to be read."""

from __future__ import annotations

from typing import Final

from spc.figures.frame import FONT
from spc.figures.theme import LIGHT

STYLE: Final = f"""
@page {{ size: A4; margin: 12mm; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: #fff; color: {LIGHT.text}; font: 13px/1.45 {FONT}; }}
main {{ width: 700px; margin: 24px auto; }}
h1 {{ font-size: 22px; margin: 0 0 8px; overflow-wrap: anywhere; }}
h2 {{ font-size: 16px; margin: 26px 0 8px; padding-bottom: 3px; border-bottom: 1px solid {LIGHT.edge}; break-after: avoid; }}
h3 {{ font-size: 14px; margin: 14px 0 4px; }}
p {{ margin: 6px 0; }}
.verdict {{ font-size: 15px; }}
dl {{ display: grid; grid-template-columns: 170px 1fr; gap: 3px 12px; margin: 0 0 10px; }}
dt {{ color: {LIGHT.quiet}; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
table {{ width: 100%; border-collapse: collapse; margin: 6px 0 10px; }}
caption {{ text-align: left; color: {LIGHT.quiet}; padding-bottom: 4px; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
th, td {{ text-align: left; vertical-align: top; padding: 3px 10px 3px 0; border-bottom: 1px solid {LIGHT.rule}; overflow-wrap: anywhere; }}
th {{ font-weight: 600; overflow-wrap: normal; }}
td:last-child, th:last-child {{ padding-right: 0; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; white-space: nowrap; }}
th.number {{ white-space: normal; }}
.short td:first-child, .nowrap {{ white-space: nowrap; }}
pre.digits {{ font-size: 10px; }}
figure {{ margin: 0 0 14px; break-inside: avoid; }}
figcaption {{ color: {LIGHT.text}; }}
code, pre {{ font: 12px/1.4 "DejaVu Sans Mono", Consolas, monospace; }}
pre {{ background: {LIGHT.surface}; padding: 8px 10px; white-space: pre-wrap; overflow-wrap: anywhere; }}
@media print {{ main {{ margin: 0; }} }}
"""
