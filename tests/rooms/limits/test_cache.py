"""What was simulated once is answered from the store: the same bits, or, when anything differs, simulated anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from spc.limits import Calibration, cache, calibrate
from spc.limits.cache import Key, caching, forget
from spc.limits.packing import pack, unpack
from spc.nouns import Dialect, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import Mcd, Ogk

CALIBRATED = Recipe(estimator=Mcd(h=0.63), limit="calibrated")  # no table has this h


class Shelf(dict[str, bytes]):
    """A store that counts."""

    kept = 0

    def put(self, key: str, value: bytes, error: float) -> None:
        self[key], self.kept = value, self.kept + 1
        assert 0.0 <= error < 1.0


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def simulations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every simulation."""
    seen: list[int] = []
    usual: Callable[..., Calibration] = calibrate

    def counted(*asked: object, **words: object) -> Calibration:
        seen.append(1)
        return usual(*asked, **{**words, "fits": 60})

    monkeypatch.setattr("spc.phase1.laws.calibrate", counted)
    return seen


def table(seed: int = 1) -> Reference:
    x = np.random.default_rng(seed).standard_normal((24, 2))
    return Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0")


def test_a_second_fit_of_the_same_shape_simulates_nothing_and_has_the_same_bits(simulations: list[int]) -> None:
    shelf = Shelf()
    with caching(shelf):
        first = fit(table(), CALIBRATED).model
    forget()  # as after a restart
    with caching(shelf):
        second = fit(table(), CALIBRATED).model
        other = fit(table(2), CALIBRATED).model  # other rows, the same n and p
    assert len(simulations) == 1
    assert second.to_json() == first.to_json()
    assert other.new_limits == first.new_limits
    assert shelf.kept == 2  # the fits, and the answers that were worked out from them


def test_answers_are_kept_with_the_fits(simulations: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    with caching(shelf):
        first = fit(table(), CALIBRATED).model
    forget()
    monkeypatch.setattr("spc.limits.calibrated.root", None)  # whoever looks for a limit again fails
    with caching(shelf):
        assert fit(table(), CALIBRATED).model.new_limits == first.new_limits


@pytest.mark.parametrize(
    "other", [Recipe(estimator=Mcd(h=0.64), limit="calibrated"), Recipe(estimator=Mcd(h=0.63), limit="calibrated", seed=1)]
)
def test_another_question_is_simulated(simulations: list[int], other: Recipe) -> None:
    shelf = Shelf()
    with caching(shelf):
        fit(table(), CALIBRATED)
        fit(table(), other)
    assert len(simulations) == 2


def test_another_scatter_is_another_question_for_an_estimator_that_mixtures_disturb(simulations: list[int]) -> None:
    shelf = Shelf()
    with caching(shelf):
        for seed in (1, 2, 1):
            fit(table(seed), Recipe(estimator=Ogk()))
            forget()
    assert len(simulations) == 2


def test_another_program_simulates_anew(simulations: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    with caching(shelf):
        fit(table(), CALIBRATED)
        forget()
        monkeypatch.setattr(cache, "program", lambda: "a later one")
        fit(table(), CALIBRATED)
    assert len(simulations) == 2


@pytest.mark.parametrize("harm", [lambda b: b[:-1], lambda b: b"", lambda b: b"\0" * 100, lambda b: b[:200] + b"x" + b[201:]])
def test_a_result_that_was_changed_is_made_again(simulations: list[int], harm: Callable[[bytes], bytes]) -> None:
    shelf = Shelf()
    with caching(shelf):
        first = fit(table(), CALIBRATED).model
    for key in shelf:
        shelf[key] = harm(shelf[key])
    forget()
    with caching(shelf):
        again = fit(table(), CALIBRATED).model
    assert again.to_json() == first.to_json()
    assert len(simulations) == 2


def test_what_somebody_elses_estimator_gave_is_not_kept() -> None:
    class Theirs(Mcd):
        pass

    assert Key(("calibration", Theirs(), 50, 8)).digest is None
    assert Key(("calibration", Mcd(), 50, 8)).digest != Key(("calibration", Mcd(h=0.5), 50, 8)).digest


def test_a_packed_result_has_every_bit() -> None:
    rng = np.random.default_rng(1)
    odd = np.array([np.nan, -0.0, 5e-324, np.inf])
    pair = (rng.standard_normal((2, 3)), rng.standard_normal((2, 3, 3)))
    one = Calibration("mcd", 9, 3, *pair, odd, odd, True, pair, {"asked": 1.0})
    again = unpack(Calibration, pack(one))
    assert again is not None
    assert again.answers == {}
    assert again.like is True
    assert again.inside.tobytes() == odd.tobytes()
    assert again.classical is not None
    assert again.classical[1].tobytes() == pair[1].tobytes()
    assert unpack(Shelf, pack(one)) is None
