import numpy as np
import pandas as pd
import pytest

from analysis.kano import CATEGORIES, kano


@pytest.mark.parametrize("case", ["first", "second", "third"])
def test_everything_equals_r(case, survey, computed_by_r):
    pairs = {
        "first": (survey["SAT1"], 6 - survey["SAT2"]),
        "second": (survey["SAT3"], survey["SAT4"]),
        "third": (6 - survey["SAT2"], survey["SAT1"]),
    }
    expected = computed_by_r("kano", case)
    found = kano(*pairs[case], feature="x")
    assert (found.n, found.n + found.n_missing) == (expected["n"], 64)
    assert [count for _, count in found.counts] == [expected[f"count {i}"] for i in range(1, 7)]
    for name in ("better", "worse"):
        interval = getattr(found, f"{name}_interval")
        assert getattr(found, name) == pytest.approx(expected[name], rel=1e-9)
        assert (interval.low, interval.high) == pytest.approx(
            (expected[f"{name}_low"], expected[f"{name}_high"]), rel=1e-9
        )
    assert found.statistic == pytest.approx(expected["statistic"], rel=1e-9)


@pytest.mark.parametrize(
    ("there", "missing", "category"),
    [
        (1, 1, "questionable"), (1, 2, "attractive"), (1, 4, "attractive"), (1, 5, "one_dimensional"),
        (2, 5, "must_be"), (4, 5, "must_be"), (3, 3, "indifferent"), (2, 4, "indifferent"),
        (2, 1, "reverse"), (5, 1, "reverse"), (5, 4, "reverse"), (5, 5, "questionable"),
    ],
)  # fmt: skip
def test_pairs_of_answers_fall_where_berger_puts_them(there, missing, category):
    found = kano(pd.Series([there] * 9), pd.Series([missing] * 9), feature="x")
    assert (found.category, found.state, found.runner_up) == (category, "ok", None)
    assert dict(found.counts) == dict.fromkeys(CATEGORIES, 0.0) | {category: 9.0}


def test_asking_the_other_way_round_swaps_like_with_dislike():
    rng = np.random.default_rng(1)
    f, g = (pd.Series(rng.integers(1, 6, 400)) for _ in range(2))
    one, other = dict(kano(f, g, feature="x").counts), dict(kano(g, f, feature="x").counts)
    assert one["questionable"] == other["questionable"]
    assert one["attractive"] + one["one_dimensional"] + one["must_be"] == other["reverse"]


def test_weights_are_copies():
    rng = np.random.default_rng(2)
    f, g, w = (pd.Series(rng.integers(1, 6, 60)), pd.Series(rng.integers(1, 6, 60)), rng.integers(0, 4, 60))
    copies = np.repeat(np.arange(60), w)
    assert kano(f, g, feature="x", counts=w) == kano(f.iloc[copies], g.iloc[copies], feature="x")


def test_fong_tells_apart_only_what_differs_by_enough():
    def of(a, i):
        return kano(pd.Series([1] * a + [3] * i), pd.Series([3] * (a + i)), feature="x")

    close = of(26, 24)
    assert (close.state, close.category) == ("undecided", "attractive")
    assert close.reason == "attractive (26) and indifferent (24) of 50 are not told apart"
    assert close.statistic == pytest.approx(2 / 5)
    # 1.645 sqrt(50 * 50 / 100) = 8.2
    assert (of(29, 21).state, of(30, 20).state) == ("undecided", "ok")


def test_reverse_answers_alone_have_no_coefficients():
    found = kano(pd.Series([5, 5]), pd.Series([1, 2]), feature="x")
    assert (found.better, found.worse) == (None, None)
    assert set(found.to_frame()["measure"]) == {"kano_category", "kano_share"}


def test_nobody_and_strange_answers():
    none = kano(pd.Series([np.nan, 1]), pd.Series([2, np.nan]), feature="x")
    assert (none.state, none.n_missing, none.entries()[0].state) == ("too_few", 2, "too_few")
    with pytest.raises(ValueError, match=r"x: answers \[0.0, 9.0\] are outside 1-5. Recode them"):
        kano(pd.Series([0, 1]), pd.Series([9, 2]), feature="x")
