"""Plans against R's power.t.test, against simulation by the project's own tests, and against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from analysis.means import mean_difference
from analysis.planning.power import FEWEST, design_effect, half_width, power_of, respondents_for


def test_power_of_means_is_that_of_r(reference):
    table = reference("planning")
    rows = table[table["quantity"] == "power"]
    assert len(rows) == 26
    for row in rows.itertuples():
        *measure, d, n, bound = row.case.split("_")
        found = power_of("_".join(measure), float(d), float(n), bound=float(bound))
        assert found == pytest.approx(row.value, rel=1e-9), row.case


def test_power_against_a_smallest_effect_is_that_of_r(reference):
    table = reference("study_plan")
    assert len(table) == 120
    for row in table.itertuples():
        *measure, level, effect, bound, n, shape = row.case.split("_")
        measure, n, bound = "_".join(measure), float(n), float(bound)
        found = power_of(
            measure,
            float(effect),
            n,
            bound=bound,
            numerator_df=1 if measure == "d_between" else int(shape),
            second_per_first=float(shape) if measure == "d_between" else 1.0,
            confidence_level=0.95 if level == "plain" else 1 - 0.05 / 15,
        )
        # R adds up the noncentral F until terms fall below 1e-9; the sum below says that ours is the nearer
        tolerance = 5e-8 if measure == "r_squared" else 1e-10
        assert found == pytest.approx(row.value, rel=1e-9, abs=tolerance), row.case


def test_the_power_of_r_squared_is_a_poisson_mixture_of_beta_tails():
    n, predictors, bound, expected = 60, 1, 0.1, 0.13
    df = n - predictors - 1

    def beyond(share_of_f: float, noncentrality: float) -> float:
        counts = np.arange(400)
        weights = stats.poisson.pmf(counts, noncentrality / 2)
        return float(weights @ stats.beta.sf(share_of_f, predictors / 2 + counts, df / 2))

    at_bound = n * bound / (1 - bound)
    limit = optimize.brentq(lambda x: beyond(x, at_bound) - 0.025, 1e-6, 1 - 1e-6, xtol=1e-14)
    truly = beyond(limit, n * expected / (1 - expected))
    found = power_of("r_squared", expected, n, bound=bound, numerator_df=predictors)
    assert found == pytest.approx(truly, rel=1e-9)


def test_respondents_are_those_of_r(reference):
    table = reference("planning")
    for row in table[table["quantity"] == "respondents"].itertuples():
        *measure, d, power = row.case.split("_")
        plan = respondents_for("_".join(measure), float(d), power=float(power))
        assert plan.n_per_group == row.value, row.case


def test_half_of_the_samples_of_a_plan_of_half_are_beyond_the_bound():
    plan = respondents_for("d_between", 0.6, bound=0.2, power=0.5)
    rng = np.random.default_rng(1)
    beyond, widths = 0, []
    for _ in range(800):
        first, second = rng.normal(0.6, 1, plan.n_per_group), rng.normal(0, 1, plan.n_per_group)
        interval = mean_difference(pd.Series(first), pd.Series(second)).interval
        beyond += interval.low > 0.2
        widths.append((interval.high - interval.low) / 2)
    assert beyond / 800 == pytest.approx(plan.power, abs=0.05)  # three errors of chance
    assert np.mean(widths) == pytest.approx(plan.half_width, rel=0.02)


@pytest.mark.parametrize(
    ("measure", "expected", "bound"),
    [
        ("d_between", 0.4, 0.2),
        ("d_within", 0.4, 0.2),
        ("correlation", 0.3, 0.1),
        ("tau_b", 0.2, 0.05),
        ("cramers_v", 0.3, 0.1),
        ("r_squared", 0.2, 0.05),
        ("share", 0.1, 0.02),
        ("nps", 0.2, 0.05),
    ],
)
def test_a_plan_is_the_fewest_that_reach_the_power(measure, expected, bound):
    plan = respondents_for(measure, expected, bound=bound)
    assert plan.power >= 0.8 > power_of(measure, expected, plan.n_per_group - 1, bound=bound)
    assert respondents_for(measure, expected).n < plan.n  # a bound costs respondents
    assert respondents_for(measure, expected, bound=bound, power=0.95).n > plan.n
    inflated = respondents_for(measure, expected, bound=bound, design_effect=1.45)
    assert inflated.n_per_group == pytest.approx(1.45 * plan.n_per_group, abs=2)
    assert inflated.power >= 0.8
    (entry,) = plan.entries()
    assert entry.n == plan.n == plan.groups * plan.n_per_group
    at_bound = power_of(measure, bound, 500, bound=bound)
    assert at_bound == pytest.approx(0.025, abs=1e-9)  # an effect of the bound is called larger in 2.5 %


def test_half_widths_of_textbook_size():
    assert half_width("share", 0.0, 1067) == pytest.approx(0.03, abs=1e-4)
    assert half_width("nps", 0.2, 400) == pytest.approx(1.959964 * np.sqrt((0.7 - 0.04) / 400), rel=1e-6)
    assert half_width("correlation", 0.0, 103) == pytest.approx(0.1959964, rel=1e-6)
    for measure in FEWEST:
        effect = 0.5 if measure == "cramers_v" else 0.1
        wide, narrow = half_width(measure, effect, 100), half_width(measure, effect, 400)
        assert narrow == pytest.approx(wide / 2, rel=0.02)
    with pytest.raises(ValueError, match="3 respondents; correlation needs at least 4"):
        half_width("correlation", 0.1, 3)


def test_what_cannot_be_planned_says_so():
    plan = respondents_for("d_between", 0.2, bound=0.2)
    assert (plan.state, plan.n, plan.power) == ("inadmissible", None, None)
    assert plan.reason == "an effect of 0.2 does not exceed the bound of 0.2, whatever the number"
    assert plan.entries()[0].estimate is None
    assert respondents_for("d_within", 1e-5).state == "too_few"
    assert power_of("correlation", 0.5, 3) == 0.0
    with pytest.raises(ValueError, match="no plan for 'eta'; there are plans for d_between"):
        power_of("eta", 0.2, 100)
    with pytest.raises(ValueError, match="it cannot be negative"):
        power_of("d_within", 0.2, 100, bound=-0.1)
    with pytest.raises(ValueError, match="lie between -1 and 1"):
        power_of("tau_b", 1.0, 100)
    with pytest.raises(ValueError, match="shares lie between 0 and 1"):
        power_of("share", 0.6, 100)
    with pytest.raises(ValueError, match=r"the score lies within 0\.7"):
        power_of("nps", 0.8, 100)
    with pytest.raises(ValueError, match="it lies between 0 and 1"):
        respondents_for("nps", 0.1, power=80)
    with pytest.raises(ValueError, match="clusters never save respondents"):
        respondents_for("nps", 0.1, design_effect=0.5)


def test_design_effects():
    assert design_effect(1, 0.4) == 1
    assert design_effect(20, 0.1) == pytest.approx(2.9)
    with pytest.raises(ValueError, match="clusters hold at least 1 respondent"):
        design_effect(0.5, 0.1)
