"""The bodies that people send. A word that nobody knows is refused, so that a misspelt one is not silently without effect."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(max_length=200, description="Who does this: it is kept with the change.")]
Words = Annotated[str, Field(max_length=10_000)]
TIME, PART, LABEL = 100, 1000, {"quality": 100, "product": 120, "subgroup": 120}  # characters of a row's texts at most
MOST_ROWS = 100_000  # of one body


class Body(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, ser_json_inf_nan="null", allow_inf_nan=False)


class Roles(Body):
    """The role of each column that is answered otherwise than it was guessed."""

    roles: dict[str, str] = Field(description="column → measurement, guard, time, id, product, subgroup or ignore")
    by: Name = ""


class Fit(Body):
    """Fit a model to a reference. `recipe` holds what is asked: estimator, alpha, charts, limit, dynamics, exclusions, seed.

    The false alarms are said in one way, here or in the recipe: alpha, arl0, false_alarms ("1 per week") with every ("45s"), or ucl.
    """

    reference_id: str = Field(max_length=100)
    recipe: dict[str, Any] = Field(default_factory=dict)
    alpha: float | None = Field(None, description="false alarms per point")
    arl0: float | None = Field(None, description="rows between false alarms")
    false_alarms: str | None = Field(None, max_length=100, description="1 per week")
    ucl: float | None = Field(None, gt=0.0, description="the limit of T² itself: alpha and ARL₀ then follow from it")
    every: str | None = Field(None, max_length=100, description="time between rows, or subgroups, when it is not that of the file: 45s")
    watch: str | None = Field(None, max_length=100, description="the line's rule for a signal: 2 of 3")
    by: Name = ""
    note: Words = ""


class RowValues(Body):
    """A row whose arithmetic is to be shown."""

    values: dict[str, float | None] = Field(max_length=10_000, description="column → number, or null where it is missing")
    chart: str = Field("t2", max_length=100)
    before: list[dict[str, float | None]] = Field(
        default_factory=list, max_length=5, description="the rows before it, oldest first, for a model with dynamics"
    )


class DistributionFree(Body):
    """Is the reference stable, whatever its distribution?"""

    overall: float = Field(0.05, gt=0.0, lt=1.0, description="the probability with which a stable table is called unstable")
    exclude: list[int] = Field(default_factory=list, max_length=1_000_000, description="rows, from 1, that are left out")
    subgroups: bool = Field(False, description="look at the reference's subgroups, not at single rows")
    by: Name = ""


class PlayedModel(Body):
    """One candidate of a replay: a stored model, or a reference with a recipe, which is fitted for the replay.

    What is fitted so is no stored model, unless `keep` asks for it: then it is stored when the replay is done.
    """

    model_id: str | None = Field(None, max_length=100)
    reference_id: str | None = Field(None, max_length=100, description="a stored reference, instead of a model")
    recipe: dict[str, Any] = Field(default_factory=dict, description="with reference_id: what a fit is asked for")
    keep: bool = Field(False, description="with reference_id: store the model when the replay is done")
    name: str = Field("", max_length=200, description="what to call it; the first digits of its id when not given")


class Keep(Body):
    """Store the model that a replay fitted from a reference and a recipe."""

    candidate: str = Field(max_length=200, description="its name in the replay")
    by: Name = ""
    note: Words = ""


class Rule(Body):
    """An alarm is raised when k of the last n points are out, and is over after `back` points in a row within."""

    k: int = Field(1, ge=1, le=100)
    n: int = Field(1, ge=1, le=100)
    back: int = Field(3, ge=1, le=1000)


class Replay(Body):
    """Play rows of a line, or of an uploaded table, through models side by side; the first is held against the others."""

    line: str | None = Field(None, max_length=200)
    first: int | None = Field(None, ge=1, description="row number of the line")
    last: int | None = Field(None, ge=1)
    newest: int | None = Field(None, ge=1, description="only the newest so many rows")
    since: str | None = Field(None, max_length=100, description="ISO 8601; without a zone it is in the plant's")
    until: str | None = Field(None, max_length=100)
    reference_id: str | None = Field(None, max_length=100, description="an uploaded table, instead of a line")
    candidates: list[PlayedModel] = Field(min_length=1, max_length=10)
    watch: Rule = Rule(k=1, n=1, back=3)
    truth: str = Field("", max_length=500, description="the table's column that says which rows are bad (1) and good (0)")
    by: Name = ""


class NewLine(Body):
    """A line that no settings file names."""

    name: str = Field(max_length=200, description="small letters, digits, - and _: it becomes part of an address")
    title: str = Field("", max_length=200, description="what people call it; the name when not given")
    by: Name = ""


class Activation(Body):
    """Judge a line by this model from its next row on."""

    line: str = Field(max_length=200)
    reason: Words = Field(description="Why: it is kept.")
    by: Name = "api"
    product: str = Field("", max_length=120, description="Only the rows of this product; all that have no model of their own when empty.")


class Deactivation(Body):
    """Stop judging a line."""

    product: str = Field("", max_length=120, description="Only the rows of this product.")
    reason: Words = Field(description="Why: it is kept.")
    by: Name = "api"


class SentRow(Body):
    """One row. Without an id and a time it cannot be told from a repetition of itself."""

    time: str | None = Field(None, max_length=TIME, description="ISO 8601; without a zone it is in the plant's")
    id: str | None = Field(None, max_length=PART, description="part or serial number")
    values: dict[str, Any] = Field(description="column → number, or null where it is missing")
    quality: str = Field("good", max_length=LABEL["quality"], description="good, uncertain, bad, stale, missing or late")
    product: str = Field("", max_length=LABEL["product"], description="what is made: its model judges the row, where it has one")
    subgroup: str = Field("", max_length=LABEL["subgroup"], description="the label of the subgroup that the row belongs to")


class SentRows(Body):
    """Rows in the order in which they were made."""

    rows: list[SentRow] = Field(max_length=MOST_ROWS)


class Acknowledge(Body):
    """I have seen it."""

    by: Name
    note: Words = ""


class Shelve(Body):
    """Out of sight for a while, with a reason: until a time, or for some minutes."""

    by: Name
    reason: Words = ""
    note: Words = Field("", description="taken as the reason when `reason` is not given")
    until: str | None = Field(None, max_length=100, description="ISO 8601")
    minutes: float | None = Field(None, gt=0, description="instead of `until`")


class Unshelve(Body):
    """Back in sight."""

    by: Name


class Cause(Body):
    """What it was."""

    by: Name
    cause: Words = Field("", description="a code or a few words: later incidents that go the same way look like it")
    note: Words = ""
    action: str = Field("", max_length=2000, description="what was done about it")
    known: bool = Field(True, description="false: keep it under no name; nothing was wrong, or nobody knows")

    @property
    def what(self) -> str:
        """The cause and the note, as one text."""
        return ": ".join(part for part in (self.cause.strip(), self.note.strip()) if part)


class Renamed(Body):
    """Another name for a known cause."""

    name: str = Field(max_length=200)
    reason: Words = Field(description="Why: it is kept.")
    by: Name


class Withdrawn(Body):
    """Nothing is to look like this cause any more."""

    reason: Words = Field(description="Why: it is kept.")
    by: Name
