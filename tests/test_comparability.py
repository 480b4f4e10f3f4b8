"""Whether groups and populations may be compared: which ladder is climbed, and what it leads to."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.declared_tests import gather
from analysis.findings import _catalogue, _gaps
from analysis.inputs import sample_of
from analysis.invariance.alignment import align
from analysis.invariance.comparability import comparability, comparability_between, parallel_items
from analysis.ordinal.collapse import collapse_sparse
from analysis.questions import Settings
from analysis.tier_views import TierViews
from surveys.screening import screen
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

CUTS = np.array([-1.4, -0.5, 0.4, 1.3])


def answered(rng, n, *, mean=0.0, shift=(0, 0, 0, 0), cuts=CUTS, names="abcd"):
    trait = rng.normal(mean, 1, size=(n, 1))
    behind = 0.8 * trait + 0.6 * rng.normal(size=(n, 4)) + np.array(shift)
    return pd.DataFrame(np.searchsorted(cuts, behind) + 1.0, columns=list(names))


def grouped(seed, *, cuts=CUTS, n=(300, 300), shift=(0, 0, 0, 0)):
    rng = np.random.default_rng(seed)
    frames = [answered(rng, n[0], cuts=cuts), answered(rng, n[1], mean=0.4, shift=shift, cuts=cuts)]
    tier = pd.Series(np.repeat(["basic", "gold"], n), dtype="category", name="TIER")
    return pd.concat(frames, ignore_index=True), tier


def test_few_points_are_taken_as_ordered_and_rare_categories_told():
    items, tier = grouped(1, cuts=CUTS - 1.1)
    found = comparability(items, tier, construct="f")
    assert (found.ladder.estimator, found.comparable, found.as_numbers) == ("WLSMV", "yes", "")
    assert found.ladder.collapsed
    told = [entry for entry in found.entries() if entry.measure == "categories"]
    assert {entry.about["item"] for entry in told} == {one.item for one in found.ladder.collapsed}
    assert len({(entry.measure, *entry.about.values()) for entry in found.entries()}) == len(found.entries())


def test_too_few_in_the_categories_makes_numbers_of_them_and_says_so():
    items, tier = grouped(2, cuts=CUTS - 2.2, n=(120, 40))
    found = comparability(items, tier, construct="f")
    assert found.ladder.estimator == "MLR"
    assert "fewer than 3 categories of" in found.as_numbers
    (word,) = [entry for entry in found.entries() if entry.measure == "ordered_ladder"]
    assert (word.state, word.reason) == ("empty_cell", found.as_numbers)


def test_many_points_are_numbers_without_a_word():
    items, tier = grouped(3)
    fine = items * 10 + np.random.default_rng(1).integers(0, 9, items.shape)
    found = comparability(fine, tier, construct="f")
    assert (found.ladder.estimator, found.as_numbers) == ("MLR", "")


def test_the_choice_can_be_made_by_hand():
    items, tier = grouped(4)
    estimators = [
        comparability(items, tier, construct="f", take=t).ladder.estimator for t in ("WLSMV", "MLR")
    ]
    assert estimators == ["WLSMV", "MLR"]


@pytest.mark.parametrize("take", ["WLSMV", "MLR"])
def test_items_read_differently_close_the_door(take):
    # two of four are moved in opposite directions: no majority is left to compare by
    items, tier = grouped(5, shift=(0, 0.5, -0.5, 0.25), n=(800, 800))
    found = comparability(items, tier, construct="f", take=take)
    assert found.comparable == "no"
    assert found.reason == "scalar invariance fails"
    assert found.ladder.latent_means == ()


@pytest.mark.parametrize("take", ["WLSMV", "MLR"])
def test_three_groups_that_fail_get_aligned_means(take):
    rng = np.random.default_rng(8)
    shifts = ((0, 0, 0, 0), (0.8, -0.8, 0.3, 0), (0, 0.8, -0.8, 0.4))
    frames = [
        answered(rng, 700, mean=mean, shift=shift) for mean, shift in zip((0, 0.4, 0.8), shifts, strict=True)
    ]
    tier = pd.Series(np.repeat(["a", "b", "c"], 700), dtype="category", name="TIER")
    found = comparability(pd.concat(frames, ignore_index=True), tier, construct="f", take=take)
    assert found.comparable == "no"
    assert "aligned latent means are given instead" in found.reason
    assert found.aligned.state == "ok"
    entries = {(entry.measure, *entry.about.values()): entry for entry in found.entries()}
    assert len(entries) == len(found.entries())
    means = [entries["aligned_mean", "f", group].estimate for group in "abc"]
    items = pd.concat(frames, ignore_index=True)
    if take == "WLSMV":
        items, _ = collapse_sparse(items, tier)
    alone = align(
        {"f": list("abcd")}, items.assign(T=tier), group="T", estimator=take, rng=np.random.default_rng(7)
    )
    assert means == pytest.approx([mean.mean for mean in alone.means], abs=1e-4)


def test_misfit_so_large_that_a_scaling_is_negative_is_no_accident():
    """One of the models tried on the way has a negative scaled statistic: no error, and a verdict."""
    items, tier = grouped(5, shift=(0, 0.9, -0.9, 0.5), n=(800, 800))
    assert comparability(items, tier, construct="f", take="MLR").comparable == "no"


def test_populations_are_compared_on_what_both_were_asked():
    rng = np.random.default_rng(6)
    first, second = answered(rng, 400), answered(rng, 200, mean=0.5, names="wxyz")
    by_place = comparability_between(first, second, construct="f", populations=("customers", "employees"))
    by_name = comparability_between(
        first, second, construct="f", parallel=dict(zip("abcd", "wxyz", strict=True))
    )
    assert by_place.comparable == "yes"
    mean, again = by_place.ladder.latent_means[0], by_name.ladder.latent_means[0]
    assert (mean.reference, mean.group) == ("customers", "employees")
    assert mean.effect_interval.low < 0.5 < mean.effect_interval.high
    assert again.estimate == pytest.approx(mean.estimate, rel=1e-12)
    groups = pd.Series(pd.Categorical([0] * 400 + [1] * 200))
    stacked = pd.concat([first, second.set_axis(list("abcd"), axis=1)], ignore_index=True)
    assert comparability(stacked, groups, construct="f").ladder.latent_means[0].estimate == pytest.approx(
        mean.estimate, rel=1e-12
    )


def test_items_without_a_counterpart_are_told():
    rng = np.random.default_rng(7)
    first, second = answered(rng, 300), answered(rng, 300, mean=0.3)
    fewer = comparability_between(first, second[["a", "b", "c"]], construct="f")
    assert fewer.comparable == "yes"
    assert fewer.reason == "d was asked of one population only and is not judged"
    none = comparability_between(first, second[["a", "b"]], construct="f")
    assert (none.comparable, none.ladder) == ("cannot_tell", None)
    assert "of 4 items in first and 2 in second 0 correspond" in none.reason
    assert parallel_items(first, second[["d", "a", "c"]]) == {"a": "a", "c": "c", "d": "d"}


@pytest.fixture(scope="module")
def built_in():
    study = Study.load("bank_tiering")
    answers = simulate(
        study, load_population_model("claims_hold", study), rng=np.random.default_rng(study.seed)
    )
    samples = {
        id_: sample_of(study.populations[id_], screen(found, study.populations[id_].screening).keep())
        for id_, found in answers.items()
    }
    return study, samples


def test_a_gap_of_items_that_are_not_read_alike_is_not_judged(built_in):
    study, samples = built_in
    settings = Settings(resamples=200)
    plain = {e.position: e for e in gather(study, samples, settings)["G1"]}
    assert all(not evidence.failed for evidence in plain.values())
    employees = samples["employees"]
    frame = employees.frame.copy()
    # employees read one item a point higher, one a point lower, one half a point higher: no two are left
    frame["EFF1"] = (frame["EFF1"] + 1).clip(upper=5)
    frame["EFF2"] = (frame["EFF2"] - 1).clip(lower=1)
    frame["EFF3"] = (frame["EFF3"] + np.arange(len(frame)) % 2).clip(upper=5)
    turned = {**samples, "employees": replace(employees, frame=frame)}
    gaps = {e.position: e for e in gather(study, turned, settings)["G1"]}
    assert gaps[0].judged is None
    assert [reason.word for reason in gaps[0].failed] == ["not_invariant"]
    assert gaps[0].failed[0].details == "effectiveness: scalar invariance fails"
    assert gaps[1].failed == ()


def test_findings_carry_the_comparability_of_the_populations(built_in):
    study, samples = built_in
    by_name = {
        gap.parallel.names[gap.first]: gap for gap in _gaps(study, samples) if gap.second == "employees"
    }
    assert by_name["effectiveness"].comparability.comparable == "yes"
    assert by_name["CRT_VALUE"].comparability is None
    assert "PER" in by_name["personalisation"].comparability.reason
    whole = _catalogue({}, tuple(by_name.values()), (), (), TierViews(), ())
    population, entry = whole["customers-employees.invariance.effectiveness.scalar.chi_square"]
    assert (population, entry.state) == ("customers, employees", "ok")
