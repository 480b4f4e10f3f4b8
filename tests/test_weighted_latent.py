"""Latent effects under a design, against lavaan's weighted MLR and survey's variance of its influence values."""

import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.functionals import between_weightings, under_design
from analysis.latent_effects import latent_indirect as unweighted_indirect
from analysis.latent_effects import latent_path as unweighted_path
from analysis.latent_effects import latent_trend as unweighted_trend
from analysis.weighted.latent import latent_indirect, latent_path, latent_trend

S, L, V = ["sat1", "sat2", "sat3"], ["loy1", "loy2", "loy3"], ["val1", "val2", "val3"]
CONSTRUCTS = {"s": S, "l": L, "v": V, "i": ["imag2", "imag3", "imag4"]}


@pytest.fixture(scope="module")
def real(shared_data):
    data = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(1, len(data) + 1)
    data["W"] = 0.5 + (i * 37) % 17 / 4 + data["loy4"] / 10
    data["STRATUM"] = data["imag1"] // 4
    data["CLUSTER"] = data["STRATUM"] * 1000 + (i * 7) % 9
    for name in ("sat1", "loy2", "imag2", "val1"):
        data.loc[(i + 5 * (list(data.columns).index(name) + 1)) % 23 == 0, name] = np.nan
    return data


def effect(case, data, design):
    if case == "series":
        return latent_indirect(data, CONSTRUCTS, design, predictor="i", mediators=["s"], outcome="l")
    controls = ["v"] if case == "controls" else []
    return latent_path(data, CONSTRUCTS, design, predictor="s", outcome="l", controls=controls)


@pytest.mark.parametrize("case", ["path", "controls", "series"])
def test_latent_effects_equal_lavaan_and_survey(case, real, computed_by_r):
    expected = computed_by_r("weighted_latent", case)
    designs = {
        "weighted": survey_design(real["W"]),
        "clustered": survey_design(real["W"], clusters=real["CLUSTER"]),
        "stratified": survey_design(real["W"], strata=real["STRATUM"], clusters=real["CLUSTER"]),
    }
    for name, design in designs.items():
        found = under_design(effect(case, real, design), design)
        # lavaan's own search ends at about 1e-5 of a parameter
        assert found.estimate == pytest.approx(expected["estimate"], rel=2e-5)
        assert found.std_error == pytest.approx(expected[name], rel=2e-4)
    clustered = under_design(effect(case, real, designs["clustered"]), designs["clustered"])
    assert clustered.std_error == pytest.approx(expected["lavaan_clustered"], rel=2e-4)
    plain = under_design(effect(case, real, designs["weighted"]), designs["weighted"])
    n = len(real)
    assert plain.std_error == pytest.approx(expected["lavaan_weighted"] * np.sqrt(n / (n - 1)), rel=2e-4)


def test_equal_weights_give_the_latent_effects_without_weights(real):
    design = survey_design(np.full(len(real), 3.0))
    plain = unweighted_path(real, CONSTRUCTS, predictor="s", outcome="l", controls=["v"])
    found = under_design(effect("controls", real, design), design)
    assert found.estimate == pytest.approx(plain.estimate, rel=1e-7)
    assert found.std_error == pytest.approx(plain.std_error, rel=0.01)
    series = unweighted_indirect(real, CONSTRUCTS, predictor="i", mediators=["s"], outcome="l")
    assert under_design(effect("series", real, design), design).estimate == pytest.approx(
        series.estimate, rel=1e-7
    )


def test_a_latent_trend_of_equal_weights_and_of_doubled_respondents():
    rng = np.random.default_rng(2)
    tier = pd.Series(np.repeat([1, 2, 3], 150), dtype="category", name="TIER")
    trait = rng.normal(size=450) + 0.4 * (tier.astype(int) - 1)
    items = pd.DataFrame(
        0.8 * trait.to_numpy()[:, None] + 0.6 * rng.normal(size=(450, 4)), columns=list("abcd")
    )
    plain = unweighted_trend(items, tier, construct="satisfaction")
    equal = survey_design(np.full(450, 2.0))
    found = under_design(latent_trend(items, tier, equal, construct="satisfaction"), equal)
    assert found.estimate == pytest.approx(plain.estimate, rel=1e-7)
    assert found.std_error == pytest.approx(plain.std_error, rel=0.01)
    counts = rng.integers(1, 3, 450)
    weighted = survey_design(counts.astype(float))
    rows = np.repeat(np.arange(450), counts)
    twice = unweighted_trend(
        items.iloc[rows].reset_index(drop=True),
        tier.iloc[rows].reset_index(drop=True),
        construct="satisfaction",
    )
    once = under_design(latent_trend(items, tier, weighted, construct="satisfaction"), weighted)
    assert once.estimate == pytest.approx(twice.estimate, rel=1e-6)
    assert once.std_error > twice.std_error  # one respondent of weight two says less than two respondents


def test_a_latent_effect_by_value_and_one_that_cannot_be_fitted(real):
    design = survey_design(np.ones(len(real)))
    worth = real["loy4"].to_numpy(dtype=float)
    found = between_weightings(effect("path", real, design), design, worth, least=30)
    direct = survey_design(worth)
    assert found.second.estimate == pytest.approx(
        under_design(effect("path", real, direct), direct).estimate, rel=1e-9
    )
    assert found.difference == pytest.approx(found.second.estimate - found.first.estimate)
    assert found.std_error < found.first.std_error  # the same respondents
    few = survey_design(np.where(np.arange(len(real)) < 8, 1.0, 0.0))
    none = under_design(effect("controls", real, few), few)
    assert none.estimate is None
    assert none.state != "ok"
    assert none.reason
