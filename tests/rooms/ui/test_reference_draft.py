"""What a person decides about rows and findings before a fit: said with a cause and a name, undone, and turned into a recipe."""

from __future__ import annotations

import dataclasses

import pytest

from spc.errors import Complaint
from spc.nouns import Finding
from spc.phase1 import Recipe
from spc.ui.pages.reference import budget, draft, estimators, fitting
from tests.small import model

MODEL = dataclasses.replace(model(), recipe=Recipe().to_dict())
RED = Finding("rescaled", "red", "warp_mm is 1000 times larger after row 71.", columns=("warp_mm",))


def test_an_exclusion_needs_a_cause_a_name_and_rows() -> None:
    with pytest.raises(Complaint, match="No cause"):
        draft.exclude(None, "r", "m", MODEL, [3], cause="", note="", by="Ada")
    with pytest.raises(Complaint, match="Nobody has signed"):
        draft.exclude(None, "r", "m", MODEL, [3], cause="sensor", note="", by=" ")
    with pytest.raises(Complaint, match="No row"):
        draft.exclude(None, "r", "m", MODEL, [], cause="sensor", note="", by="Ada")
    with pytest.raises(Complaint, match="needs a note"):
        draft.exclude(None, "r", "m", MODEL, [3], cause="other", note="", by="Ada")


def test_exclusions_become_the_recipe_with_their_reason_note_and_name() -> None:
    told = draft.exclude(None, "r", "m", MODEL, [3, 7], cause="sensor", note="probe 2", by="Ada")
    words = draft.recipe(MODEL.recipe, draft.excluded(told, "m", MODEL))
    recipe = Recipe.from_dict(words)
    assert [(one.row, one.reason, one.note, one.by) for one in recipe.exclusions] == [
        (3, "sensor or gauge", "probe 2", "Ada"),
        (7, "sensor or gauge", "probe 2", "Ada"),
    ]


def test_what_the_model_left_out_is_the_draft_until_something_is_decided() -> None:
    fitted = dataclasses.replace(MODEL, recipe=draft.recipe(MODEL.recipe, {5: {"reason": "sensor or gauge"}}))
    assert set(draft.excluded(None, "m", fitted)) == {5}
    assert draft.pending(None, "m", fitted) == 0
    undone = draft.undo(None, "r", "m", fitted, [5])
    assert draft.excluded(undone, "m", fitted) == {}
    assert draft.pending(undone, "m", fitted) == 1


def test_keeping_a_row_takes_its_exclusion_back_and_the_other_way_round() -> None:
    told = draft.exclude(None, "r", "m", MODEL, [3], cause="tool", note="", by="Ada")
    told = draft.keep(told, "r", "m", MODEL, [3], note="warm-up", by="Bo")
    assert (draft.excluded(told, "m", MODEL), set(draft.kept(told, "r"))) == ({}, {3})
    told = draft.exclude(told, "r", "m", MODEL, [3], cause="tool", note="", by="Ada")
    assert (set(draft.excluded(told, "m", MODEL)), draft.kept(told, "r")) == ({3}, {})


def test_undoing_what_was_not_done_is_a_complaint() -> None:
    with pytest.raises(Complaint, match="Nothing was decided"):
        draft.undo(None, "r", "m", MODEL, [3])


def test_a_draft_given_in_is_not_changed() -> None:
    first = draft.keep(None, "r", "m", MODEL, [1], note="", by="Ada")
    before = {**first, "keep": dict(first["keep"])}
    draft.exclude(first, "r", "m", MODEL, [1], cause="tool", note="", by="Ada")
    assert first == before


def test_a_red_finding_stands_until_it_is_answered_and_the_answer_stays_with_the_model() -> None:
    amber = Finding("missing", "amber", "7 rows are incomplete.")
    assert draft.unanswered([amber, RED], None, "r") == [RED]
    told = draft.answer(None, "r", draft.key(RED))
    assert draft.unanswered([RED], told, "r") == []
    assert draft.unanswered([RED], told, "another file") == [RED]
    assert RED.text in draft.note(told, "r", [RED])
    assert draft.unanswered([RED], draft.answer(told, "r", draft.key(RED)), "r") == [RED]


@pytest.mark.parametrize(
    "text, words", [("", "No row"), ("x", "not a row number"), ("0", "rows 1 to 9"), ("7-3", "rows 1 to 9"), ("1-2-3", "not a")]
)
def test_row_numbers_that_make_no_sense_are_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Complaint, match=words):
        draft.rows_of(text, 9)


def test_the_recipe_takes_estimator_and_alpha_from_the_form_and_keeps_the_rest() -> None:
    before = dataclasses.replace(MODEL, recipe={**MODEL.recipe, "seed": 7})
    words = fitting.asked("classical", "0,001", before)
    assert (words["estimator"], words["alpha"], words["seed"]) == ({"name": "classical"}, 0.001, 7)
    assert fitting.asked(estimators.AS_BEFORE, "0.01", before)["estimator"] == MODEL.recipe["estimator"]


@pytest.mark.parametrize("alpha", ["", "a lot", "0", "1", "-3"])
def test_an_alpha_that_is_none_is_refused_in_words(alpha: str) -> None:
    with pytest.raises(Complaint):
        budget.promise(alpha)
