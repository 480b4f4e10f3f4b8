"""The bootstrap of structural models: against lavaan's, against exact fits of the same resamples, and its states."""

import numpy as np
import pandas as pd
import pytest
from semopy.examples import holzinger39

from analysis.latent_effects import latent_indirect
from analysis.sem.bootstrap import bootstrap
from analysis.sem.defined import defined, monte_carlo_interval
from analysis.sem.errors import ModelError
from analysis.sem.fit import fit
from analysis.sem.resamples import _drawn, resampled_moments

MODEL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
textual ~ a*visual
speed ~ b*textual + visual
indirect := a*b
"""
PATHS = {
    "a": "textual ~ visual",
    "b": "speed ~ textual",
    "direct": "speed ~ visual",
    "indirect": "indirect",
}


@pytest.fixture(scope="module")
def hs():
    return holzinger39.get_data()


@pytest.fixture(scope="module")
def holes(hs):
    data = hs.copy()
    row, first = np.arange(1, len(data) + 1), data["x1"].to_numpy(copy=True)
    for j in range(1, 10):
        data.loc[row * (j + 3) % 17 == j, f"x{j}"] = np.nan
    data.loc[first > 6, "x9"] = np.nan
    return data


@pytest.mark.parametrize(
    ("case", "missing", "resamples"), [("complete", "listwise", 2000), ("fiml", "fiml", 700)]
)
def test_errors_and_percentiles_are_those_of_lavaan_within_simulation_error(
    case, missing, resamples, hs, holes, computed_by_r
):
    table = computed_by_r("sem_bootstrap", case)
    found = fit(MODEL, holes if missing == "fiml" else hs, missing=missing)
    fewer = min(resamples, table["resamples"])
    for kind, prefix in ((None, ""), ("all", "std|")):
        drawn = bootstrap(
            found, list(PATHS.values()), rng=np.random.default_rng(5), resamples=resamples, standardized=kind
        )
        assert drawn.state == "ok"
        for short, name in PATHS.items():
            if f"{prefix}{short}|se" not in table:
                continue
            error = table[f"{prefix}{short}|se"]
            # four standard errors of a standard deviation, and of a difference of two percentiles
            assert drawn.std_error(name) == pytest.approx(error, rel=4 * np.sqrt(2 / (2 * fewer)) * 1.5)
            interval = drawn.interval(name)
            allowed = 4 * np.sqrt(2 * 0.025 * 0.975 / fewer) / 0.0585 * error
            assert interval.low == pytest.approx(table[f"{prefix}{short}|low"], abs=allowed)
            assert interval.high == pytest.approx(table[f"{prefix}{short}|high"], abs=allowed)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"missing": "fiml"},
        {"group": "school", "group_equal": ("loadings",)},
        {"weights": "w", "cluster": "town"},
        {"missing": "fiml", "counts": "times"},
    ],
)
def test_a_resample_is_a_fit_of_its_rows(options, hs, holes):
    """The same draws once by counts and many searches at once, once by fitting the rows they stand for."""
    row = np.arange(len(hs))
    data = (holes if "missing" in options else hs).assign(w=0.5 + row % 5, town=row % 50, times=1 + row % 3)
    found = fit(MODEL, data, **options)
    names = ["textual ~ visual", "speed =~ x8"]
    if "group" in options:
        names = [f"{name} [{group}]" for name in names for group in found.groups]
    drawn = bootstrap(found, names, rng=np.random.default_rng(8), resamples=100)
    times = _drawn(found.moments, np.random.default_rng(8), 100)
    of_group = [np.ones(len(data), dtype=bool)]
    if "group" in options:
        of_group = [(data["school"] == group).to_numpy() for group in found.groups]
    alone = []
    for k in range(10):
        parts = [(data[own], t[k]) for own, t in zip(of_group, times, strict=True)]
        repeated = [part.loc[part.index.repeat(often)] for part, often in parts]
        again = fit(
            MODEL, pd.concat(repeated), **{key: value for key, value in options.items() if key != "counts"}
        )
        if again.state == "ok":
            alone.append([again.estimate(*_named(name)).estimate for name in names])
    assert len(alone) >= 8
    np.testing.assert_allclose(drawn.draws[: len(alone)], alone, rtol=1e-5)


def _named(name):
    bare, _, group = name.partition(" [")
    return bare, group.rstrip("]") or None


def test_moments_of_a_resample_are_those_of_its_rows(hs):
    found = fit(MODEL, hs)
    rng, again = np.random.default_rng(4), np.random.default_rng(4)
    batch = next(resampled_moments(found.moments, rng, 3))
    drawn = again.integers(0, 301, size=(3, 301))
    answers = hs[[f"x{i}" for i in range(1, 10)]].to_numpy()
    for k in range(3):
        group = batch.moments(k).groups[0]
        rows = answers[drawn[k]]
        assert group.means == pytest.approx(rows.mean(axis=0), rel=1e-12)
        assert group.covariance == pytest.approx(np.cov(rows.T, bias=True), rel=1e-10, abs=1e-12)


def test_exogenous_variables_are_resampled_with_the_rest(hs):
    found = fit("x9 ~ b*x6 + x1\nx6 ~ a*x1\nindirect := a*b", hs, mean_structure=True)
    drawn = bootstrap(found, ["a", "indirect"], rng=np.random.default_rng(2))
    answers, rng = hs[["x9", "x6", "x1"]].to_numpy(), np.random.default_rng(2)
    first = answers[rng.integers(0, 301, size=(500, 301))[0]]
    x6, x1 = first[:, 1], first[:, 2]
    assert drawn.draws[0, 0] == pytest.approx(np.cov(x6, x1)[0, 1] / np.var(x1, ddof=1), rel=1e-6)
    assert drawn.failed == 0


def test_intervals_of_a_skewed_quantity_lean_to_its_long_side(hs):
    found = fit("x9 ~ x1", hs.iloc[:60], mean_structure=True, estimator="MLR")
    drawn = bootstrap(found, ["x9 ~~ x9"], rng=np.random.default_rng(6), resamples=2000)
    plain, corrected, accelerated = (
        drawn.interval("x9 ~~ x9", method=method)
        for method in ("percentile", "bias-corrected", "accelerated")
    )
    assert drawn.accelerations[0] > 0  # a variance: the larger, the less well known
    assert accelerated.high > corrected.high
    assert accelerated.low > corrected.low
    assert plain.low < drawn.estimates[0] < plain.high
    assert corrected.low > plain.low  # resamples fall short of a variance, by (n - 1) / n


def test_acceleration_is_that_of_the_jackknife(hs):
    """Efron's acceleration from leaving out one respondent at a time."""
    data = hs.iloc[:80]
    found = fit("x9 ~ x1", data, mean_structure=True, estimator="MLR")
    drawn = bootstrap(found, ["x9 ~~ x9"], rng=np.random.default_rng(1), resamples=100)
    left = [
        fit("x9 ~ x1", data.drop(index=i), mean_structure=True).estimate("x9 ~~ x9").estimate
        for i in data.index
    ]
    apart = np.mean(left) - np.array(left)
    jackknife = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    assert drawn.accelerations[0] == pytest.approx(jackknife, rel=0.05)


def test_whole_clusters_are_drawn(hs):
    """Everybody twice, in a cluster with themselves: the spread of half as many respondents."""
    twice = pd.concat([hs, hs]).assign(one=list(range(301)) * 2)
    alone = bootstrap(fit(MODEL, hs), ["textual ~ visual"], rng=np.random.default_rng(3), resamples=400)
    together = bootstrap(
        fit(MODEL, twice, cluster="one"), ["textual ~ visual"], rng=np.random.default_rng(3), resamples=400
    )
    assert (alone.resampled, together.resampled) == ("respondents", "clusters")
    np.testing.assert_allclose(together.draws, alone.draws, rtol=1e-5)


def test_many_failures_leave_no_interval():
    rng = np.random.default_rng(12)
    trait = rng.normal(size=(45, 1))
    data = pd.DataFrame(0.6 * trait + 0.8 * rng.normal(size=(45, 3)), columns=list("abc"))
    found = fit("F =~ a + b + c", data)
    assert found.state == "ok"
    drawn = bootstrap(found, ["F =~ b"], rng=np.random.default_rng(1), resamples=300)
    assert drawn.state in ("not_converged", "inadmissible")
    assert drawn.reason.startswith(
        f"of 300 resamples {drawn.not_converged} did not converge and {drawn.inadmissible}"
    )
    assert (drawn.interval("F =~ b"), drawn.std_error("F =~ b"), drawn.distribution("F =~ b")) == (
        None,
        None,
        None,
    )
    assert {(entry.state, entry.estimate) for entry in drawn.entries()} == {(drawn.state, None)}
    assert bootstrap(
        found, ["F =~ b"], rng=np.random.default_rng(1), resamples=300, most_failures=0.9
    ).interval("F =~ b")


def test_what_cannot_be_resampled_says_so(hs):
    found = fit(MODEL, hs)
    few = bootstrap(found, ["indirect"], rng=np.random.default_rng(1), resamples=20)
    assert (few.state, few.interval("indirect")) == ("too_few", None)
    broken = bootstrap(fit("visual =~ x1 + x2", hs), rng=np.random.default_rng(1))
    assert (broken.state, broken.resamples) == ("inadmissible", 0)
    assert all(entry.reason for entry in broken.entries())
    with pytest.raises(ModelError, match=r"has no 'nothing'.* it defines indirect"):
        bootstrap(found, ["nothing"], rng=np.random.default_rng(1))
    with pytest.raises(ModelError, match="WLS has no bootstrap"):
        bootstrap(fit("visual =~ x1 + x2 + x3 + x4", hs, estimator="WLS"), rng=np.random.default_rng(1))
    with pytest.raises(KeyError, match="was not resampled"):
        bootstrap(found, ["indirect"], rng=np.random.default_rng(1), resamples=100).interval("a")


def test_the_same_seed_gives_the_same_draws(hs):
    found = fit(MODEL, hs)
    one, other = (
        bootstrap(found, ["indirect"], rng=np.random.default_rng(9), resamples=150) for _ in range(2)
    )
    assert np.array_equal(one.draws, other.draws)


def test_a_standardised_monte_carlo_interval_is_near_the_delta_method_where_that_is_good(hs):
    found = fit(MODEL, hs)
    delta = defined(found, standardized="all")["indirect"]
    drawn = monte_carlo_interval(
        found, "indirect", rng=np.random.default_rng(1), draws=4000, standardized="all"
    )
    normal = delta.confidence_interval()
    assert drawn.low == pytest.approx(normal.low, abs=0.25 * delta.std_error)
    assert drawn.high == pytest.approx(normal.high, abs=0.25 * delta.std_error)


def test_indirect_effects_with_drawn_intervals(hs):
    constructs = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
    asked = {"predictor": "visual", "mediators": ["textual"], "outcome": "speed"}
    delta = latent_indirect(hs, constructs, **asked)
    for interval, words in (
        ("bootstrap", "percentile bootstrap of respondents"),
        ("monte_carlo", "Monte Carlo"),
    ):
        drawn = latent_indirect(
            hs, constructs, **asked, interval=interval, rng=np.random.default_rng(2), draws=1000
        )
        assert words in drawn.method
        assert (drawn.state, drawn.estimate) == ("ok", delta.estimate)
        assert drawn.std_error == pytest.approx(delta.std_error, rel=0.3)
        assert drawn.interval == drawn.distribution.interval(0.95)
        assert drawn.interval != delta.interval
        with pytest.raises(ValueError, match="Hand in rng"):
            latent_indirect(hs, constructs, **asked, interval=interval)
    branch = pd.Series(np.arange(len(hs)) % 60, index=hs.index)
    clustered = latent_indirect(
        hs,
        constructs,
        **asked,
        clusters=branch,
        interval="bootstrap",
        rng=np.random.default_rng(2),
        draws=200,
    )
    assert "percentile bootstrap of clusters" in clustered.method
