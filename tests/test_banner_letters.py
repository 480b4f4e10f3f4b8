"""Letters of banner tables, each case worked out by hand beside it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from analysis.banners.banner import Closed, Multiple, Number, Rating, banner
from analysis.banners.counts import OverlappingSpan, Span
from analysis.banners.letters import LetterRules, corrected

TIER = (Span(variables=("TIER",)),)
APP = [Closed(name="APP", codes=(0, 1))]


def respondents(**columns):
    """One row per respondent out of ``(answer, tier, how many)``."""
    rows = [(answer, tier) for answer, tier, times in columns["rows"] for _ in range(times)]
    frame = pd.DataFrame(rows, columns=["APP", "TIER"])
    return frame.assign(TIER=pd.Categorical(frame["TIER"]))


def two(yes_a, n_a, yes_b, n_b):
    return respondents(rows=[(1, "a", yes_a), (0, "a", n_a - yes_a), (1, "b", yes_b), (0, "b", n_b - yes_b)])


def letters(answers, rules=None, items=None, row=1, spans=TIER, **more):
    return banner(answers, items or APP, spans, rules=rules, **more).items[0].rows[row].letters


def test_01_pooled_shares_at_both_levels():
    # p1 = 60/100, p2 = 45/100, pooled 0.525: z = 0.15 / sqrt(0.525 * 0.475 * 0.02) = 2.1240, p = .034: upper case
    assert letters(two(60, 100, 45, 100)) == ("", "B", "")
    # 58 against 46 of 100: pooled 0.52, z = 0.12 / sqrt(0.52 * 0.48 * 0.02) = 1.6984, p = .089: lower case
    assert letters(two(58, 100, 46, 100)) == ("", "b", "")
    # 57 against 46: pooled 0.515, z = 0.11 / sqrt(0.515 * 0.485 * 0.02) = 1.5563, p = .120: none
    assert letters(two(57, 100, 46, 100)) == ("", "", "")


def test_02_the_letter_stands_in_the_higher_column_whichever_comes_first():
    assert letters(two(45, 100, 60, 100)) == ("", "", "A")
    # and for the row of those without the app, the other way round
    assert letters(two(45, 100, 60, 100), row=0) == ("", "B", "")


def test_03_unpooled_shares():
    # 39 of 200 against 6 of 60: pooled 45/260 = .17308, z = .095 / sqrt(.17308 * .82692 * (1/200 + 1/60)) = 1.706
    # unpooled: z = .095 / sqrt(.195 * .805 / 200 + .1 * .9 / 60) = .095 / sqrt(.000785 + .0015) = 1.9874, p = .047
    answers = two(39, 200, 6, 60)
    assert letters(answers) == ("", "b", "")
    assert letters(answers, LetterRules(shares="unpooled")) == ("", "B", "")


def test_04_weights_shrink_the_base():
    # Half of each column weighs 3, half 1: e = 200^2 / (50 * 9 + 50) = 80 of 100.
    # a: (3 * 30 + 30) / 200 = .60; b: (3 * 22 + 23) / 200 = .445; pooled .5225
    # z = .155 / sqrt(.5225 * .4775 * (1/80 + 1/80)) = 1.9626, p = .0497
    half = [(1, "a", 30), (0, "a", 20)]
    answers = respondents(rows=[*half, *half, (1, "b", 22), (0, "b", 28), (1, "b", 23), (0, "b", 27)])
    w = np.tile(np.repeat([3.0, 1.0], 50), 2)
    table = banner(answers, APP, TIER, weights=w)
    assert table.items[0].effective_n.tolist() == [160.0, 80.0, 80.0]
    assert table.items[0].rows[1].estimate.tolist() == pytest.approx([0.5225, 0.6, 0.445])
    assert table.items[0].rows[1].letters == ("", "B", "")
    # unweighted .60 against .45 of 100 each: z = 2.124, p = .0337, so a level of .04 parts the two
    strict = LetterRules(levels=(0.04, 0.06))
    assert letters(answers, strict) == ("", "B", "")  # p = .0337
    assert letters(answers, strict, weights=w) == ("", "b", "")  # p = .0497


def test_05_equal_weights_change_nothing_and_counts_are_respondents():
    answers = two(60, 100, 45, 100)
    assert letters(answers, weights=np.full(200, 7.0)) == letters(answers)
    pattern = answers.groupby(["APP", "TIER"], as_index=False, observed=True).size()
    assert letters(pattern, counts=pattern["size"]) == ("", "B", "")


def test_06_small_bases_are_shown_and_not_tested():
    # 20 of 25 against 30 of 100: z = 4.56, but 25 respondents are below the minimum of 30
    answers = two(20, 25, 30, 100)
    table = banner(answers, APP, TIER)
    assert table.items[0].rows[1].letters == ("", "", "")
    assert table.items[0].state == ("ok", "too_few", "ok")
    assert table.items[0].rows[1].estimate[1] == 0.8
    assert letters(answers, LetterRules(minimum_base=25)) == ("", "B", "")
    # 40 respondents of whom half weigh 9 and half 1 are (200)^2 / (20 * 82) = 24.39 effective ones
    answers, w = two(32, 40, 30, 100), np.r_[np.tile([9.0, 1.0], 20), np.ones(100)]
    assert letters(answers, weights=w) == ("", "B", "")
    assert letters(answers, LetterRules(base="effective"), weights=w) == ("", "", "")


def test_07_columns_without_answers_are_dashed():
    answers = two(60, 100, 45, 100)
    answers["TIER"] = answers["TIER"].cat.add_categories("c")
    table = banner(answers, APP, TIER)
    assert table.items[0].state == ("ok", "ok", "ok", "empty_cell")
    assert table.items[0].rows[1].letters == ("", "B", "", "")
    assert np.isnan(table.items[0].rows[1].estimate[3])
    # all of both columns say yes: nothing to test
    assert letters(two(50, 50, 50, 50)) == ("", "", "")


def test_08_means_by_t():
    # a: 1..5 twenty times: mean 3, s2 = 2 * 100/99; b: the same plus one: 4; sp2 = 2.0202, t = 1 / sqrt(2.0202 * .02)
    # = 4.975 on 198 df
    score = pd.DataFrame(
        {
            "SAT": [1, 2, 3, 4, 5] * 20 + [2, 3, 4, 5, 6] * 20,
            "TIER": pd.Categorical(["a"] * 100 + ["b"] * 100),
        }
    )
    item = [Closed(name="SAT", codes=(1, 2, 3, 4, 5, 6), mean=True)]
    assert letters(score, items=item, row=6) == ("", "", "A")
    assert letters(score, items=[Number(name="SAT")], row=0) == ("", "", "A")


def test_09_welch_where_variances_differ():
    # a: 40 answers of 4 and 6, s2 = 40/39 = 1.0256, mean 5; b: 200 answers of 0 and 11.4, s2 = 5.7^2 * 200/199 = 32.653,
    # mean 5.7. Pooled: sp2 = (39 * 1.0256 + 199 * 32.653) / 238 = 27.470, t = .7 / sqrt(27.470 * .03) = .771, p = .441
    # Welch: .7 / sqrt(1.0256/40 + 32.653/200) = .7 / .43464 = 1.6105, p = .109 on 236.6 df
    values = [4, 6] * 20 + [0, 11.4] * 100
    answers = pd.DataFrame({"X": values, "TIER": pd.Categorical(["a"] * 40 + ["b"] * 200)})
    loose = {"levels": (0.05, 0.2)}
    assert letters(answers, LetterRules(**loose), items=[Number(name="X")], row=0) == ("", "", "")
    assert letters(answers, LetterRules(**loose, means="welch"), items=[Number(name="X")], row=0) == (
        "",
        "",
        "a",
    )


def test_10_corrections_within_a_row():
    # 65, 50 and 47 of 100. a-b: pooled .575, z = .15 / sqrt(.575 * .425 * .02) = 2.1456, p = .0319
    # a-c: pooled .56, z = .18 / sqrt(.56 * .44 * .02) = 2.5641, p = .0103; b-c: z = .4243, p = .671
    # Bonferroni x 3: .0957, .0310. Holm: .0103 * 3 = .0310, .0319 * 2 = .0638. BH: .0310, .0319 * 3/2 = .0479
    answers = respondents(
        rows=[(1, "a", 65), (0, "a", 35), (1, "b", 50), (0, "b", 50), (1, "c", 47), (0, "c", 53)]
    )
    assert letters(answers)[1] == "BC"
    assert letters(answers, LetterRules(correction="bonferroni"))[1] == "bC"
    assert letters(answers, LetterRules(correction="holm"))[1] == "bC"
    assert letters(answers, LetterRules(correction="holm", levels=(0.05,)))[1] == "C"
    assert letters(answers, LetterRules(correction="benjamini_hochberg"))[1] == "BC"


def test_11_columns_that_overlap():
    # 100 respondents in both columns (60 yes), 50 only in a (35 yes), 50 only in b (20 yes).
    # a: 95/150 = .6333, b: 80/150 = .5333, pooled .58333; 1/150 + 1/150 - 2 * 100/150^2 = .0044444
    # z = .1 / sqrt(.58333 * .41667 * .0044444) = 3.0426, p = .0023. Were they independent:
    # z = .1 / sqrt(.58333 * .41667 * .013333) = 1.7566, p = .079
    rows = [(1, 1, 1, 60), (0, 1, 1, 40), (1, 1, 0, 35), (0, 1, 0, 15), (1, 0, 1, 20), (0, 0, 1, 30)]
    answers = pd.DataFrame([r[:3] for r in rows for _ in range(r[3])], columns=["APP", "CH_1", "CH_2"])
    span = (OverlappingSpan(name="CH", options=("CH_1", "CH_2")),)
    assert letters(answers, LetterRules(levels=(0.01, 0.1)), spans=span) == ("", "B", "")
    # unpooled: var = .63333 * .36667/150 + .53333 * .46667/150 - 2 * .0044444 * cov, where in the overlap
    # cov = .6 - (.63333 + .53333) * .6 + .63333 * .53333 = .23778: .0032074 - .0021136 = .0010938, z = 3.0236
    assert letters(answers, LetterRules(levels=(0.002, 0.0026), shares="unpooled"), spans=span) == (
        "",
        "b",
        "",
    )
    # as a mean: t on 150 + 150 - 100 - 2 = 198 df from the same variance with n / (n - 1)
    number = letters(answers, LetterRules(levels=(0.01,)), items=[Number(name="APP")], row=0, spans=span)
    assert number == ("", "B", "")
    closed = [Closed(name="APP", codes=(0, 1), mean=True)]
    assert letters(answers, LetterRules(levels=(0.01,), means="welch"), items=closed, row=2, spans=span) == (
        "",
        "B",
        "",
    )


def test_12_overlap_under_weights():
    # the rows of case 11, those in both columns weighing 2. W = 250 each, squares 450, in common 400:
    # a: (120 + 35)/250 = .62, b: (120 + 20)/250 = .56; 2 * 450/250^2 - 2 * 400/250^2 = .0016
    # e = 250^2/450 = 138.89 in both: pooled .59; z = .06 / sqrt(.59 * .41 * .0016) = 3.0498, p = .0023
    rows = [(1, 1, 1, 60), (0, 1, 1, 40), (1, 1, 0, 35), (0, 1, 0, 15), (1, 0, 1, 20), (0, 0, 1, 30)]
    answers = pd.DataFrame([r[:3] for r in rows for _ in range(r[3])], columns=["APP", "CH_1", "CH_2"])
    w = np.where((answers["CH_1"] == 1) & (answers["CH_2"] == 1), 2.0, 1.0)
    span = (OverlappingSpan(name="CH", options=("CH_1", "CH_2")),)
    assert letters(answers, LetterRules(levels=(0.0022, 0.0024)), spans=span, weights=w) == ("", "b", "")


def test_13_a_multiple_response_item_in_rows():
    # CH_1: 70 of 100 against 50 of 100, z = .2 / sqrt(.6 * .4 * .02) = 2.8868. An option left blank by somebody who
    # picked another is not picked: CH_2 has the base 100 too.
    answers = pd.DataFrame(
        {
            "CH_1": [1.0] * 70 + [0] * 30 + [1] * 50 + [0] * 50 + [np.nan] * 20,
            "CH_2": [np.nan] * 70 + [1.0] * 30 + [0] * 50 + [1] * 50 + [np.nan] * 20,
            "TIER": pd.Categorical(["a"] * 100 + ["b"] * 100 + ["a"] * 20),
        }
    )
    table = banner(answers, [Multiple(name="CH", options=("CH_1", "CH_2"))], TIER).items[0]
    assert table.n.tolist() == [200, 100, 100]
    assert [row.letters for row in table.rows] == [("", "B", ""), ("", "", "A")]
    assert table.rows[0].estimate.tolist() == [0.6, 0.7, 0.5]
    assert table.rows[0].share_of_answers.tolist() == [
        0.6,
        0.7,
        0.5,
    ]  # picks: 120 of 200, 70 of 100, 50 of 100


def test_14_against_the_total_the_column_is_part_of():
    # 60 of 100 against all 105 of 200 (.525): 1/100 + 1/200 - 2 * 100/(100 * 200) = .005;
    # pooled (100 * .6 + 200 * .525)/300 = .55, z = .075 / sqrt(.55 * .45 * .005) = 2.1320, p = .033
    # against the rest of 100 (.45) the plain test gives z = 2.124: nearly the same question
    row = banner(two(60, 100, 45, 100), APP, TIER).items[0].rows[1]
    assert row.versus_total == ("", "higher", "lower")
    assert banner(two(57, 100, 46, 100), APP, TIER).items[0].rows[1].versus_total == ("", "", "")


def test_15_net_promoter_scores():
    # a: 50 promoters, 30 passives, 20 detractors: 30; b: 30, 30, 40: -10. s2 of +-100, 0:
    # a: 1e4 (.7 - .09) 100/99 = 6161.6; b: 1e4 (.7 - .01) 100/99 = 6969.7; sp2 = 6565.7, t = 40 / sqrt(6565.7 * .02) = 3.491
    scores = [10] * 50 + [8] * 30 + [3] * 20 + [9] * 30 + [7] * 30 + [6] * 40
    answers = pd.DataFrame({"NPS": scores, "TIER": pd.Categorical(["a"] * 100 + ["b"] * 100)})
    row = banner(answers, [Rating(name="NPS")], TIER).items[0].rows[3]
    assert row.estimate.tolist() == pytest.approx([10, 30, -10])
    assert row.letters == ("", "B", "")
    assert row.std_error[1] == pytest.approx(np.sqrt(6161.6161616 / 100))


def test_16_nested_spans_compare_within_the_outer_variable():
    # men of tier 1 (A) and women of tier 1 (B), men of tier 2 (C), women of tier 2 (D): A exceeds B, C does not meet D
    answers = respondents(
        rows=[
            (1, "1m", 60),
            (0, "1m", 40),
            (1, "1f", 40),
            (0, "1f", 60),
            (1, "2m", 20),
            (0, "2m", 80),
            (1, "2f", 22),
            (0, "2f", 78),
        ]
    )
    answers["SEX"] = pd.Categorical(answers["TIER"].astype(str).str[1], categories=["m", "f"])
    answers["TIER"] = pd.Categorical(answers["TIER"].astype(str).str[0])
    table = banner(answers, APP, [Span(variables=("TIER", "SEX"))])
    assert [column.name for column in table.columns[1:]] == [
        "TIER=1/SEX=m",
        "TIER=1/SEX=f",
        "TIER=2/SEX=m",
        "TIER=2/SEX=f",
    ]
    assert table.items[0].rows[1].letters == ("", "B", "", "", "")


def test_means_equal_scipy_with_and_without_equal_variances():
    rng = np.random.default_rng(5)
    x = np.r_[rng.normal(0, 1, 80), rng.normal(0.4, 3, 45)]
    answers = pd.DataFrame({"X": x, "TIER": pd.Categorical(["a"] * 80 + ["b"] * 45)})
    from analysis.banners.banner import _number
    from analysis.banners.counts import Counter, lay_out
    from analysis.banners.letters import compare_block

    layout = lay_out(answers, TIER)
    measured = _number(Counter(layout, None, None).moments(x - x.mean()), float(x.mean()))
    for means, equal in (("equal_variances", True), ("welch", False)):
        found = compare_block(measured, layout.blocks[0], layout, LetterRules(means=means))
        wanted = ttest_ind(x[:80], x[80:], equal_var=equal)
        assert found.statistic[0, 0] == pytest.approx(wanted.statistic, rel=1e-9)
        assert found.df[0, 0] == pytest.approx(wanted.df, rel=1e-9)
        assert found.p_value[0, 0] == pytest.approx(wanted.pvalue, rel=1e-9)


def test_corrections_agree_with_the_projects_own():
    from analysis.adjust import benjamini_hochberg, holm

    rng = np.random.default_rng(2)
    p = rng.uniform(size=(5, 6)) ** 3
    p[1, 2] = p[3, 0] = np.nan
    for word, own in (("holm", holm), ("benjamini_hochberg", benjamini_hochberg)):
        for row, found in zip(p, corrected(p, word), strict=True):
            wanted = own([None if np.isnan(v) else v for v in row])
            np.testing.assert_allclose(found, [np.nan if v is None else v for v in wanted], rtol=1e-12)


@pytest.mark.parametrize(
    ("levels", "words"),
    [((0.1, 0.05), "strict level comes first"), ((0.05, 0.1, 0.2), "one or two"), ((5,), "between 0 and 1")],
)
def test_levels_that_make_no_sense_are_refused(levels, words):
    with pytest.raises(ValueError, match=words):
        LetterRules(levels=levels)
