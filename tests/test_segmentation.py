import numpy as np
import pandas as pd
import pytest
from scipy.cluster.vq import kmeans2
from scipy.stats import f_oneway

from analysis.segmentation import adjusted_rand, compare_with_rule, segment


def customers(n=240, seed=2):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    records = pd.DataFrame(
        {
            "balance": np.exp(2 * kind + 0.4 * rng.normal(size=n)) ** 1.6,
            "visits": 4 * kind + rng.normal(size=n),
        }
    )
    tier = pd.Series(np.where(rng.random(n) < 0.5, kind, rng.integers(0, 3, n)) + 1, name="tier")
    needs = pd.DataFrame({"advice": kind + rng.normal(size=n), "speed": -0.5 * kind + rng.normal(size=n)})
    return kind, records, tier, needs


def compare(rule, records, needs, resamples=300):
    return compare_with_rule(rule, records, needs, rng=np.random.default_rng(1), resamples=resamples)


def test_segments_that_are_there_are_found_in_their_order():
    kind, records, _, _ = customers()
    found = segment(records, k=3, rng=np.random.default_rng(1))
    assert found.logged == ("balance",)
    assert adjusted_rand(found.labels, kind) > 0.95
    assert found.stability > 0.9
    assert [centre[1] for centre in found.centres] == sorted(centre[1] for centre in found.centres)
    for label, (size, centre) in enumerate(zip(found.sizes, found.centres, strict=True)):
        own = records[found.labels == label]
        assert size == len(own)
        assert centre == pytest.approx(tuple(own.mean()))


def test_segments_do_not_depend_on_the_unit():
    _, records, _, _ = customers()
    plain = segment(records, k=3, rng=np.random.default_rng(1))
    moved = segment(records.assign(visits=100 * records["visits"] + 7), k=3, rng=np.random.default_rng(1))
    assert np.array_equal(plain.labels, moved.labels)


def test_noise_is_less_stable_than_segments():
    noise = pd.DataFrame(np.random.default_rng(1).normal(size=(200, 4)), columns=list("abcd"))
    assert segment(noise, k=4, rng=np.random.default_rng(1)).stability < 0.7


def eta_squared(values, labels):
    groups = [values[labels == label] for label in np.unique(labels)]
    between, within = len(groups) - 1, len(values) - len(groups)
    f = f_oneway(*groups).statistic
    return f * between / (f * between + within)


def test_gain_is_that_of_two_analyses_of_variance():
    _, records, tier, needs = customers()
    result = compare(tier, records, needs)
    labels = segment(records, k=3, rng=np.random.default_rng(1)).labels
    assert result.n == 240
    gains = []
    for found in result.explained:
        values = needs[found.outcome].to_numpy()
        assert found.eta_squared_rule == pytest.approx(eta_squared(values, tier.to_numpy()), rel=1e-9)
        assert found.eta_squared_segments == pytest.approx(eta_squared(values, labels), rel=1e-9)
        gains.append(found.eta_squared_segments - found.eta_squared_rule)
    assert result.estimate == pytest.approx(np.mean(gains), rel=1e-9)
    assert result.interval.low < result.estimate < result.interval.high


def test_interval_is_that_of_drawing_respondents_and_finding_segments_anew():
    _, records, tier, needs = customers()
    result = compare(tier, records, needs, resamples=3000)
    rng, values = np.random.default_rng(7), needs.to_numpy()
    logged = np.column_stack([np.log1p(records["balance"]), records["visits"]])
    z = (logged - logged.mean(axis=0)) / logged.std(axis=0)
    labels = segment(records, k=3, rng=np.random.default_rng(1)).labels
    centres = np.array([z[labels == label].mean(axis=0) for label in range(3)])
    drawn = []
    for _ in range(800):
        i = rng.integers(240, size=240)
        found = kmeans2(z[i], centres, minit="matrix", iter=50)[1]
        gain = [eta_squared(v[i], found) - eta_squared(v[i], tier.to_numpy()[i]) for v in values.T]
        drawn.append(np.mean(gain))
    # two independent bootstraps; the loose bound is their sampling error
    assert (result.interval.low, result.interval.high) == pytest.approx(
        tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.015
    )


def test_adjusted_rand_is_that_of_counting_pairs():
    """Hubert & Arabie's formula, the pairs counted by hand."""
    table = np.array([[1, 1, 0], [1, 2, 1], [0, 0, 4]])
    first = np.repeat([0, 0, 0, 1, 1, 1, 2, 2, 2], table.ravel())
    second = np.repeat([0, 1, 2] * 3, table.ravel())
    # pairs together in both 7, in rows 1 + 6 + 6, in columns 1 + 3 + 10, of 45
    expected = (7 - 13 * 14 / 45) / ((13 + 14) / 2 - 13 * 14 / 45)
    assert adjusted_rand(first, second) == pytest.approx(expected, rel=1e-12)
    assert adjusted_rand(second, first) == pytest.approx(expected, rel=1e-12)


def test_missing_records_are_counted_and_trouble_is_named():
    _, records, tier, needs = customers()
    gap = records.copy()
    gap.loc[:3, "visits"] = np.nan
    assert (compare(tier, gap, needs).n, compare(tier, gap, needs).n_missing) == (236, 4)
    assert compare(tier, records.assign(visits=0.1), needs).reason == "a feature does not vary"
    assert compare(tier, records, needs.assign(speed=0.1)).reason == "an outcome does not vary"
    assert compare(tier[:12], records[:12], needs[:12]).state == "too_few"
    two = pd.DataFrame({"a": [0.0, 1.0] * 10, "b": [0.0, 1.0] * 10})
    nothing = segment(two, k=3, rng=np.random.default_rng(1))
    assert (nothing.state, nothing.labels) == ("not_converged", None)
    assert nothing.to_frame()["reason"].tolist() == ["the records do not fall into 3 segments"]
