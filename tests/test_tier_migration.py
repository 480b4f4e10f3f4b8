"""Moves between tiers: every number equals R; the published table of Stuart; identities."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.mcnemar import mcnemar
from analysis.tier_migration import tier_migration

VISION = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]


def codes(values, edges):
    cut = pd.cut(values, edges, labels=range(1, len(edges))).astype("Int64")
    return cut.astype(str).where(cut.notna())


def spread_out(table):
    cells = [(i, j) for i, row in enumerate(table, 1) for j, count in enumerate(row, 1) for _ in range(count)]
    return (
        pd.Series([str(cell[side]) for cell in cells], name=name)
        for side, name in enumerate(("first", "second"))
    )


def check(found, case, computed_by_r):
    r = computed_by_r("tier_migration", case)
    assert found.n == r["n"]
    for one in found.movements:
        expected = computed_by_r("tier_migration", f"{case} {one.direction}")
        got = (one.count, one.share, one.interval.low, one.interval.high)
        assert got == pytest.approx(
            tuple(expected[k] for k in ("count", "share", "low", "high")), rel=1e-9, abs=1e-12
        )
    for cell in found.transitions:
        expected = computed_by_r("tier_migration", f"{case} {cell.first} {cell.second}")
        got = (cell.count, cell.share, cell.interval.low, cell.interval.high)
        assert got == pytest.approx(
            tuple(expected[k] for k in ("count", "share", "low", "high")), rel=1e-9, abs=1e-9
        )
    for name, short in (("bowker", "bowker"), ("stuart_maxwell", "sm")):
        test = found.test(name)
        assert (test.statistic, test.df, test.p_value) == pytest.approx(
            (r[short], r[f"{short}_df"], r[f"{short}_p"]), rel=1e-9
        )
    assert found.test("up_against_down").p_value == pytest.approx(
        r["binomial"], rel=1e-7
    )  # R: 1 + 1e-7 for ties
    assert found.kappa.estimate == pytest.approx(r["kappa"], rel=1e-9)


def test_everything_equals_r(survey, computed_by_r):
    first, second = (codes(survey[name], [0, 2, 3, 5]) for name in ("SAT1", "SAT3"))
    check(tier_migration(first, second, tiers=("1", "2", "3")), "small", computed_by_r)


def test_everything_equals_r_for_bank_customers(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    first, second = (codes(bank[name], [-1, 6, 7, 8, 10]) for name in ("sat1", "sat2"))
    check(tier_migration(first, second, tiers=("1", "2", "3", "4")), "bank", computed_by_r)


def test_the_table_of_stuart(computed_by_r):
    """Unaided vision of 7477 women (Stuart 1953, 1955): 11.96 on 3 degrees of freedom; Bowker 19.11 on 6."""
    found = tier_migration(*spread_out(VISION), tiers=("1", "2", "3", "4"))
    assert round(found.test("stuart_maxwell").statistic, 2) == 11.96
    assert round(found.test("bowker").statistic, 2) == 19.11
    check(found, "vision", computed_by_r)
    assert found.counts().tolist() == VISION


def test_two_tiers_are_mcnemars():
    first, second = spread_out([[30, 12], [5, 20]])
    found = tier_migration(first, second, tiers=("1", "2"))
    same = mcnemar((first == "1").astype(float), (second == "1").astype(float))
    for name in ("bowker", "stuart_maxwell"):
        assert found.test(name).statistic == pytest.approx(same.statistic)
        assert found.test(name).p_value == pytest.approx(same.p_value)
    assert found.test("up_against_down").p_value == pytest.approx(same.exact_p_value)


def test_the_other_way_round_up_is_down_and_tests_stay():
    first, second = spread_out(VISION)
    one, other = (
        tier_migration(*pair, tiers=("1", "2", "3", "4")) for pair in ((first, second), (second, first))
    )
    assert one.moved("up").count == other.moved("down").count
    for name in ("bowker", "stuart_maxwell"):
        assert one.test(name).statistic == pytest.approx(other.test(name).statistic, rel=1e-9)
    turned = tier_migration(first, second, tiers=("4", "3", "2", "1"))
    assert turned.test("stuart_maxwell").statistic == pytest.approx(
        one.test("stuart_maxwell").statistic, rel=1e-9
    )
    assert turned.moved("up").count == one.moved("down").count


def test_shares_add_up_and_every_respondent_moves_once():
    found = tier_migration(*spread_out(VISION), tiers=("1", "2", "3", "4"))
    assert sum(one.count for one in found.movements) == found.n == sum(map(sum, VISION))
    for tier in found.tiers:
        assert sum(cell.share for cell in found.transitions if cell.first == tier) == pytest.approx(1)


def test_equal_margins_without_symmetry():
    found = tier_migration(*spread_out([[10, 9, 1], [1, 10, 9], [9, 1, 10]]), tiers=("1", "2", "3"))
    assert found.test("stuart_maxwell").statistic == pytest.approx(0, abs=1e-12)
    assert found.test("bowker").p_value < 0.001


def test_homogeneous_margins_are_rejected_as_often_as_the_level_says():
    rng = np.random.default_rng(4)
    hits = {"bowker": 0, "stuart_maxwell": 0}
    for _ in range(400):
        truth = rng.normal(size=300)
        pair = (
            pd.Series(np.digitize(truth + rng.normal(size=300), [-1, 0.3, 1.2]).astype(str)) for _ in range(2)
        )
        found = tier_migration(*pair, tiers=("0", "1", "2", "3"))
        for name in hits:
            hits[name] += found.test(name).p_value < 0.05
    assert all(0.02 < hit / 400 < 0.08 for hit in hits.values()), hits


def test_tiers_that_nobody_enters_or_leaves_take_no_part():
    table = [[20, 6, 0, 0], [2, 15, 0, 0], [0, 0, 9, 0], [0, 0, 0, 0]]
    found = tier_migration(*spread_out(table), tiers=("1", "2", "3", "4"))
    small = tier_migration(*spread_out([[20, 6], [2, 15]]), tiers=("1", "2"))
    for name in ("bowker", "stuart_maxwell"):
        assert (found.test(name).statistic, found.test(name).df) == (small.test(name).statistic, 1.0)
    empty = found.of("4", "1")
    assert (empty.count, empty.share, empty.interval) == (0, None, None)
    row = found.to_frame().query("state.notna()")
    assert set(row["state"]) == {"empty_cell"}
    split = tier_migration(
        *spread_out([[5, 3, 0, 0], [1, 5, 0, 0], [0, 0, 5, 2], [0, 0, 4, 5]]), tiers=("1", "2", "3", "4")
    )
    assert split.test("stuart_maxwell").state == "inadmissible"
    assert split.test("bowker").statistic == pytest.approx(1 + 4 / 6)


def test_nobody_moves_or_nobody_answers():
    still = tier_migration(*spread_out([[5, 0], [0, 4]]), tiers=("1", "2"))
    assert [test.state for test in still.tests] == ["constant"] * 3
    assert still.moved("stay").share == 1.0
    assert still.kappa.estimate == pytest.approx(1)
    nobody = tier_migration(
        pd.Series([None, "1"], name="a"), pd.Series(["1", None], name="b"), tiers=("1", "2")
    )
    assert (nobody.state, nobody.n, nobody.n_missing) == ("too_few", 0, 2)
    assert nobody.entries()[0].reason == "0 respondents in 2 tiers"


def test_what_is_asked_wrongly_is_refused():
    first, second = pd.Series(["1", "2"], name="a"), pd.Series(["1", "9"], name="b")
    with pytest.raises(ValueError, match="a, b: 9 is none of the tiers"):
        tier_migration(first, second, tiers=("1", "2"))
    with pytest.raises(ValueError, match="a has no order"):
        tier_migration(first, second)
    with pytest.raises(ValueError, match="on one index"):
        tier_migration(first, second.iloc[::-1], tiers=("1", "2"))
    ordered = pd.Series(pd.Categorical(["1", "2"], ["2", "1"], ordered=True), name="a")
    assert tier_migration(ordered, first).tiers == ("2", "1")


def test_the_binomial_is_scipys():
    found = tier_migration(*spread_out(VISION), tiers=("1", "2", "3", "4"))
    assert found.test("up_against_down").p_value == stats.binomtest(1171, 1171 + 1010).pvalue
