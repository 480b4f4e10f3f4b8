"""Penalty-reward contrasts: coefficients, errors and corrected p-values equal R; kinds recover what was built in."""

import numpy as np
import pandas as pd
import pytest

from analysis.penalty_reward import ASYMMETRY_CUTS, CODINGS, penalty_reward
from tests.test_importance_performance import BANK, kiosk

CLOSED = {"rel": 1e-8, "abs": 1e-12}


def check(found, case, computed_by_r):
    r = computed_by_r("importance_performance", f"contrast {case}")
    assert (found.n, found.equation.r_squared) == pytest.approx((r["n"], r["r_squared"]), rel=1e-10)
    for one in found.features:
        r = computed_by_r("importance_performance", f"contrast {case} {one.feature}")
        assert (one.n_low, one.n_high) == (r["n_low"], r["n_high"])
        assert one.asymmetry.statistic**2 == pytest.approx(r["f"], rel=1e-7)  # car::linearHypothesis
        for name in ("penalty", "reward", "asymmetry"):
            number, expected = (
                getattr(one, name),
                computed_by_r("importance_performance", f"contrast {case} {one.feature} {name}"),
            )
            got = (
                number.estimate,
                number.std_error,
                number.df,
                number.p_value,
                number.interval.low,
                number.interval.high,
            )
            wanted = tuple(expected[k] for k in ("estimate", "std_error", "df", "p", "low", "high"))
            assert got == pytest.approx(wanted, **CLOSED)
            assert getattr(one, f"{name}_adjusted") == pytest.approx(r[f"{name}_holm"], **CLOSED)


def test_everything_equals_r_in_the_small_survey(survey, computed_by_r):
    xs = ["SAT1", "SAT3"]
    found = penalty_reward(survey["LOY"], survey[xs], bounds=dict.fromkeys(xs, (1, 5)), coding="thirds")
    check(found, "small", computed_by_r)


@pytest.mark.parametrize(("case", "coding"), [("bank", "tops"), ("bank branches", "thirds")])
def test_everything_equals_r_for_bank_customers(case, coding, shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    branch = pd.Series(np.arange(len(bank)) % 20, name="BRANCH") if "branches" in case else None
    bounds = dict.fromkeys(BANK, (0, 10))
    check(
        penalty_reward(
            bank["sat1"], bank[BANK], bounds=bounds, coding=coding, clusters=branch, minimum_cell=1
        ),
        case,
        computed_by_r,
    )


def test_everything_equals_r_for_kiosks(shared_data, computed_by_r):
    outcome, satisfaction, _ = kiosk(shared_data)
    xs = ["p1", "p2", "p3"]
    found = penalty_reward(outcome, satisfaction[xs], bounds=dict.fromkeys(xs, (1, 7)), coding="thirds")
    assert (found.features[0].low, found.features[0].high) == (3.0, 5.0)
    check(found, "kiosk", computed_by_r)


def made(n=3000, seed=3):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        rng.integers(1, 6, (n, 4)).astype(float), columns=["must", "linear", "delight", "nothing"]
    )
    low, high = (x <= 2).astype(float), (x == 5).astype(float)
    y = -1.2 * low["must"] + 0.8 * (high["linear"] - low["linear"]) + 1.2 * high["delight"]
    return x, (y + rng.normal(size=n)).rename("satisfaction")


def test_kinds_recover_what_was_built_in():
    x, y = made()
    found = penalty_reward(y, x, bounds=dict.fromkeys(x, (1, 5)))
    assert [one.kind for one in found.features] == ["basic", "performance", "excitement", "not_shown"]
    assert found.of("must").penalty.interval.low < -1.2 < found.of("must").penalty.interval.high
    turned = penalty_reward(-y, x, bounds=dict.fromkeys(x, (1, 5)))
    assert [one.kind for one in turned.features] == ["contrary", "contrary", "contrary", "not_shown"]
    assert turned.of("must").impact_asymmetry is None
    both = penalty_reward((y - 0.4 * (x["delight"] <= 2)).rename("y"), x, bounds=dict.fromkeys(x, (1, 5)))
    assert both.of("delight").kind == "excitement"  # penalty and reward are there, the reward outweighs
    assert both.of("delight").penalty_adjusted < 0.05


def test_one_side_shown_and_the_other_not_is_no_kind():
    """A small sample: the penalty is there, the reward is not shown, and their sum may be zero."""
    rng = np.random.default_rng(3)
    x = pd.DataFrame({"queue": rng.integers(1, 6, 160).astype(float)})
    y = (-0.6 * (x["queue"] <= 2) + 0.25 * (x["queue"] == 5) + rng.normal(size=160)).rename("y")
    found = penalty_reward(y, x, bounds={"queue": (1, 5)}).of("queue")
    assert found.penalty_adjusted < 0.05 < min(found.reward_adjusted, found.asymmetry_adjusted)
    assert found.kind == "penalty_only"


def test_the_other_way_round_rewards_are_penalties():
    x, y = made(400)
    one = penalty_reward(y, x, bounds=dict.fromkeys(x, (1, 5)), coding="thirds")
    other = penalty_reward(-y, 6 - x, bounds=dict.fromkeys(x, (1, 5)), coding="thirds")
    for first, second in zip(one.features, other.features, strict=True):
        assert first.penalty.estimate == pytest.approx(-second.reward.estimate, rel=1e-9)
        assert first.asymmetry.std_error == pytest.approx(second.asymmetry.std_error, rel=1e-9)
        assert first.asymmetry.estimate == pytest.approx(
            first.penalty.estimate + first.reward.estimate, rel=1e-9
        )


def test_index_and_its_labels():
    x, y = made()
    for one in penalty_reward(y, x, bounds=dict.fromkeys(x, (1, 5))).features:
        if one.impact_asymmetry is not None:
            p, r = -one.penalty.estimate, one.reward.estimate
            assert one.impact_asymmetry == pytest.approx(r / (r + p) - p / (r + p))
            assert one.label == next(cut.label for cut in ASYMMETRY_CUTS if one.impact_asymmetry >= cut.low)
    assert [cut.low for cut in ASYMMETRY_CUTS] == sorted((cut.low for cut in ASYMMETRY_CUTS), reverse=True)
    assert ASYMMETRY_CUTS[-1].low == -1.0  # every index has a label


def test_chance_makes_kinds_no_more_often_than_the_level():
    rng = np.random.default_rng(11)
    x = pd.DataFrame(rng.integers(1, 6, (200, 3)).astype(float), columns=list("abc"))
    hits = sum(
        any(
            one.kind != "not_shown"
            for one in penalty_reward(
                pd.Series(rng.normal(size=200), name="y"), x, bounds=dict.fromkeys(x, (1, 5))
            ).features
        )
        for _ in range(300)
    )
    assert hits / 300 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_features_with_few_low_answers_are_left_out_and_say_why():
    x, y = made(300)
    x["linear"] = x["linear"].clip(lower=3)
    found = penalty_reward(y, x, bounds=dict.fromkeys(x, (1, 5)))
    assert (found.of("linear").state, found.of("linear").kind) == ("too_few", None)
    assert found.of("linear").reason.startswith("0 low, ")
    assert "linear low" not in found.equation.terms
    assert list(found.to_frame().query("state.notna()")["feature"]) == ["linear"]


def test_what_cannot_be_fitted_says_why():
    x, y = made(300)
    bounds = dict.fromkeys(x, (1, 5))
    assert penalty_reward(y * 0, x, bounds=bounds).state == "constant"
    assert penalty_reward(y[:9], x[:9], bounds=bounds, minimum_cell=1).state == "too_few"
    assert penalty_reward(y, x.assign(nothing=x["must"]), bounds=bounds).state == "inadmissible"
    assert (
        penalty_reward(y, x, bounds=bounds, clusters=pd.Series(np.arange(300) % 4)).reason
        == "4 clusters for 8 contrasts"
    )
    none = penalty_reward(y, x.clip(3, 4), bounds=bounds)
    assert none.entries()[0].reason == "no feature has enough low, middling and high answers"
    with pytest.raises(ValueError, match="must: answers outside 1-4"):
        penalty_reward(y, x[["must"]], bounds={"must": (1, 4)})
    with pytest.raises(ValueError, match="coding 'halves'; expected one of ends, tops, thirds"):
        penalty_reward(y, x, bounds=bounds, coding="halves")
    with pytest.raises(ValueError, match="needs clusters"):
        penalty_reward(y, x, bounds=bounds, errors="clustered")


def test_codings_leave_a_middle():
    for coding in CODINGS.values():
        assert 0 <= coding.low < coding.high <= 1
        assert coding.source
