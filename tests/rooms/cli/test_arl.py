"""`spc arl`: the numbers, the words, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from spc.runlength import Mewma

Spc = Callable[..., Any]


def test_the_limit_and_the_run_length_are_those_of_the_library(spc: Spc) -> None:
    done = spc("arl", "--chart", "mewma", "-p", "4", "--lam", "0.1", "--arl0", "370", "--shift", "1", "--json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    limit = Mewma(4, 0.1).limit(370.0)
    found = Mewma(4, 0.1).run_length(limit, 1.0)
    assert (said["limit"], said["arl"], said["sd"], said["error"]) == (limit, found.arl, found.sd, found.error)
    assert said["quantiles"] == {f"{key:g}": row for key, row in found.quantiles.items()}
    assert (said["chart"], said["p"], said["lam"], said["k"], said["arl0"], said["shift"]) == ("mewma", 4, 0.1, None, 370.0, 1.0)


def test_the_words_tell_limit_mean_quantiles_and_error(spc: Spc) -> None:
    done = spc("arl", "--chart", "mcusum", "-p", "2", "--k", "0.5", "--limit", "5.5")
    assert done.code == 0, done.err
    assert "limit 5.5" in done.out
    assert "ARL in control: 201.499 rows, standard deviation 194.8" in done.out
    assert "142 (50%)" in done.out
    assert "Numerical error" in done.out


def test_t2_is_geometric(spc: Spc) -> None:
    said = json.loads(spc("arl", "--chart", "t2", "-p", "2", "--arl0", "200", "--json").out)
    assert said["limit"] == pytest.approx(10.5966, abs=1e-4)
    assert said["arl"] == pytest.approx(200.0)
    assert spc("arl", "--chart", "t2", "-p", "2", "--arl0", "200").out.count("\n") == 4  # no steady state: it is the same


def test_the_exact_variance_has_its_own_limit(spc: Spc) -> None:
    said = json.loads(spc("arl", "--chart", "mewma", "-p", "2", "--lam", "0.1", "--exact", "--arl0", "200", "--json").out)
    assert said["limit"] == pytest.approx(8.7846, abs=1e-4)


@pytest.mark.parametrize(
    "words,said",
    [
        (["--chart", "mewna", "-p", "2", "--arl0", "370"], "Did you mean 'mewma'"),
        (["--chart", "t2", "-p", "2", "--arl0", "370", "--lam", "0.1"], "--lam has no meaning for t2"),
        (["--chart", "mewma", "-p", "2", "--arl0", "370", "--k", "0.5"], "--k has no meaning for mewma"),
        (["--chart", "mcusum", "-p", "2", "--arl0", "370", "--exact"], "--exact has no meaning for mcusum"),
        (["--chart", "t2", "-p", "2"], "Give one of --limit and --arl0"),
        (["--chart", "t2", "-p", "2", "--limit", "9", "--arl0", "370"], "Give one of --limit and --arl0"),
        (["--chart", "t2", "-p", "0", "--limit", "9"], "Give 1 to 200 variables"),
        (["--chart", "mewma", "-p", "2", "--lam", "2", "--limit", "9"], "from 0.005 to 1"),
        (["--chart", "mewma", "-p", "2", "--limit", "nan"], "not a limit"),
        (["--chart", "mewma", "-p", "2", "--limit", "9", "--shift", "-1"], "0 to 100"),
        (["--chart", "mewma", "-p", "2", "--arl0", "0"], "An ARL₀ of 0"),
        (["--chart", "mewma", "-p", "two", "--arl0", "9"], "'-p'"),
        (["-p", "2", "--arl0", "9"], "--chart"),
    ],
)
def test_wrong_words_are_refused_with_a_cure(spc: Spc, words: list[str], said: str) -> None:
    done = spc("arl", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert said in done.err


def test_limits_of_several_charts_have_an_arl_and_an_arl_has_their_limits(spc: Spc) -> None:
    words = ["--chart", "t2,mewma", "-p", "2", "--json"]
    found = json.loads(spc("arl", *words, "--arl0", "100").out)["charts"]
    limits = ",".join(str(found[name]["limit"]) for name in ("t2", "mewma"))
    back = json.loads(spc("arl", *words, "--limit", limits).out)
    assert back["arl"] == pytest.approx(100.0, rel=0.05)
    assert {name: one["limit"] for name, one in back["charts"].items()} == {name: one["limit"] for name, one in found.items()}
    few = spc("arl", "--chart", "t2,mewma", "-p", "2", "--limit", "12")
    assert few.code == 2
    assert "1 number for 2 charts" in few.err


def test_what_the_equations_do_not_reach_is_simulated_and_says_so(spc: Spc, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["arl", "--chart", "mewma", "-p", "2", "--lam", "0.2", "--exact", "--limit", "9.6", "--shift", "1"]
    computed = json.loads(spc(*words, "--json").out)
    monkeypatch.setattr("spc.runlength.mewma._LONG", 0.0)
    simulated = json.loads(spc(*words, "--json").out)
    assert "Simulated" in simulated["law"]
    assert simulated["arl"] == pytest.approx(computed["arl"], abs=4 * simulated["error"])
    told = spc(*words).out
    assert "±" in told
    assert "is not computed for the exact variance with λ = 0.2" in told


def test_a_moving_covariance_is_simulated_and_too_large_a_weight_is_refused(spc: Spc) -> None:
    done = spc("arl", "--chart", "mewmc", "-p", 2, "--arl0", 50, "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["charts"]["mewmc"]["limit"] > 0.3
    assert found["arl"] == pytest.approx(50.0, rel=0.08)
    slower = json.loads(spc("arl", "--chart", "mewmc", "-p", 2, "--lam", 0.05, "--arl0", 50, "--json").out)
    assert slower["charts"]["mewmc"]["limit"] < found["charts"]["mewmc"]["limit"]
    refused = spc("arl", "--chart", "mewmc", "-p", 9, "--lam", 0.4, "--arl0", 50)
    assert refused.code != 0
    assert "too few for the covariance of 9 variables" in refused.err
