"""Maps of importance and performance: closed forms equal R, probabilities equal a plain bootstrap."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.drivers import key_drivers, lmg_importance
from analysis.importance_performance import QUADRANTS, importance_performance
from analysis.stated_importance import stated_against_derived

CLOSED = {"rel": 1e-9, "abs": 1e-11}
SAT = ["SAT1", "SAT2", "SAT3", "SAT4"]
BANK = ["imag1", "expe1", "qual1", "qual4", "val1"]
PAIRS = (124, 126, 130, 134, 136, 144)  # columns of importance, each before that of satisfaction


def run(outcome, drivers, low, high, *, resamples=60, **options):
    bounds = dict.fromkeys(drivers, (low, high))
    return importance_performance(
        outcome,
        drivers,
        bounds=bounds,
        rng=np.random.default_rng(1),
        resamples=resamples,
        minimum_n=5,
        **options,
    )


def kiosk(shared_data):
    table = pd.read_csv(shared_data / "google_forms" / "kiosk_service_quality_ko_cp949.csv", encoding="cp949")
    names = [f"p{i}" for i in range(1, 7)]
    return (
        table.iloc[:, 158].rename("overall"),
        table.iloc[:, [i + 1 for i in PAIRS]].set_axis(names, axis=1),
        table.iloc[:, list(PAIRS)].set_axis(names, axis=1),
    )


def check(found, case, computed_by_r, *, importance="lmg", cut="means"):
    r = computed_by_r("importance_performance", case)
    assert found.n == r["n"]
    assert (found.r_squared, found.cut_importance) == pytest.approx(
        (r["r_squared"], r["cut_importance"]), **CLOSED
    )
    assert found.cut_performance == pytest.approx(r["cut_performance"] if cut == "means" else 50, **CLOSED)
    for point in found.points:
        r = computed_by_r("importance_performance", f"{case} {point.driver}")
        assert (point.importance, point.performance) == pytest.approx(
            (r[importance], r["performance"]), **CLOSED
        )
        assert point.quadrant == QUADRANTS[int(r[f"{importance} {cut}"])]
        assert sum(point.probabilities.values()) == pytest.approx(1)
        assert point.importance_interval.low < point.importance < point.importance_interval.high
        assert point.performance_interval.low < point.performance < point.performance_interval.high


@pytest.mark.parametrize(
    ("importance", "cut"), [("lmg", "means"), ("relative_weight", "means"), ("lmg", "midpoint")]
)
def test_places_and_quadrants_equal_r_in_every_tier(importance, cut, survey, computed_by_r):
    tiers = survey["TIER"].where(survey["TIER"] <= 2)
    found = run(survey["LOY"], survey[SAT], 1, 5, tiers=tiers, importance=importance, cut=cut)
    assert [one.tier for one in found.maps] == [None, "1.0", "2.0"]
    for one, case in zip(found.maps, ("small", "small 1", "small 2"), strict=True):
        check(one, case, computed_by_r, importance=importance, cut=cut)


def test_places_of_bank_customers_equal_r(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    found = run(bank["sat1"], bank[BANK], 0, 10, tiers=bank["gender"])
    for tier in (None, "female", "male"):
        check(found.of(tier), "bank" + (f" {tier}" if tier else ""), computed_by_r)


def test_stated_importance_of_kiosks_equals_r(shared_data, computed_by_r):
    outcome, satisfaction, stated = kiosk(shared_data)
    found = run(outcome, satisfaction, 1, 7, stated=stated, resamples=400).of(None)
    check(found, "kiosk", computed_by_r)
    r = computed_by_r("importance_performance", "kiosk")
    assert found.stated.estimate == pytest.approx(r["spearman"], rel=1e-12)
    assert [one.difference for one in found.stated.drivers] == [
        r[f"rank_difference p{i}"] for i in range(1, 7)
    ]
    assert found.stated.interval.low < found.stated.interval.high
    for one in found.stated.drivers:
        assert one.stated == pytest.approx(stated[one.driver].mean())


def test_importance_is_that_of_the_key_drivers(survey):
    point = run(survey["LOY"], survey[SAT], 1, 5).of(None).of("SAT3")
    driver = key_drivers(
        survey["LOY"], survey[SAT], rng=np.random.default_rng(1), resamples=60, bounds={"SAT3": (1, 5)}
    ).drivers[2]
    assert (point.importance, point.performance) == pytest.approx((driver.lmg, driver.performance), rel=1e-12)
    # the same stream of random numbers draws the same respondents
    assert point.importance_interval.low == pytest.approx(driver.lmg_interval.low, rel=1e-9)


def plainly(d, rng, resamples, rows):
    """Quadrants of resamples drawn one by one, the longest way round."""
    counts = np.zeros((d.shape[1] - 1, 4))
    for _ in range(resamples):
        drawn = d[rows(rng)]
        importance = lmg_importance(np.corrcoef(drawn, rowvar=False)[None])[0]
        performance = drawn[:, 1:].mean(axis=0)
        for j in range(d.shape[1] - 1):
            high, well = importance[j] >= importance.mean(), performance[j] >= performance.mean()
            counts[j, {(1, 1): 0, (1, 0): 1, (0, 0): 2, (0, 1): 3}[int(high), int(well)]] += 1
    return counts / resamples


@pytest.mark.parametrize("clustered", [False, True])
def test_probabilities_equal_a_plain_bootstrap(survey, clustered):
    data = survey[["LOY", *SAT]].dropna().reset_index(drop=True)
    branch = pd.Series(np.arange(len(data)) // 4, name="BRANCH")
    found = run(data["LOY"], data[SAT], 1, 5, resamples=6000, clusters=branch if clustered else None).of(None)
    members = [np.flatnonzero(branch == b) for b in range(branch.max() + 1)]

    def rows(rng):
        if clustered:
            return np.concatenate([members[b] for b in rng.integers(len(members), size=len(members))])
        return rng.integers(len(data), size=len(data))

    expected = plainly(data.to_numpy(), np.random.default_rng(3), 3000, rows)
    got = np.array([[point.probabilities[q] for q in QUADRANTS] for point in found.points])
    # two independent bootstraps: four standard errors of a share of 3000 and one of 6000
    assert np.abs(got - expected).max() < 4 * 0.5 * np.sqrt(1 / 3000 + 1 / 6000)
    assert (
        0.05 < expected.max(axis=1).min() < 0.95
    )  # at least one driver is in doubt, so the test says something


def test_probability_grows_with_the_sample():
    rng = np.random.default_rng(6)
    x = pd.DataFrame(np.clip(np.round(rng.normal([3.4, 3.0, 2.8], 1, (4000, 3))), 1, 5), columns=list("abc"))
    y = (0.5 * x["a"] + 0.3 * x["b"] + 0.3 * x["c"] + rng.normal(size=4000)).rename("y")
    small, large = (run(y[:n], x[:n], 1, 5, resamples=400).of(None) for n in (120, 4000))
    assert small.of("c").probability < large.of("c").probability
    assert large.of("a").probability > 0.95
    assert large.of("a").quadrant == "keep_up"


def test_drivers_that_are_nearly_certain_lie_in_their_true_quadrant():
    weights, means = np.array([0.5, 0.42, 0.36, 0.3, 0.24, 0.18]), np.array([3.7, 3.2, 3.55, 3.3, 3.5, 3.4])

    def draw(n):
        x = means + 0.7 * rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, 6))
        answers = pd.DataFrame(np.clip(np.round(x), 1, 5), columns=list("abcdef"))
        return (answers.to_numpy() @ weights + 1.2 * rng.normal(size=n)), answers

    rng = np.random.default_rng(12)
    y, x = draw(200_000)
    truth = {p.driver: p.quadrant for p in run(pd.Series(y, name="y"), x, 1, 5, resamples=5).of(None).points}
    assert len(set(truth.values())) == 4
    right = []
    for _ in range(60):
        y, x = draw(500)
        points = run(pd.Series(y, name="y"), x, 1, 5, resamples=150).of(None).points
        right += [truth[p.driver] == p.quadrant for p in points if p.probability >= 0.95]
    assert len(right) > 60
    assert np.mean(right) > 0.93


def test_unit_and_order_of_drivers_change_nothing(survey):
    one = run(survey["LOY"], survey[SAT], 1, 5).of(None)
    other = run(survey["LOY"] * 10 + 3, survey[SAT] * 2 + 1, 3, 11).of(None)
    for first, second in zip(one.points, other.points, strict=True):
        assert first.importance == pytest.approx(second.importance, rel=1e-9)
        assert first.performance == pytest.approx(second.performance, rel=1e-9)
        assert first.probabilities == second.probabilities
    turned = run(survey["LOY"], survey[SAT[::-1]], 1, 5).of(None)
    assert [turned.of(name).quadrant for name in SAT] == [one.of(name).quadrant for name in SAT]


def test_small_constant_and_entangled_tiers_say_why(survey):
    d = survey[["LOY", *SAT]].dropna().reset_index(drop=True)
    tiers = pd.Series(
        pd.Categorical(["b"] * 4 + ["a"] * 20 + ["c"] * (len(d) - 24), ["c", "b", "a", "none"]), name="T"
    )
    d.loc[4:23, "SAT2"] = 3.0
    found = run(d["LOY"], d[SAT], 1, 5, tiers=tiers)
    assert [(one.tier, one.state) for one in found.maps] == [
        (None, "ok"), ("c", "ok"), ("b", "too_few"), ("a", "constant"), ("none", "too_few")
    ]  # fmt: skip
    assert found.of("a").reason == "everybody gave one answer: SAT2"
    assert found.of("b").reason == "4 respondents with all variables; a map takes 5"
    assert found.of("a").points == ()
    states = found.to_frame().query("state.notna()")
    assert list(states["tier"]) == ["b", "a", "none"]
    twice = d.assign(SAT4=6 - d["SAT1"])
    assert run(twice["LOY"], twice[SAT], 1, 5).of(None).state == "inadmissible"


def test_what_is_asked_wrongly_is_refused(survey):
    with pytest.raises(ValueError, match="1 drivers; a map shows 2 to 12"):
        run(survey["LOY"], survey[["SAT1"]], 1, 5)
    with pytest.raises(ValueError, match="answers outside the bounds: SAT1, SAT2"):
        run(survey["LOY"], survey[["SAT1", "SAT2"]], 1, 2)
    with pytest.raises(ValueError, match="bounds: none given for SAT2"):
        importance_performance(
            survey["LOY"], survey[["SAT1", "SAT2"]], bounds={"SAT1": (1, 5)}, rng=np.random.default_rng(1)
        )
    with pytest.raises(ValueError, match="stated importance of"):
        run(survey["LOY"], survey[SAT], 1, 5, stated=survey[["NPS"]])


def test_stated_importance_that_cannot_be_ranked_says_why():
    draws = np.ones((5, 4))
    names = tuple("abcd")
    few = stated_against_derived(names[:3], np.ones(3), np.ones((5, 3)), draws[:, :3], draws[:, :3])
    assert (few.state, few.reason) == ("too_few", "3 drivers; at least 4 are ranked")
    silent = stated_against_derived(names, np.arange(4.0), np.array([[1, 2, 3, np.nan]]), draws, draws)
    assert silent.reason == "nobody rated d"
    alike = stated_against_derived(names, np.arange(4.0), np.ones((2, 4)), draws, draws)
    assert alike.state == "constant"
    lost = stated_against_derived(names, np.arange(4.0), np.arange(4.0)[None], draws, draws)
    assert (lost.state, lost.interval) == ("not_converged", None)


def test_those_that_part_are_those_whose_ranks_differ():
    rng = np.random.default_rng(2)
    x = pd.DataFrame(rng.integers(1, 6, (900, 4)).astype(float), columns=list("abcd"))
    y = (x @ [0.9, 0.6, 0.35, 0.1] + rng.normal(size=900)).rename("y")
    said = pd.DataFrame(rng.normal([2, 4, 3, 5], 0.5, (900, 4)), columns=list("abcd"))
    found = run(y, x, 1, 5, stated=said, resamples=300).of(None).stated
    assert found.parting == ("a", "d")
    assert [one.difference for one in found.drivers] == [-3, 0, 0, 3]
    assert (
        found.estimate
        == pytest.approx(stats.spearmanr([4, 3, 2, 1], [2, 4, 3, 5]).statistic)
        == pytest.approx(-0.8)
    )
    assert found.interval.high < 0
