"""Bootstrap, prediction, groups and the importance-performance map of a path model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.bootstrap import BootstrapDistribution
from analysis.pls.bootstrap import bca_interval, bootstrap
from analysis.pls.estimate import estimate
from analysis.pls.importance_performance import importance_performance
from analysis.pls.multigroup import compare_groups
from analysis.pls.predict import predict
from analysis.pls.specify import PathModel, common_factor, composite, paths


def made(n=250, seed=3, on=0.5, weak=()):
    rng = np.random.default_rng(seed)
    q = rng.normal(size=n)
    s = on * q + rng.normal(size=n) * 0.8
    loyal = 0.6 * s + rng.normal(size=n) * 0.8
    return pd.DataFrame(
        {
            f"{name}{i}": (0.1 if f"{name}{i}" in weak else 1) * value + rng.normal(size=n) * 0.6
            for name, value in zip("qsl", (q, s, loyal), strict=True)
            for i in (1, 2, 3)
        }
    )


def chain(make=composite):
    return PathModel(
        constructs=tuple(make(name, [f"{name}{i}" for i in (1, 2, 3)]) for name in "qsl"),
        paths=(*paths("q", "s"), *paths(["q", "s"], "l")),
    )


def rng(seed=1):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("make", [composite, common_factor])
def test_resamples_equal_estimating_one_by_one(make):
    items, model = made(), chain(make)
    found = bootstrap(items, model, rng=rng(4), resamples=30)
    rows = rng(4).integers(0, 250, size=(30, 250))
    # a loading beyond 1 in a resample counts, so the state is set aside
    again = [replace(estimate(items.iloc[r], model), state="ok") for r in rows]
    for measure, about, values in (
        ("path", ("q", "s"), [one.path("q", "s") for one in again]),
        ("total_effect", ("q", "l"), [one.total_effects().loc["q", "l"] for one in again]),
        ("loading", ("s2",), [one.loading("s2") for one in again]),
        ("weight", ("l1",), [one.weight("l1") for one in again]),
        ("r_squared", ("l",), [one.r_squared("l") for one in again]),
    ):
        one = found.of(measure, *about)
        assert one.std_error == pytest.approx(np.std(values, ddof=1), rel=1e-6)
        assert one.interval.low == pytest.approx(np.quantile(values, 0.025), rel=1e-6)


def test_bca_by_hand():
    """Efron's formula on the same draws, refitted, with the skew from leaving out one respondent at a time."""
    items, model = made(n=60), chain()
    found = bootstrap(items, model, rng=rng(6), resamples=150, method="bca").of("path", "q", "s")
    rows = rng(6).integers(0, 60, size=(150, 60))
    draws = np.sort([estimate(items.iloc[r], model).path("q", "s") for r in rows])
    left_out = np.array([estimate(items.drop(index=i), model).path("q", "s") for i in items.index])
    bias = norm.ppf((draws < found.estimate).mean())
    gap = left_out.mean() - left_out
    skew = (gap**3).sum() / (6 * (gap**2).sum() ** 1.5)
    z = bias + norm.ppf([0.025, 0.975])
    low, high = np.quantile(draws, norm.cdf(bias + z / (1 - skew * z)))
    assert found.interval.low == pytest.approx(low, rel=1e-6)
    assert found.interval.high == pytest.approx(high, rel=1e-6)


def test_bca_of_an_unbiased_symmetric_case_is_the_percentile_interval():
    spread = BootstrapDistribution(draws=np.arange(-500.0, 501.0), failed=0)
    symmetric = np.arange(-5.0, 6.0)
    found = bca_interval(spread, 0.0, symmetric, 0.95)
    assert found.low == pytest.approx(spread.interval().low)
    skewed = bca_interval(spread, 0.0, np.r_[symmetric, -40.0], 0.95)
    assert skewed.low > found.low


def test_clusters_that_repeat_respondents_widen_the_errors():
    items, model = made(n=150), chain()
    doubled = pd.concat([items, items], ignore_index=True)
    person = pd.Series(np.tile(np.arange(150), 2))
    once = bootstrap(items, model, rng=rng(), resamples=800).of("path", "q", "s")
    twice = bootstrap(doubled, model, rng=rng(), resamples=800, clusters=person).of("path", "q", "s")
    assert twice.std_error == pytest.approx(once.std_error, rel=0.12)
    with pytest.raises(ValueError, match="no form for clusters"):
        bootstrap(doubled, model, rng=rng(), method="bca", clusters=person)


def test_intervals_cover_the_truth():
    truth = estimate(made(n=60_000, seed=99), chain()).path("q", "s")
    hits = 0
    for seed in range(40):
        one = bootstrap(made(n=200, seed=seed), chain(), rng=rng(seed), resamples=200)
        interval = one.of("path", "q", "s").interval
        hits += interval.low < truth < interval.high
    assert hits >= 34


def test_what_cannot_be_estimated_has_no_intervals():
    found = bootstrap(made().assign(q1=1), chain(), rng=rng(), resamples=100)
    assert found.state == "constant"
    assert found.to_frame()["state"].tolist() == ["constant"]
    few = bootstrap(made(n=12, seed=5), chain(common_factor), rng=rng(), resamples=200)
    assert few.state in ("inadmissible", "not_converged")


def test_prediction_without_folds_overlapping_by_hand():
    """One division, predicted the slow way on data."""
    items, model = made(n=90), chain()
    found = predict(items, model, rng=rng(7), folds=3, repetitions=1)
    fold = rng(7).permutation(90) % 3
    missed, flat, straight = [], [], []
    for f in range(3):
        train, test = items[fold != f], items[fold == f]
        one = estimate(train, model)
        z = (test - train.mean()) / train.std(ddof=0)
        score = sum(one.weight(f"q{i}") * z[f"q{i}"] for i in (1, 2, 3))
        total = one.total_effects().loc["q", "l"]
        missed += list(
            test["l2"] - train["l2"].mean() - score * total * one.loading("l2") * train["l2"].std(ddof=0)
        )
        flat += list(test["l2"] - train["l2"].mean())
        x = np.column_stack([np.ones(len(train)), train[["q1", "q2", "q3"]]])
        b = np.linalg.lstsq(x, train["l2"], rcond=None)[0]
        straight += list(test["l2"] - np.column_stack([np.ones(len(test)), test[["q1", "q2", "q3"]]]) @ b)
    one = found.of("l2")
    assert one.q_squared == pytest.approx(1 - np.square(missed).sum() / np.square(flat).sum(), rel=1e-8)
    assert one.rmse == pytest.approx(np.sqrt(np.square(missed).mean()), rel=1e-8)
    assert one.mae == pytest.approx(np.abs(missed).mean(), rel=1e-8)
    assert one.linear_rmse == pytest.approx(np.sqrt(np.square(straight).mean()), rel=1e-8)


def test_noise_is_not_predicted():
    unrelated = made(seed=77)[["l1", "l2", "l3"]]
    assert predict(made().assign(**unrelated), chain(), rng=rng(), repetitions=2).of("l1").q_squared < 0.02
    assert predict(made(), chain(), rng=rng(), repetitions=2).of("s1").q_squared > 0.1
    assert predict(made(n=6), chain(), rng=rng()).state == "too_few"
    with pytest.raises(ValueError, match="at least 2 folds"):
        predict(made(), chain(), rng=rng(), folds=1)


def test_groups_that_differ_on_a_path_are_told():
    items = pd.concat([made(200, 1, on=0.8), made(200, 2, on=-0.1)], ignore_index=True)
    tier = pd.Series(np.repeat(["basic", "gold"], 200))
    found = compare_groups(items, chain(), tier, rng=rng(), permutations=199)
    own = [estimate(items[tier == t], chain()).path("q", "s") for t in ("basic", "gold")]
    path = found.path("q", "s")
    assert (path.first, path.second) == pytest.approx(own, rel=1e-7)
    assert path.p_value == pytest.approx(1 / 200)
    assert found.path("s", "l").p_value > 0.01
    assert found.n == (200, 200)


def test_micom_numbers_by_hand():
    items = pd.concat([made(150, 1), made(150, 2) + 0.5], ignore_index=True)
    tier = pd.Series(np.repeat(["a", "b"], 150))
    found = compare_groups(items, chain(), tier, rng=rng(), permutations=99)
    one = found.composite("s")
    pooled = estimate(items, chain())
    score = pd.Series(pooled.scores[:, 1])
    assert one.mean_difference == pytest.approx(score[tier == "a"].mean() - score[tier == "b"].mean())
    ratio = np.log(score[tier == "a"].var() / score[tier == "b"].var())
    assert one.log_variance_ratio == pytest.approx(ratio)
    z = (items - items.mean()) / items.std(ddof=0)
    weighted = [
        sum(estimate(items[tier == t], chain()).weight(f"s{i}") * z[f"s{i}"] for i in (1, 2, 3)) for t in "ab"
    ]
    assert one.correlation == pytest.approx(weighted[0].corr(weighted[1]), rel=1e-8)
    assert one.mean_p == pytest.approx(0.01)
    assert found.invariance in ("partial", "none")


def test_composites_formed_differently_forbid_comparison():
    items = pd.concat([made(300, 1, weak=("q1",)), made(300, 2, weak=("q2", "q3"))], ignore_index=True)
    tier = pd.Series(np.repeat(["a", "b"], 300))
    found = compare_groups(items, chain(), tier, rng=rng(), permutations=199)
    assert found.composite("q").correlation_p < 0.05
    assert found.invariance == "none"
    frame = found.to_frame()
    assert set(frame.loc[frame["measure"] == "path_difference", "state"]) == {"inadmissible"}


def test_groups_that_cannot_be_compared_say_why():
    items = made(100)
    with pytest.raises(ValueError, match="3 groups"):
        compare_groups(items, chain(), pd.Series(list("abc") * 33 + ["a"]), rng=rng())
    lone = pd.Series(["a"] * 97 + ["b"] * 3)
    assert compare_groups(items, chain(), lone, rng=rng()).state == "too_few"


def test_importance_and_performance_by_hand():
    items = (made() * 1.2 + 4).round().clip(1, 7)
    model = chain()
    found = importance_performance(items, model, target="l", limits=dict.fromkeys(items, (1, 7)))
    fitted = estimate(items, model)
    points = 100 * (items - 1) / 6
    scores = {}
    for name in "qsl":
        w = np.array([fitted.weight(f"{name}{i}") / items[f"{name}{i}"].std() for i in (1, 2, 3)])
        scores[name] = points[[f"{name}{i}" for i in (1, 2, 3)]] @ (w / w.sum())
    table = pd.DataFrame(scores)
    assert found.of("q").performance == pytest.approx(table["q"].mean())
    assert found.target_performance == pytest.approx(table["l"].mean())
    on_s = np.polyfit(table["q"], table["s"], 1)[0]
    x = np.column_stack([np.ones(250), table[["q", "s"]]])
    on_l = np.linalg.lstsq(x, table["l"], rcond=None)[0]
    assert found.of("s").importance == pytest.approx(on_l[2], rel=1e-8)
    assert found.of("q").importance == pytest.approx(on_l[1] + on_s * on_l[2], rel=1e-8)


def test_maps_that_would_mislead_are_refused():
    items = (made() * 1.2 + 4).round().clip(1, 7)
    limits = dict.fromkeys(items, (1, 7))
    turned = importance_performance(items.assign(q1=8 - items["q1"]), chain(), target="l", limits=limits)
    assert turned.state == "inadmissible"
    assert "negative weight of q1" in turned.reason
    with pytest.raises(ValueError, match="answers outside the limits: q1"):
        importance_performance(items.assign(q1=9.0), chain(), target="l", limits=limits)
    with pytest.raises(ValueError, match="nothing leads to 'q'"):
        importance_performance(items, chain(), target="q", limits=limits)
    with pytest.raises(ValueError, match="none given for s1"):
        importance_performance(
            items, chain(), target="l", limits={k: v for k, v in limits.items() if k != "s1"}
        )
