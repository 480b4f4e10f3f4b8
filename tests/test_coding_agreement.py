import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from analysis.agreement import weighted_kappa
from analysis.coding_agreement import agreement_by_code, cohen_kappa, fleiss_kappa, krippendorff_alpha

NAN = np.nan
#: Krippendorff, K. (2011), Computing Krippendorff's alpha-reliability, part C: four coders, twelve units.
FOUR = pd.DataFrame(
    {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        "C": [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    }
)
LEVELS = ["nominal", "ordinal", "interval"]


@pytest.fixture
def codes(reference):
    return reference("coding_small").astype(float)


def check(found, wanted):
    assert found.n == wanted["n"]
    for name in ("estimate", "std_error", "observed", "expected"):
        if name in wanted:
            assert getattr(found, name) == pytest.approx(wanted[name], rel=1e-9)
    if "low" in wanted:
        assert found.interval.low == pytest.approx(wanted["low"], rel=1e-9)
        assert found.interval.high == pytest.approx(wanted["high"], rel=1e-9)


@pytest.mark.parametrize("pair", ["AB", "BC", "CD"])
def test_cohen_equals_psych(pair, codes, computed_by_r):
    found = cohen_kappa(codes[pair[0]], codes[pair[1]])
    check(found, computed_by_r("coding_agreement", f"cohen {pair[0]} {pair[1]}"))
    assert found.n + found.n_left_out == 60


@pytest.mark.parametrize("coders", ["AB", "ABCD"])
def test_fleiss_equals_the_formula_in_r(coders, codes, computed_by_r):
    found = fleiss_kappa(codes[list(coders)])
    check(found, computed_by_r("coding_agreement", f"fleiss {' '.join(coders)}"))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("coders", ["AB", "ABCD"])
def test_alpha_equals_the_formula_in_r(level, coders, codes, computed_by_r):
    found = krippendorff_alpha(codes[list(coders)], level=level)
    check(found, computed_by_r("coding_agreement", f"alpha {level} {' '.join(coders)}"))


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_as_published(level, published):
    found = krippendorff_alpha(FOUR, level=level)
    assert round(found.estimate, 3) == published
    assert (found.n, found.n_left_out) == (11, 1)


def test_alpha_of_two_coders_and_two_codes_as_published():
    """Part A of the same paper."""
    codes = pd.DataFrame({"a": [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], "b": [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]})
    assert round(krippendorff_alpha(codes).estimate, 3) == 0.095


def test_fleiss_as_published():
    """Fleiss (1971) as everybody's worked example: 14 coders, 10 subjects, kappa 0.210."""
    table = np.array(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
    )
    codes = pd.DataFrame([np.repeat(np.arange(5), row) for row in table])
    found = fleiss_kappa(codes)
    assert round(found.estimate, 3) == 0.210
    assert found.estimate == pytest.approx(statsmodels_fleiss(table), rel=1e-12)


def test_two_codes_have_the_kappa_of_any_weights(codes):
    """With two codes linear weights are no weights: a second road to the number and its error."""
    a, b = (codes[name].map({1: 1, 2: 1, 3: 2, 4: 2}) for name in "AB")
    ours, other = cohen_kappa(a, b), weighted_kappa(a, b, categories=[1, 2], weights="linear")
    assert ours.estimate == pytest.approx(other.estimate, rel=1e-12)
    assert ours.std_error == pytest.approx(other.std_error, rel=1e-12)
    assert ours.interval.low == pytest.approx(other.interval.low, rel=1e-12)


def test_names_and_order_of_codes_and_coders_do_not_matter(codes):
    words = codes.replace({1: "fee", 2: "app", 3: "staff", 4: "queue"}).astype(object)
    words = words.where(codes.notna(), None)
    for method in (fleiss_kappa, krippendorff_alpha):
        plain, named, turned = method(codes), method(words), method(codes[list("DCBA")].iloc[::-1])
        for other in (named, turned):
            assert other.estimate == pytest.approx(plain.estimate, rel=1e-12)
            assert other.std_error == pytest.approx(plain.std_error, rel=1e-9)


def test_alpha_at_interval_level_does_not_depend_on_unit_nor_at_ordinal_on_spacing(codes):
    interval = krippendorff_alpha(codes, level="interval").estimate
    assert krippendorff_alpha(10 * codes - 3, level="interval").estimate == pytest.approx(interval, rel=1e-12)
    ordinal = krippendorff_alpha(codes, level="ordinal").estimate
    assert krippendorff_alpha(codes**3, level="ordinal").estimate == pytest.approx(ordinal, rel=1e-12)
    assert krippendorff_alpha(codes**3, level="interval").estimate != pytest.approx(interval, rel=1e-3)


def test_two_codes_have_one_alpha_at_all_levels(codes):
    two = codes.where(codes.isna() | (codes == 1), 2)
    first, *others = (krippendorff_alpha(two, level=level).estimate for level in LEVELS)
    assert others == pytest.approx([first, first], rel=1e-12)


def test_without_missing_codes_alpha_is_nearly_fleiss(codes):
    whole = codes.dropna()
    n = whole.size
    kappa, alpha = fleiss_kappa(whole).estimate, krippendorff_alpha(whole).estimate
    assert 1 - alpha == pytest.approx((1 - kappa) * (n - 1) / n, rel=1e-12)


def test_intervals_cover():
    rng = np.random.default_rng(5)

    def coded(n):
        truth = rng.choice(3, n, p=[0.5, 0.3, 0.2])
        guess = rng.choice(3, (n, 3), p=[0.5, 0.3, 0.2])
        return pd.DataFrame(np.where(rng.random((n, 3)) < 0.3, guess, truth[:, None]), columns=list("abc"))

    truth = 0.49  # two coders agree beyond chance when neither guesses
    methods = (krippendorff_alpha, fleiss_kappa)
    covered = np.zeros(2)
    for _ in range(250):
        frame = coded(80)
        intervals = [method(frame).interval for method in methods]
        covered += [interval.low <= truth <= interval.high for interval in intervals]
    assert ((covered / 250 > 0.91) & (covered / 250 < 0.985)).all(), covered


def test_perfect_and_empty_agreement_say_so():
    same = pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})
    for found in (cohen_kappa(same["a"], same["b"]), fleiss_kappa(same), krippendorff_alpha(same)):
        assert (found.estimate, found.state, found.interval) == (pytest.approx(1), "constant", None)
        assert "agree in every answer" in found.reason
    one = pd.DataFrame({"a": [1, 1, 1], "b": [1, 1, 1]})
    for found in (cohen_kappa(one["a"], one["b"]), fleiss_kappa(one), krippendorff_alpha(one)):
        assert (found.estimate, found.state) == (None, "constant")
        assert "same code to all" in found.reason
    few = pd.DataFrame({"a": [1, NAN, 2], "b": [1, 2, NAN]})
    for found in (cohen_kappa(few["a"], few["b"]), fleiss_kappa(few), krippendorff_alpha(few)):
        assert (found.estimate, found.state, found.n, found.n_left_out) == (None, "too_few", 1, 2)
        assert found.entries()[0].state == "too_few"
    rare = pd.DataFrame({"a": [1, 1, 1, 2], "b": [1, 1, 1, 1]})
    assert krippendorff_alpha(rare).state == "too_few"


def test_agreement_by_code_names_each_code():
    marks = {
        "fee": FOUR.eq(1).where(FOUR.notna()).astype(float),
        "app": FOUR.eq(2).where(FOUR.notna()).astype(float),
    }
    frame = agreement_by_code(marks).to_frame()
    assert frame["variable"].tolist() == ["fee", "app"]
    assert frame["estimate"].tolist() == [krippendorff_alpha(marks[code]).estimate for code in marks]


def test_bad_input_is_refused_in_words():
    with pytest.raises(ValueError, match="codes of 2 coders"):
        fleiss_kappa(pd.DataFrame({"a": [1]}))
    with pytest.raises(TypeError, match="codes are text; interval agreement needs numbers"):
        krippendorff_alpha(pd.DataFrame({"a": ["x", "y"], "b": ["x", "x"]}), level="interval")
    with pytest.raises(ValueError, match="different indexes"):
        cohen_kappa(pd.Series([1]), pd.Series([1], index=[4]))
