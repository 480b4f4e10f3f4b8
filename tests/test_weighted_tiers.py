"""Priorities, gaps and moves under a design: every number equals R's survey; brute force; equal weights; states."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.raking import rake
from analysis.design.replicates import bootstrap, jackknife
from analysis.gap_map import GapRow, gap_map
from analysis.importance_performance import QUADRANTS, importance_performance
from analysis.tier_migration import tier_migration
from analysis.weighted.gap_map import weighted_gap_map
from analysis.weighted.importance_performance import weighted_map
from analysis.weighted.tier_migration import weighted_migration

DESIGNS = ("clusters", "stages", "zero", "raked")
DRIVERS = {"SAT": (1, 5), "AGE": (1, 4), "LEAVES": (0, 1)}


def near(value, rel=1e-8):
    return pytest.approx(value, rel=rel, abs=1e-10)


@pytest.fixture(scope="module")
def customers(reference):
    d = reference("design_survey")
    row = np.arange(1, len(d) + 1)
    believed = d["TIER"] + (row * 7 % 5 == 0) - (row * 3 % 7 == 0) + (row % 31 == 0)
    return d.assign(BELIEVED=believed.clip(1, 4).where(row % 17 != 3))


@pytest.fixture(scope="module")
def real(shared_data):
    """Real answers with constructed weights, strata, clusters and blanks, as R has them."""
    found = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(1, len(found) + 1)
    found["W"] = 0.5 + (i * 37) % 17 / 4 + found["loy1"] / 10
    found["STRATUM"] = found["imag1"] // 4
    found["CLUSTER"] = found["STRATUM"] * 1000 + (i * 7) % 9
    found["GROUP"] = 1 + (found["expe1"] > 6).astype(int) + (found["expe1"] > 8)
    for name in ("sat1", "loy2", "qual1", "val1"):
        at = list(found.columns).index(name) + 1
        found[name] = found[name].astype(float).mask((i + len(name) * at) % 23 == 0)
    return found


def design_of(d):
    return survey_design(d["W"], strata=d["STRATUM"], clusters=d["CLUSTER"])


def text(codes):
    return codes.astype("Int64").astype(str).where(codes.notna())


# ---------------------------------------------------------------- moves


def moves_equal_r(found, case, computed_by_r):
    r = computed_by_r("weighted_tiers", case)
    assert (found.state, found.n) == ("ok", r["n"])
    for one in (*found.movements, *found.transitions):
        where = one.direction if hasattr(one, "direction") else f"{one.first} {one.second}"
        expected = computed_by_r("weighted_tiers", f"{case} {where}")
        got = (one.count, one.share, one.interval.low, one.interval.high)
        assert got == near(tuple(expected[k] for k in ("count", "share", "low", "high"))), where
    for test in found.tests:
        expected = tuple(r[f"{test.measure} {k}"] for k in ("statistic", "df1", "df2", "p"))
        got = (test.statistic, test.df, test.denominator_df, test.p_value)
        assert got == near(expected), test.measure
    kappa = found.kappa
    got = (kappa.estimate, kappa.std_error, kappa.interval.low, kappa.interval.high)
    assert got == near(tuple(r[f"kappa {k}"] for k in ("estimate", "std_error", "low", "high")))
    if len(found.tiers) == 2:
        assert got[:2] == near((r["svykappa estimate"], r["svykappa std_error"]))


@pytest.mark.parametrize("name", DESIGNS)
def test_moves_equal_r(name, survey_designs, customers, computed_by_r):
    first, second = (customers[column] for column in ("TIER", "BELIEVED"))
    found = weighted_migration(text(first), text(second), survey_designs[name], tiers=tuple("1234"))
    moves_equal_r(found, f"moves {name}", computed_by_r)
    halves = (text(1.0 + (column > 2)).where(column.notna()) for column in (first, second))
    found = weighted_migration(*halves, survey_designs[name], tiers=("1", "2"))
    moves_equal_r(found, f"moves two {name}", computed_by_r)


def test_moves_of_real_answers_equal_r(real, computed_by_r):
    bands = [text(pd.cut(real[name], [-1, 6, 8, 10], labels=[1, 2, 3])) for name in ("sat1", "sat2")]
    found = weighted_migration(*bands, design_of(real), tiers=tuple("123"))
    moves_equal_r(found, "moves real", computed_by_r)


# ---------------------------------------------------------------- gaps


def gaps_equal_r(found, case, computed_by_r):
    numbers = ("n_first", "n_second", "mean_first", "mean_second", "estimate", "std_error", "statistic", "df")
    for cell in found.cells:
        r = computed_by_r("weighted_tiers", f"{case} {cell.row} {cell.tier or 'all'}")
        got = tuple(getattr(cell, name) for name in (*numbers, "p_value"))
        assert got == near(tuple(r[name] for name in (*numbers, "p_value"))), (cell.row, cell.tier)
        ends = (
            cell.interval.low,
            cell.interval.high,
            cell.effect,
            *(cell.effect_interval.low, cell.effect_interval.high),
        )
        assert ends == near(tuple(r[name] for name in ("low", "high", "g", "g_low", "g_high")))
    adjusted = computed_by_r("weighted_tiers", case)
    expected = tuple(adjusted[f"holm {i}"] for i in range(1, len(found.cells) + 1))
    assert tuple(cell.p_adjusted for cell in found.cells) == near(expected)


def rows_of(*items):
    return [GapRow(name=item, first=item, second=item) for item in items]


@pytest.mark.parametrize("first", ["clusters", "raked"])
@pytest.mark.parametrize("second", ["weights", "plain"])
def test_gaps_equal_r(first, second, customers, computed_by_r):
    a, b = (half.reset_index(drop=True) for _, half in customers.groupby(customers["REGION"] > 2))
    own = survey_design(a["W"], strata=a["REGION"], clusters=a["BRANCH"])
    if first == "raked":
        own = rake(own, a[["SEX"]], {"SEX": {1: 2200.0, 2: 1800.0}}, tolerance=1e-14).design
    other = (
        survey_design(b["W"]) if second == "weights" else survey_design(np.ones(len(b)), clusters=b["BRANCH"])
    )
    tiers = pd.Series(
        pd.Categorical(text(a["TIER"].where(a["TIER"] < 4)), ["1", "2", "3"], ordered=True), name="TIER"
    )
    found = weighted_gap_map(a, b, rows_of("LOY", "SAT"), design=own, design_second=other, tiers=tiers)
    assert found.weighted
    gaps_equal_r(found, f"gaps {first} {second}", computed_by_r)


def test_gaps_of_real_answers_equal_r(real, computed_by_r):
    women, men = (real[real["gender"] == sex].reset_index(drop=True) for sex in ("female", "male"))
    found = weighted_gap_map(
        women,
        men,
        rows_of("sat1", "loy2", "qual1"),
        design=design_of(women),
        design_second=survey_design(men["W"]),
        tiers=women["GROUP"],
    )
    gaps_equal_r(found, "gaps real", computed_by_r)


# ---------------------------------------------------------------- priorities


def map_equals_r(found, case, importance, computed_by_r, cut="means"):
    r = computed_by_r("weighted_tiers", case)
    assert (found.state, found.n) == ("ok", r["n"])
    assert found.r_squared == near(r["r_squared"])
    for point in found.points:
        expected = computed_by_r("weighted_tiers", f"{case} {point.driver}")
        for what, name in (("importance", importance), ("performance", "performance")):
            interval = getattr(point, f"{what}_interval")
            got = (getattr(point, what), getattr(point, f"{what}_error"), interval.low, interval.high)
            assert got == near(
                tuple(expected[key] for key in (name, f"{name}_error", f"{name}_low", f"{name}_high"))
            ), (point.driver, what)
        assert QUADRANTS.index(point.quadrant) == expected[f"{importance} {cut}"]
        if f"{importance} share0" in expected:
            shares = tuple(expected[f"{importance} share{i}"] for i in range(4))
            assert tuple(point.probabilities.values()) == near(shares)


@pytest.mark.parametrize("importance", ["lmg", "relative_weight"])
@pytest.mark.parametrize("name", DESIGNS)
def test_maps_equal_r(name, importance, survey_designs, customers, computed_by_r):
    """Probabilities over the replicates of the jackknife, which are the same in R."""
    for cut in ("means", "midpoint"):
        found = weighted_map(
            customers["LOY"],
            customers[list(DRIVERS)],
            survey_designs[name],
            bounds=DRIVERS,
            rng=np.random.default_rng(1),
            draw=lambda rng, n: jackknife(survey_designs["clusters"]),
            tiers=customers["TIER"].where(customers["TIER"] < 3),
            importance=importance,
            cut=cut,
            minimum_n=20,
        )
        for one in found.maps:
            case = f"map {name}" if one.tier is None else f"map {name} {float(one.tier):g}"
            if cut == "means":
                map_equals_r(one, case, importance, computed_by_r)
            else:
                for point in one.points:
                    r = computed_by_r("weighted_tiers", f"{case} {point.driver}")
                    assert QUADRANTS.index(point.quadrant) == r[f"{importance} midpoint"]


def test_maps_of_real_answers_equal_r(real, computed_by_r):
    xs = ["qual1", "val1", "imag2", "expe2"]
    for importance in ("lmg", "relative_weight"):
        found = weighted_map(
            real["sat1"],
            real[xs],
            design_of(real),
            bounds=dict.fromkeys(xs, (0, 10)),
            rng=np.random.default_rng(1),
            draw=lambda rng, n: jackknife(design_of(real)),
            tiers=real["GROUP"],
            importance=importance,
        )
        for one in found.maps:
            case = "map real" if one.tier is None else f"map real {one.tier}"
            map_equals_r(one, case, importance, computed_by_r)


def test_probabilities_are_those_of_each_replicate_by_itself(survey_designs, customers):
    """Numpy's weighted moments of every replicate, one by one."""
    design = survey_designs["clusters"]
    how = {"bounds": DRIVERS, "importance": "relative_weight", "minimum_n": 20}
    found = weighted_map(
        customers["LOY"],
        customers[list(DRIVERS)],
        design,
        rng=np.random.default_rng(3),
        tiers=customers["TIER"],
        resamples=60,
        **how,
    )
    drawn = bootstrap(design, rng=np.random.default_rng(3), n_replicates=60).replicates
    low, high = np.array(list(DRIVERS.values()), dtype=float).T
    for one in found.maps:
        mine = (
            np.ones(len(customers), dtype=bool) if one.tier is None else customers["TIER"] == float(one.tier)
        )
        data = customers.loc[mine, ["LOY", *DRIVERS]].astype(float)
        data = data[data.notna().all(axis="columns")]
        hits, lost = np.zeros((3, 4)), 0
        for weights in drawn[data.index].T:
            x = data.to_numpy()[weights > 0]
            w = weights[weights > 0]
            if not np.ptp(x, axis=0).all():
                lost += 1
                continue
            r = np.cov(x.T, aweights=w)
            r = r / np.sqrt(np.outer(np.diag(r), np.diag(r)))
            values, vectors = np.linalg.eigh(r[1:, 1:])
            root = vectors * np.sqrt(values) @ vectors.T
            importance = root**2 @ np.linalg.solve(root, r[1:, 0]) ** 2
            performance = (np.average(x[:, 1:], axis=0, weights=w) - low) / (high - low) * 100
            for j in range(3):
                well = performance[j] >= performance.mean()
                place = (0 if well else 1) if importance[j] >= importance.mean() else (3 if well else 2)
                hits[j, place] += 1
        if lost > 3:
            assert one.state == "not_converged"
            assert one.reason == f"R squared cannot be divided in {lost} of 60 replicates"
            continue
        assert one.resamples == 60 - lost
        for point, row in zip(one.points, hits, strict=True):
            assert list(point.probabilities.values()) == pytest.approx(row / (60 - lost))


# ---------------------------------------------------------------- equal weights


@pytest.fixture
def plain(survey):
    """Complete answers: with blanks the design keeps the respondents who left them, and errors differ a little."""
    return survey[["SAT1", "SAT2", "SAT3", "LOY", "TIER", "SEX"]].dropna().reset_index(drop=True)


def test_equal_weights_give_the_unweighted_maps(plain):
    x, bounds = plain[["SAT1", "SAT2", "SAT3"]], dict.fromkeys(("SAT1", "SAT2", "SAT3"), (1, 5))
    shared = {"bounds": bounds, "tiers": plain["SEX"], "minimum_n": 10}
    rng = np.random.default_rng
    one = importance_performance(plain["LOY"], x, rng=rng(1), **shared)
    two = weighted_map(plain["LOY"], x, survey_design(np.full(len(plain), 7.0)), rng=rng(1), **shared)
    for ours, theirs in zip(two.maps, one.maps, strict=True):
        assert (ours.tier, ours.n, ours.n_missing) == (theirs.tier, theirs.n, theirs.n_missing)
        assert ours.effective_n == pytest.approx(ours.n)
        for a, b in zip(ours.points, theirs.points, strict=True):
            assert (a.importance, a.performance, a.quadrant) == (
                pytest.approx(b.importance),
                pytest.approx(b.performance),
                b.quadrant,
            )
            # 2000 draws, of n - 1 respondents here and n there
            for quadrant in QUADRANTS:
                assert a.probabilities[quadrant] == pytest.approx(b.probabilities[quadrant], abs=0.06)


def test_equal_weights_give_the_unweighted_gaps_of_everybody(plain):
    men, women = (plain[plain["SEX"] == sex].reset_index(drop=True) for sex in (1, 2))
    branch = pd.Series(np.arange(len(women)) % 6)
    one = gap_map(men, women, rows_of("SAT1", "LOY"), clusters_second=branch, tiers=men["TIER"])
    two = weighted_gap_map(
        men,
        women,
        rows_of("SAT1", "LOY"),
        design=survey_design(np.full(len(men), 2.0)),
        design_second=survey_design(np.full(len(women), 3.0), clusters=branch),
        tiers=men["TIER"],
    )
    for theirs in one.cells:
        ours = two.of(theirs.row, theirs.tier)
        assert (ours.n_first, ours.n_second, ours.state) == (theirs.n_first, theirs.n_second, theirs.state)
        if theirs.estimate is not None:
            assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-12, abs=1e-12)
        if theirs.tier is None:
            got = (ours.std_error, ours.df, ours.p_value, ours.interval.low)
            assert got == pytest.approx((theirs.std_error, theirs.df, theirs.p_value, theirs.interval.low))


def test_equal_weights_give_the_unweighted_moves(plain):
    pair = [text(plain[name]) for name in ("SAT1", "SAT2")]
    one = tier_migration(*pair, tiers=tuple("12345"))
    two = weighted_migration(*pair, survey_design(np.full(len(plain), 2.0)), tiers=tuple("12345"))
    assert (one.n, one.n_missing, one.counts().tolist()) == (two.n, two.n_missing, two.counts().tolist())
    assert two.shares() == pytest.approx(one.shares())
    assert two.kappa.estimate == pytest.approx(one.kappa.estimate)
    for ours, theirs in zip(
        (*two.movements, *two.transitions), (*one.movements, *one.transitions), strict=True
    ):
        assert ours.share == (None if theirs.share is None else pytest.approx(theirs.share))
    # the design's variance of p_i. - p_.i is that of the table; Stuart and Maxwell take it as if margins were equal
    n, chi = one.n, one.test("stuart_maxwell").statistic
    found = two.margins
    wald = chi / (1 - chi / n) * (n - 1) / n
    df, q = n - 1, found.df
    assert (found.statistic, found.denominator_df) == pytest.approx(
        (wald / q * (df - q + 1) / df, df - q + 1)
    )


# ---------------------------------------------------------------- states


def test_a_design_without_replicates_has_no_map_and_says_why(survey_designs, customers):
    lonely = survey_design(
        customers["W"], strata=customers["LONELY_STRATUM"], clusters=customers["BRANCH"], lonely="adjust"
    )
    how = {"bounds": DRIVERS, "rng": np.random.default_rng(1), "resamples": 20}
    found = weighted_map(customers["LOY"], customers[list(DRIVERS)], lonely, **how)
    assert found.of(None).state == "not_available"
    assert "a stratum with a single cluster" in found.of(None).reason
    (entry,) = found.entries()
    assert (entry.state, entry.n) == ("not_available", found.of(None).n)
    raked = weighted_map(customers["LOY"], customers[list(DRIVERS)], survey_designs["raked"], **how)
    assert "make the replicates first, then rake each of them" in raked.of(None).reason


def test_small_and_uniform_tiers_have_no_map(survey_designs, customers):
    x = customers[list(DRIVERS)].astype(float)
    tiers = pd.Series(np.where(customers.index < 12, "few", np.where(customers["TIER"] == 1, "same", "rest")))
    x.loc[tiers == "same", "SAT"] = 4.0
    found = weighted_map(
        customers["LOY"], x, survey_designs["clusters"], bounds=DRIVERS, rng=np.random.default_rng(1),
        tiers=tiers, resamples=50,
    )  # fmt: skip
    states = {one.tier: (one.state, one.reason) for one in found.maps}
    assert states["few"][0] == "too_few"
    assert "a map takes 30" in states["few"][1]
    assert states["same"] == ("constant", "all answers are the same: SAT")
    assert states["rest"][0] == states[None][0] == "ok"


def test_too_few_clusters_have_no_intervals(customers):
    two = customers[customers["BRANCH"].isin([101, 102])].reset_index(drop=True)
    design = survey_design(two["W"], clusters=two["BRANCH"])
    other = survey_design(customers["W"])
    found = weighted_gap_map(two, customers, rows_of("LOY"), design=design, design_second=other)
    assert found.of("LOY").state == "too_few"
    assert found.of("LOY").reason == "1 degrees of freedom on one side; at least 2 are needed"
    pair = text(two["TIER"]), text(two["BELIEVED"])
    moves = weighted_migration(*pair, design, tiers=tuple("1234"))
    assert (moves.state, moves.margins.state) == ("ok", "too_few")
    assert moves.margins.reason == "1 degrees of freedom for 3 differences"
    assert moves.test("up_against_down").denominator_df == 1
    one = customers[customers["BRANCH"] == 101].reset_index(drop=True)
    moves = weighted_migration(
        text(one["TIER"]),
        text(one["BELIEVED"]),
        survey_design(one["W"], clusters=one["BRANCH"], lonely="certainty"),
        tiers=tuple("1234"),
    )
    assert moves.state == "too_few"
    assert moves.reason.endswith("in 4 tiers, 0 degrees of freedom")


def test_gaps_of_few_answers_and_of_none_that_differ(customers):
    first = pd.DataFrame({"A": [4.0] * 8, "B": [1.0, 2, None, None, None, None, None, None]})
    second = pd.DataFrame({"A": [2.0] * 9, "B": [1.0, 2, 3, 4, 5, 3, 2, 1, 2]})
    found = weighted_gap_map(
        first,
        second,
        rows_of("A", "B"),
        design=survey_design(np.arange(1, 9)),
        design_second=survey_design(np.ones(9)),
    )
    alike, few = found.of("A"), found.of("B")
    assert (alike.state, alike.mean_first, alike.mean_second, alike.estimate) == ("constant", 4.0, 2.0, 2.0)
    assert (few.state, few.n_first, few.p_value) == ("too_few", 2, None)
    assert found.family == 0
    assert {entry.measure for entry in found.entries()} == {"gap"}


def test_an_empty_tier_has_no_shares_and_shares_of_none_have_an_interval():
    first = pd.Series(list("1111122222"))
    second = pd.Series(list("1112122222"))
    found = weighted_migration(first, second, survey_design(np.arange(1, 11)), tiers=tuple("123"))
    empty = found.of("3", "1")
    assert (empty.count, empty.share, empty.state) == (0, None, "empty_cell")
    none = found.moved("down")
    assert (none.count, none.share, none.interval.low) == (0, 0.0, 0.0)
    assert none.interval.high == pytest.approx(1 - 0.025 ** (1 / 10))  # Clopper and Pearson's, of ten
    assert found.shares().sum() == pytest.approx(1)
    still = weighted_migration(first, first, survey_design(np.ones(10)), tiers=tuple("12"))
    assert {test.state for test in still.tests} == {"constant"}
    assert {test.reason for test in still.tests} == {"nobody moves"}


def test_respondents_of_no_weight_are_in_no_count(survey_designs, customers):
    design = survey_designs["zero"]
    first, second = text(customers["TIER"]), text(customers["BELIEVED"])
    found = weighted_migration(first, second, design, tiers=tuple("1234"))
    kept = (design.weights > 0) & second.notna().to_numpy()
    assert found.n == kept.sum() < second.notna().sum()
    assert found.counts().sum() == found.n
    twice = weighted_migration(
        first, second, replace(design, weights=2 * design.weights), tiers=tuple("1234")
    )
    for one, other in zip(found.entries(), twice.entries(), strict=True):
        assert (one.estimate, one.p_value) == pytest.approx((other.estimate, other.p_value), nan_ok=True)
