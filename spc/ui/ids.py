"""Every id that a callback, the live channel or a test names. One place, so that a typing mistake is an import error."""

from __future__ import annotations

from typing import Final

# the shell, on every page
URL: Final = "url"
MAIN: Final = "main"
NAV: Final = "nav"
CLOCK: Final = "clock"
LINK_LIGHT: Final = "link-light"
SOUND: Final = "sound"
THEME: Final = "theme-toggle"
BANNER: Final = "banner"
FROZEN: Final = "frozen"
SKEW: Final = "skew"
SAY_POLITE: Final = "say-polite"
SAY_NOW: Final = "say-now"

# answering an alarm, on every page; the live channel sets the first two
ALARMS_CHANGED: Final = "alarms-changed"
ANSWER_ASK: Final = "answer-ask"
ANSWER: Final = "answer"
ANSWER_FACTS: Final = "answer-facts"
ANSWER_BY: Final = "answer-by"
ANSWER_NOTE: Final = "answer-note"
ANSWER_ACKNOWLEDGE: Final = "answer-acknowledge"
ANSWER_SHELVE_FOR: Final = "answer-shelve-for"
ANSWER_SHELVE: Final = "answer-shelve"
ANSWER_CAUSE_CODE: Final = "answer-cause-code"
ANSWER_CAUSE: Final = "answer-cause"
ANSWER_CLOSE: Final = "answer-close"
ANSWER_SAID: Final = "answer-said"

# the wall
WALL: Final = "wall"
WALL_LINES: Final = "wall-lines"  # set by assets/live.js when it hears of a line that has no tile

# the line
LINE: Final = "line"
LINE_HEAD: Final = "line-head"
LINE_CHART: Final = "line-chart"
LINE_SUMMARY: Final = "line-summary"
LINE_FOOTER: Final = "line-footer"
LINE_TABLE: Final = "line-table"
LINE_SCALE: Final = "line-scale"
LINE_SPAN: Final = "line-span"
LINE_PAUSE: Final = "line-pause"
LINE_PAUSED: Final = "line-paused"
LINE_COMPANIONS: Final = "line-companions"
LINE_COMPANIONS_INNER: Final = "line-companions-inner"
LINE_TRENDS: Final = "line-trends"
LINE_TRENDS_SHOW: Final = "line-trends-show"
LINE_TRENDS_BOX: Final = "line-trends-box"
LINE_TRENDS_INNER: Final = "line-trends-inner"
LINE_MODEL: Final = "line-model"
LINE_VARIABLES: Final = "line-variables"
LINE_PICK: Final = "line-pick"
LINE_BLAME: Final = "line-blame"
LINE_BLAME_WORDS: Final = "line-blame-words"
LINE_BLAME_TABLE: Final = "line-blame-table"

# the alarms
ALARMS: Final = "alarms"
ALARMS_STATE: Final = "alarms-state"
ALARMS_LINE: Final = "alarms-line"
ALARMS_LIST: Final = "alarms-list"
ALARMS_SUMMARY: Final = "alarms-summary"

# the manual
MANUAL: Final = "manual"
