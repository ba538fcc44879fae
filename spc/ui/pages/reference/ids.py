"""Every id of the reference page that a callback, assets/upload.js or a test names."""

from __future__ import annotations

from typing import Final

PAGE: Final = "reference"
DRAFT: Final = "reference-draft"  # what is decided and not yet fitted, in the browser's session

# upload
DROP: Final = "reference-drop"
CHOOSE: Final = "reference-choose"
DEMO: Final = "reference-demo"
CANCEL: Final = "reference-cancel"
UPLOAD_SAID: Final = "reference-upload-said"
UPLOAD_BAR: Final = "reference-upload-bar"
DEMO_SAID: Final = "reference-demo-said"

# the data
DATA: Final = "reference-data"
FINDINGS: Final = "reference-findings"
COLUMNS: Final = "reference-columns"
ROLES_APPLY: Final = "reference-roles-apply"
ROLES_SAID: Final = "reference-roles-said"
ANSWERED: Final = "reference-answered"  # a press on "use it as it is", from upload.js

# the fit
ESTIMATOR: Final = "reference-estimator"
ESTIMATOR_HELP: Final = "reference-estimator-help"
GROUPS: Final = "reference-groups"  # the column whose subgroups are judged, "" for single rows
DYNAMICS: Final = "reference-dynamics"  # whether rows are judged with those before them: a recipe's word
ALPHA: Final = "reference-alpha"
MEMORY: Final = "reference-memory"
ARL0: Final = "reference-arl0"
BY: Final = "reference-by"
FIT: Final = "reference-fit"
FIT_GATE: Final = "reference-fit-gate"
FIT_ASK: Final = "reference-fit-ask"
FIT_ASKED: Final = "reference-fit-asked"
FIT_BAR: Final = "reference-fit-bar"
FIT_SAID: Final = "reference-fit-said"
EARLY: Final = "reference-early"
FIT_CANCEL: Final = "reference-fit-cancel"

# the review
REVIEW: Final = "reference-review"
COUNTER: Final = "reference-counter"
SCALE: Final = "reference-scale"
ALONG: Final = "reference-along"
CHART: Final = "reference-t2"
CHART_SUMMARY: Final = "reference-t2-summary"
DISTANCES: Final = "reference-distances"
DISTANCES_SUMMARY: Final = "reference-distances-summary"
PICTURE: Final = "reference-picture"
PICTURE_X: Final = "reference-picture-x"
PICTURE_Y: Final = "reference-picture-y"
PICTURE_PAIR: Final = "reference-picture-pair"
PICTURE_BOX: Final = "reference-picture-box"
PICTURE_CHART: Final = "reference-picture-chart"
PICTURE_SUMMARY: Final = "reference-picture-summary"
PICK: Final = "reference-pick"  # {"rows": [...]}, from upload.js
ROWS: Final = "reference-rows"
ROWS_LOOK: Final = "reference-rows-look"
ROWS_SAID: Final = "reference-rows-said"
LOOK_ALL: Final = "reference-look-all"
TABLE: Final = "reference-table"
FIT_FOUND: Final = "reference-fit-found"
OTHER_BASIN: Final = "reference-other-basin"
RECOMMENDED: Final = "reference-recommended"

# the check without a distribution
STABLE: Final = "reference-stable"
STABLE_OVERALL: Final = "reference-stable-overall"
STABLE_ASK: Final = "reference-stable-ask"
STABLE_ASKED: Final = "reference-stable-asked"
STABLE_ANSWER: Final = "reference-stable-answer"  # the job's result, from upload.js
STABLE_SAID: Final = "reference-stable-said"

# the drawer
DRAWER: Final = "reference-drawer"
DRAWER_BODY: Final = "reference-drawer-body"
DRAWER_CLOSE: Final = "reference-drawer-close"
AROUND: Final = "reference-around"
CAUSE: Final = "reference-cause"
NOTE: Final = "reference-note"
WHO: Final = "reference-who"
EXCLUDE: Final = "reference-exclude"
KEEP: Final = "reference-keep"
UNDO: Final = "reference-undo"
DECIDED: Final = "reference-decided"

# making it active
LINE: Final = "reference-line"
NEW_LINE: Final = "reference-new-line"
NEW_NAME: Final = "reference-new-name"
NEW_TITLE: Final = "reference-new-title"
PRODUCT: Final = "reference-product"
PRODUCTS: Final = "reference-products"
PRODUCT_HINT: Final = "reference-product-hint"
REASON: Final = "reference-reason"
SIGNER: Final = "reference-signer"
ACTIVATE: Final = "reference-activate"
ACTIVATED: Final = "reference-activated"
