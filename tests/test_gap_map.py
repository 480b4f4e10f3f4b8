"""Gaps of items, constructs and tiers: every number equals R, with and without clusters."""

import numpy as np
import pandas as pd
import pytest

from analysis.adjust import holm
from analysis.gap_map import GapRow, gap_map
from analysis.means import mean_difference

CLOSED = {"rel": 1e-9, "abs": 1e-12}
NUMBERS = (
    "n_first",
    "n_second",
    "mean_first",
    "mean_second",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
)


def rows_of(items):
    return [GapRow(name=item, first=item, second=item) for item in items]


def check(found, case, computed_by_r):
    holm_of_r = computed_by_r("gap_map", case)
    for place, cell in enumerate(found.cells, 1):
        r = computed_by_r("gap_map", f"{case} {cell.row} {cell.tier or 'all'}")
        for name in NUMBERS:
            assert getattr(cell, name) == pytest.approx(r[name], **CLOSED), (cell, name)
        assert (cell.interval.low, cell.interval.high) == pytest.approx((r["low"], r["high"]), **CLOSED)
        assert cell.p_adjusted == pytest.approx(holm_of_r[f"holm {place}"], **CLOSED)
    assert found.family == len(holm_of_r) == len(found.cells)


@pytest.mark.parametrize("clustered", [False, True])
def test_everything_equals_r_in_the_small_survey(clustered, survey, computed_by_r):
    men, women = (survey[survey["SEX"] == sex].reset_index(drop=True) for sex in (1, 2))
    clusters = {}
    if clustered:
        clusters = {
            "clusters_first": pd.Series(np.arange(len(men)) % 7),
            "clusters_second": pd.Series(np.arange(len(women)) // 5),
        }
    tiers = men["TIER"].astype("Int64").astype(str).where(men["TIER"] < 4)
    found = gap_map(
        men, women, rows_of(["SAT1", "SAT2", "SAT4"]), tiers=tiers.rename("TIER"), minimum_n=2, **clusters
    )
    check(found, "small clusters" if clustered else "small", computed_by_r)


@pytest.mark.parametrize("clustered", [False, True])
def test_everything_equals_r_for_bank_customers(clustered, shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    female, male = (bank[bank["gender"] == sex].reset_index(drop=True) for sex in ("female", "male"))
    band = pd.cut(female["imag1"], [-1, 7, 8, 10], labels=["a", "b", "c"])
    branch = pd.Series(np.arange(len(male)) % 11) if clustered else None
    found = gap_map(
        female, male, rows_of(["sat1", "sat2", "loy1", "qual3"]), tiers=band, clusters_second=branch
    )
    check(found, "bank branches" if clustered else "bank", computed_by_r)


def test_without_clusters_a_gap_is_welchs_difference(survey):
    men, women = (survey[survey["SEX"] == sex] for sex in (1, 2))
    cell = gap_map(men, women, rows_of(["LOY"])).of("LOY")
    welch = mean_difference(men["LOY"], women["LOY"])
    assert (cell.estimate, cell.std_error, cell.p_value) == pytest.approx(
        (welch.difference, welch.std_error, welch.p_value), rel=1e-12
    )
    alone = gap_map(men, women, rows_of(["LOY"]), clusters_first=pd.Series(men.index, index=men.index)).of(
        "LOY"
    )
    assert (alone.std_error, alone.df) == pytest.approx((cell.std_error, cell.df), rel=1e-12)


def test_the_other_way_round_gaps_change_sign_and_units_carry_over(survey):
    men, women = (survey[survey["SEX"] == sex] for sex in (1, 2))
    one, other = (
        gap_map(men, women, rows_of(["SAT1"])).of("SAT1"),
        gap_map(women, men, rows_of(["SAT1"])).of("SAT1"),
    )
    assert (one.estimate, one.interval.low) == pytest.approx((-other.estimate, -other.interval.high))
    tenfold = gap_map(men * 10, women * 10, rows_of(["SAT1"])).of("SAT1")
    assert (tenfold.estimate, tenfold.std_error) == pytest.approx((10 * one.estimate, 10 * one.std_error))
    assert tenfold.p_adjusted == pytest.approx(one.p_value)


def test_the_family_is_the_whole_map_without_cells_that_have_no_test():
    rng = np.random.default_rng(1)
    first = pd.DataFrame(
        {"A": rng.integers(1, 6, 60).astype(float), "B": rng.integers(1, 6, 60).astype(float)}
    )
    second = pd.DataFrame({"A": rng.integers(1, 6, 40).astype(float), "B": np.full(40, 3.0)})
    tiers = pd.Series(pd.Categorical(["low"] * 57 + ["high"] * 3, ["low", "high", "none"]), name="T")
    first.loc[:56, "B"] = 3.0
    found = gap_map(first, second, rows_of("AB"), tiers=tiers, names=("customers", "staff"))
    states = {(cell.row, cell.tier): cell.state for cell in found.cells}
    assert states == {
        ("A", None): "ok", ("A", "low"): "ok", ("A", "high"): "too_few", ("A", "none"): "too_few",
        ("B", None): "ok", ("B", "low"): "constant", ("B", "high"): "too_few", ("B", "none"): "too_few",
    }  # fmt: skip
    assert found.family == 3
    known = [cell.p_value for cell in found.cells]
    assert [cell.p_adjusted for cell in found.cells] == list(holm(known))
    assert found.of("A", "high").reason == "3 and 40 answers; at least 5 on either side"
    assert (found.of("B", "low").estimate, found.of("B", "low").p_value) == (0.0, None)
    assert len(found.to_frame()) == 8


def test_few_or_equal_clusters_say_why():
    first, second = pd.DataFrame({"A": [1.0, 2, 3, 4, 5, 1]}), pd.DataFrame({"A": [1.0, 3, 1, 3, 1, 3]})
    two = gap_map(first, second, rows_of("A"), clusters_second=pd.Series([1, 1, 1, 2, 2, 2])).of("A")
    assert (two.state, two.reason) == ("too_few", "2 clusters on one side; at least 3 are needed")
    alike = gap_map(
        second + 0.1, second, rows_of("A"),
        clusters_first=pd.Series([1, 1, 2, 2, 3, 3]), clusters_second=pd.Series([1, 1, 2, 2, 3, 3]),
    ).of("A")  # fmt: skip
    assert alike.state == "constant"
    with pytest.raises(ValueError, match="two rows of a gap map have one name"):
        gap_map(first, second, rows_of("AA"))


def test_clusters_keep_the_level_where_welchs_test_does_not():
    """Staff of one branch answer alike; nothing differs, so 5 % of tests should say that it does."""
    rng = np.random.default_rng(7)
    branch = pd.Series(np.repeat(np.arange(20), 10))
    knowing = ignoring = 0
    for _ in range(400):
        first = pd.DataFrame({"A": rng.normal(size=300)})
        second = pd.DataFrame({"A": rng.normal(size=200) * 0.8 + 0.6 * rng.normal(size=20)[branch]})
        knowing += gap_map(first, second, rows_of("A"), clusters_second=branch).of("A").p_value < 0.05
        ignoring += gap_map(first, second, rows_of("A")).of("A").p_value < 0.05
    assert knowing / 400 < 0.09
    assert ignoring / 400 > 0.15
