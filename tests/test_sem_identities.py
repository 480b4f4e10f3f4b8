"""Two roads to one number: derivatives, reparametrisations, orders and units."""

import numpy as np
import pandas as pd
import pytest
from semopy.examples import holzinger39
from statsmodels.regression.linear_model import OLS

from analysis.sem.casewise import log_likelihoods, scores
from analysis.sem.discrepancy import FullInformation
from analysis.sem.errors import ModelError
from analysis.sem.estimates import place_at
from analysis.sem.estimators import ESTIMATORS
from analysis.sem.fit import fit
from analysis.sem.incomplete import patterns_of, saturated_moments
from analysis.sem.scores import factor_scores
from analysis.sem.standardized import standardized

MIXED = "F =~ x1 + x2 + x3\nG =~ x4 + x5 + x6\nG ~ F + ageyr\nx9 ~ G + x8\nx2 ~~ x3"
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@pytest.fixture(scope="module")
def hs():
    return holzinger39.get_data()


@pytest.fixture(scope="module")
def holes(hs):
    data, row = hs.copy(), np.arange(len(hs))
    for j in range(1, 10):
        data.loc[row % 13 == j, f"x{j}"] = np.nan
    return data


def numeric_slopes(value, at, step=1e-5):
    slopes = []
    for direction in np.eye(len(at)):
        slopes.append((value(at + step * direction) - value(at - step * direction)) / (2 * step))
    return np.array(slopes)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("group", [None, "school"])
def test_slopes_and_curvatures_are_the_derivatives(estimator, group, hs):
    found = fit(MIXED, hs, estimator=estimator, group=group, mean_structure=True)
    parts = found.solution.place.parts
    at = found.solution.parameters * 1.05 + 0.02
    place = place_at(parts, at)

    def gradient(x):
        here = place_at(parts, x)
        return here.gradient(here.slopes())

    assert place.gradient(place.slopes()) == pytest.approx(
        numeric_slopes(lambda x: place_at(parts, x).value, at), rel=1e-5, abs=1e-7
    )
    assert place.hessian(place.slopes()) == pytest.approx(numeric_slopes(gradient, at), rel=1e-5, abs=1e-6)


def test_derivatives_hold_with_missing_answers(holes):
    found = fit(THREE, holes, missing="fiml")
    parts, at = found.solution.place.parts, found.solution.parameters * 1.03
    place = place_at(parts, at)

    def gradient(x):
        here = place_at(parts, x)
        return here.gradient(here.slopes())

    assert isinstance(parts[0].discrepancy, FullInformation)
    assert place.gradient(place.slopes()) == pytest.approx(
        numeric_slopes(lambda x: place_at(parts, x).value, at), rel=1e-6, abs=1e-8
    )
    assert place.hessian(place.slopes()) == pytest.approx(numeric_slopes(gradient, at), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_respondents_contributions_add_up(missing, holes):
    found = fit(THREE, holes, missing=missing, mean_structure=True)
    group, implied = found.moments.groups[0], found.solution.place.implied[0]
    slopes = found.solution.slopes[0]
    assert log_likelihoods(group, implied).sum() == pytest.approx(found.indices.log_likelihood, rel=1e-12)
    each = scores(group, implied, slopes, with_means=True)
    assert each.mean(axis=0) == pytest.approx(np.zeros(each.shape[1]), abs=1e-9)  # at the maximum


def test_identifications_are_one_model(hs):
    marker, variance = (
        fit(THREE, hs, identification=identification) for identification in ("marker", "standardized")
    )
    assert marker.test.statistic == pytest.approx(variance.test.statistic, rel=1e-10)
    for one, other in zip(standardized(marker).estimates, standardized(variance).estimates, strict=True):
        assert one.name == other.name
        assert one.estimate == pytest.approx(other.estimate, rel=1e-8)


def test_the_order_of_items_constructs_and_rows_does_not_matter(hs):
    plain = fit(THREE, hs, estimator="MLR")
    turned = fit(
        "speed =~ 1*x7 + x9 + x8\nvisual =~ x1 + x3 + x2\ntextual =~ x4 + x6 + x5",
        hs.sample(frac=1, random_state=1),
        estimator="MLR",
    )
    for estimate in plain.estimates():
        if estimate.parameter.left != estimate.parameter.right and estimate.parameter.op == "~~":
            continue
        other = turned.estimate(estimate.name)
        assert other.estimate == pytest.approx(estimate.estimate, rel=1e-8)
        assert other.std_error == (
            None if estimate.std_error is None else pytest.approx(estimate.std_error, rel=1e-7)
        )


def test_everybody_twice_is_weight_two_is_double_chi_square(hs):
    once, twice = fit(THREE, hs), fit(THREE, pd.concat([hs, hs]))
    assert twice.test.statistic == pytest.approx(2 * once.test.statistic, rel=1e-9)
    first, second = once.estimate("visual =~ x2"), twice.estimate("visual =~ x2")
    assert second.estimate == pytest.approx(first.estimate, rel=1e-9)
    assert second.std_error == pytest.approx(first.std_error / np.sqrt(2), rel=1e-9)


def test_weights_are_repetitions(hs):
    times = np.arange(len(hs)) % 3 + 1
    weighted = fit(THREE, hs.assign(w=times), weights="w")
    repeated = fit(THREE, hs.loc[hs.index.repeat(times)])
    for estimate in weighted.estimates():
        assert repeated.estimate(estimate.name).estimate == pytest.approx(estimate.estimate, rel=1e-8)


def test_everybody_a_cluster_of_their_own(hs):
    alone = fit(THREE, hs.assign(own=np.arange(len(hs))), cluster="own")
    robust = fit(THREE, hs, estimator="MLR")
    factor = np.sqrt(301 / 300)  # clusters / (clusters - 1)
    for estimate in robust.estimates():
        if estimate.std_error is not None:
            other = alone.estimate(estimate.name).std_error
            assert other == pytest.approx(estimate.std_error * factor, rel=1e-9)


def test_full_information_of_complete_answers_is_maximum_likelihood(hs):
    plain, full = fit(THREE, hs, mean_structure=True), fit(THREE, hs, missing="fiml")
    assert full.test.statistic == pytest.approx(plain.test.statistic, rel=1e-9)
    barely = hs.copy()
    barely.loc[barely.index[0], "x9"] = np.nan
    near = fit(THREE, barely, missing="fiml")
    assert near.n == 301
    assert near.test.statistic == pytest.approx(plain.test.statistic, rel=0.05)


def test_a_path_model_is_regression(hs):
    found = fit("x9 ~ x1 + x4 + x7", hs, mean_structure=True)
    x = hs[["x1", "x4", "x7"]].assign(one=1.0)
    ols = OLS(hs["x9"], x).fit()
    for name in ("x1", "x4", "x7"):
        estimate = found.estimate(f"x9 ~ {name}")
        assert estimate.estimate == pytest.approx(ols.params[name], rel=1e-9)
        assert estimate.std_error == pytest.approx(ols.bse[name] * np.sqrt((301 - 4) / 301), rel=1e-9)
    assert found.indices.log_likelihood == pytest.approx(ols.llf, rel=1e-10)


def test_saturated_moments_are_the_sample_s_when_nothing_is_missing(hs):
    answers = hs[[f"x{i}" for i in range(1, 10)]].to_numpy()
    found = saturated_moments(patterns_of(answers, None), 9)
    assert found.converged
    assert found.means == pytest.approx(answers.mean(axis=0), rel=1e-12)
    assert found.covariance == pytest.approx(np.cov(answers.T, bias=True), rel=1e-10)


def test_groups_without_restrictions_are_fits_of_their_own(hs):
    both = fit(THREE, hs, group="school")
    alone = [fit(THREE, hs[hs["school"] == name], mean_structure=True) for name in both.groups]
    assert both.test.statistic == pytest.approx(sum(one.test.statistic for one in alone), rel=1e-9)
    assert both.indices.log_likelihood == pytest.approx(sum(one.indices.log_likelihood for one in alone))
    for name, one in zip(both.groups, alone, strict=True):
        assert both.estimate("speed =~ x8", name).std_error == pytest.approx(
            one.estimate("speed =~ x8").std_error, rel=1e-8
        )


def test_scores_of_new_respondents_and_of_those_who_answered_little(hs):
    found = fit(THREE, hs)
    new = hs.iloc[:3].copy()
    new.loc[new.index[1], [f"x{i}" for i in range(4, 10)]] = np.nan
    new.loc[new.index[2], [f"x{i}" for i in range(1, 10)]] = np.nan
    regression = factor_scores(found, new)
    assert regression.iloc[1].notna().all()  # the other constructs are guessed from the first
    assert regression.iloc[2].isna().all()
    bartlett = factor_scores(found, new, method="Bartlett")
    assert bartlett.iloc[1].isna().all()  # without answers of their own they are not
    assert regression.iloc[0].to_numpy() == pytest.approx(factor_scores(found, hs).iloc[0].to_numpy())


def test_a_restriction_costs_what_it_binds(hs):
    free = fit("visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6", hs)
    loose = fit("visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6\na < 5", hs)
    bound = fit("visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6\na > 0.9", hs)
    assert loose.test.statistic == pytest.approx(free.test.statistic, rel=1e-7)
    assert bound.estimate("visual =~ x2").estimate == pytest.approx(0.9, abs=1e-6)
    assert bound.test.statistic > free.test.statistic


COUNTED = {
    "ML": {},
    "MLR": {"estimator": "MLR"},
    "MLM": {"estimator": "MLM"},
    "ULS": {"estimator": "ULS"},
    "GLS": {"estimator": "GLS"},
    "WLS": {"estimator": "WLS"},
    "FIML": {"missing": "fiml"},
    "FIML, robust": {"missing": "fiml", "estimator": "MLR"},
    "groups": {"missing": "fiml", "estimator": "MLR", "group": "school"},
    "weights": {"weights": "w"},
    "clusters": {"cluster": "town"},
    "all": {"missing": "fiml", "weights": "w", "cluster": "town", "group": "school"},
}


@pytest.mark.parametrize("case", COUNTED)
def test_a_row_that_stands_for_several_is_several_rows(case, hs, holes):
    options = COUNTED[case]
    data = (holes if "missing" in options else hs).assign(
        times=np.arange(len(hs)) % 4, w=0.5 + np.arange(len(hs)) % 7, town=np.arange(len(hs)) % 45
    )
    counted = fit(THREE, data, counts="times", **options)
    repeated = fit(THREE, data.loc[data.index.repeat(data["times"])], **options)
    assert (counted.state, counted.n) == ("ok", data["times"].sum())
    assert counted.n == repeated.n
    for mine, theirs in zip(counted.estimates(), repeated.estimates(), strict=True):
        assert mine.estimate == pytest.approx(theirs.estimate, rel=1e-9)
        assert mine.std_error == (theirs.std_error and pytest.approx(theirs.std_error, rel=1e-9))
    for mine, theirs in ((counted.test, repeated.test), (counted.baseline, repeated.baseline)):
        assert mine.statistic == pytest.approx(theirs.statistic, rel=1e-9)
        assert mine.scaled == (theirs.scaled and pytest.approx(theirs.scaled, rel=1e-9))
    for mine, theirs in zip(counted.entries(), repeated.entries(), strict=True):
        assert mine.estimate == pytest.approx(theirs.estimate, rel=1e-9, abs=1e-12)
        if mine.interval is not None:
            assert (mine.interval.low, mine.interval.high) == pytest.approx(
                (theirs.interval.low, theirs.interval.high), rel=1e-9
            )


@pytest.mark.parametrize("wrong", [1.5, -1.0, np.nan, np.inf])
def test_counts_are_whole_numbers(wrong, hs):
    with pytest.raises(ModelError, match="must be whole numbers of at least 0"):
        fit(THREE, hs.assign(times=wrong), counts="times")
